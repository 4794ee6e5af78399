"""What each person is owed for a period, and the payments that follow: cumulative, upwards only, each entered once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from annotation.incentive.ledger import Entry, digest
from annotation.incentive.policy import PolicyFile
from annotation.incentive.worth import Entitlement, Measured, entitle, flat_bp, points
from pipeline.registry import ADVANCE, CORRECTION, PAYMENTS, SETTLEMENT, Ledger, Reservation, Session, select

CHANGING = frozenset({"paid_before_fen", "paid_now_fen", "appeal_until", "corrected"})
"""What a payment says that is no fact about the work: a payment of the same facts is the same payment."""
Scores = Mapping[tuple[str, str], Mapping[str, Any]]
"""(contributor, kind) -> row of SCORES."""


@dataclass(frozen=True, slots=True)
class Work:
    """An answer that is paid, with its price."""

    reservation: Reservation
    credited_ms: int


@dataclass(slots=True)
class Share:
    """One person's work of a kind in a period, under one version of the rules."""

    party: str
    kind: str
    policy: PolicyFile
    period: str
    measured: Measured
    score: Mapping[str, Any] | None
    items: int = 0
    value_fen: int = 0
    credited_ms: int = 0
    reserved_fen: int = 0
    tier: int = 0
    tier_bp: int = 10_000
    held: list[int] = field(default_factory=list)

    @property
    def credited_seconds(self) -> int:
        """Whole seconds, rounded down."""
        return self.credited_ms // 1000

    def entitlement(self, *, low: bool = False) -> Entitlement:
        """Return what it comes to."""
        return entitle(self.policy, self.kind, self.value_fen, self.credited_seconds, self.measured, low=low)

    def points(self) -> int:
        """Return its contribution points; none of whom is suspected or found to copy."""
        if self.measured.copying in {"suspected", "confirmed"}:
            return 0
        size = 1 if self.measured.copying == "cleared" else self.measured.copy_size
        return points(self.value_fen, self.entitlement().m_bp, size)

    def why(self, *, low: bool = False) -> dict[str, Any]:
        """Return all that a statement says of it: integers and words."""
        found, score = self.entitlement(low=low), self.score or {}
        return {
            "kind": self.kind, "j_bp": self.measured.j_low_bp if low else self.measured.j_bp, "low": int(low),
            "flat": int(flat_bp(self.policy, self.kind, self.measured) is not None),
            "gold": [[one["name"], one["seen"], one["right"]] for one in score.get("gold_classes", [])],
            "j_peer_bp": score.get("j_peer_bp"), "cap": self.measured.cap, "cap_bp": _cap_bp(score),
            "state": self.measured.state, "m_bp": found.m_bp, "items": self.items, "value_fen": self.value_fen,
            "tier": self.tier, "tier_bp": self.tier_bp, "copy_size": self.measured.copy_size,
            "copying": self.measured.copying, "variable_fen": found.variable_fen, "held_fen": found.held_fen,
            "credited_seconds": self.credited_seconds, "floor_fen": found.floor_fen,
            "entitled_fen": found.entitled_fen, "policy": self.policy.label,
        }  # fmt: skip


def _cap_bp(score: Mapping[str, Any]) -> int | None:
    cap = score.get("cap", "none")
    return score.get(f"{cap}_cap_bp") if cap in {"gold", "peer"} else (5000 if cap == "unanchored" else None)


def measured(score: Mapping[str, Any] | None, decision: str | None) -> Measured:
    """Return what money needs of a row of SCORES; of whom nothing was measured J is 0."""
    if score is None:
        return Measured(0, 0)
    suspected = "suspected" if score["copy_cluster"] else ""
    return Measured(
        score["j_bp"], min(score["j_low_bp"], score["j_bp"]), score["gold_cap_bp"], score["golds"], score["state"],
        score["cap"], score["copy_size"] if score["copy_cluster"] else 1, decision or suspected,
    )  # fmt: skip


def shares(
    works: Sequence[Work], policies: Mapping[tuple[str, str], PolicyFile], scores: Scores, decisions: Mapping[str, str]
) -> list[Share]:
    """Add work up by person, kind and version of the rules, in the order of their names."""
    found: dict[tuple[str, str, str, str], Share] = {}
    for work in sorted(works, key=lambda one: one.reservation.assignment):
        one = work.reservation
        key = (one.contributor, one.kind, one.policy, one.version)
        if key not in found:
            score = scores.get((one.contributor, one.kind))
            found[key] = Share(
                one.contributor, one.kind, policies[one.policy, one.version], one.period,
                measured(score, decisions.get(one.contributor)), score,
            )  # fmt: skip
        share = found[key]
        share.items += 1
        share.value_fen += one.value_fen
        share.credited_ms += work.credited_ms
        share.reserved_fen += one.fen
        share.tier, share.tier_bp = one.tier, one.tier_bp
        share.held.append(one.assignment)
    return [found[key] for key in sorted(found)]


def payments_before(opened: Session, period: str) -> dict[tuple[str, str, str], list[Ledger]]:
    """Return what was paid for a period, by person, kind of round and version of the rules."""
    found: dict[tuple[str, str, str], list[Ledger]] = defaultdict(list)
    rows = select(Ledger).where(Ledger.period == period, Ledger.kind.in_(PAYMENTS)).order_by(Ledger.seq)
    for row in opened.scalars(rows):
        found[row.party, row.why["kind"], row.why["policy"]].append(row)
    return found


def payments(
    found: Sequence[Share], before: Mapping[tuple[str, str, str], Sequence[Ledger]], at: datetime, *, advance: bool
) -> list[Entry]:
    """Return the payments due: what somebody is entitled to, less what he got; never below 0, so nothing is taken back.

    A first settlement is entered even if it comes to nothing; after it, whatever changes the facts is a correction.

    Args:
        found: everybody's share.
        before: what was paid.
        at: the time it is; the appeal runs from here.
        advance: by the lower bound of J, and only what is above 0.
    """
    entries = []
    for share in found:
        earlier = before.get((share.party, share.kind, share.policy.label), [])
        settled = [row for row in earlier if row.kind != ADVANCE]
        why = share.why(low=advance)
        facts = digest(why)
        if not advance and settled and settled[-1].inputs == facts:
            continue
        paid = sum(row.amount for row in earlier)
        due = max(0, why["entitled_fen"] - paid)
        if advance and not due:
            continue
        kind = ADVANCE if advance else CORRECTION if settled else SETTLEMENT
        until = at + timedelta(days=share.policy.appeals.days)
        entries.append(Entry(
            share.policy.name, share.period, share.party, kind, due,
            f"{share.period}/{share.kind}/{share.policy.label}/{len(earlier)}/{facts[:16]}",
            {**why, "paid_before_fen": paid, "paid_now_fen": due, "appeal_until": share.policy.calendar.day_at(until),
             "corrected": _corrected(settled[-1].why, why) if settled else None},
            scorer_version=str((share.score or {}).get("scorer_version", "")), inputs=facts,
        ))  # fmt: skip
    return entries


def _corrected(before: Mapping[str, Any], why: Mapping[str, Any]) -> dict[str, Any]:
    """Say what a correction corrects: what stood before, and which of it has changed."""
    told = ("j_bp", "m_bp", "items", "value_fen", "entitled_fen")
    golds = {"golds": sum(one[1] for one in before["gold"])}
    changed = [name for name in ("gold", "j_bp", "items", "value_fen", "credited_seconds", "copying", "entitled_fen")
               if before.get(name) != why.get(name)]  # fmt: skip
    return {"before": {name: before[name] for name in told} | golds, "changed": changed}
