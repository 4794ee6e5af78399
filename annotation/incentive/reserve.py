"""Setting money aside before work is sent out: no reserve, no task. The prices are fixed then, and stay."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest

from annotation.incentive.answers import SUFFIX, domain_of
from annotation.incentive.budgets import open_budgets, yuan
from annotation.incentive.ledger import PRICED, Entry, digest, post
from annotation.incentive.policy import PolicyFile
from annotation.incentive.worth import reserve_fen, value_fen
from pipeline.registry import (
    RESERVE,
    UNRESERVE,
    WITHDRAWN,
    Answer,
    Assignment,
    Budget,
    Item,
    Ledger,
    Reservation,
    Round,
    Score,
    Session,
    func,
    select,
)

Due = Sequence[Sequence[tuple[Assignment, str]]]
"""What each person may have next: assignments in their order, each with its document."""


@dataclass(slots=True)
class Reserved:
    """What a reserve has come to."""

    allowed: set[int] = field(default_factory=set)
    """Assignments that may be sent."""
    fen: int = 0
    """Newly set aside."""
    refused: int = 0
    """Assignments that the budget does not cover."""
    left_fen: int = 0
    budget: str = ""
    """Which one was too small."""

    def warning(self) -> str | None:
        """Say what was not covered, and what to do."""
        if not self.refused:
            return None
        return (
            f"{self.refused} tasks are not sent: {self.budget} has {yuan(self.left_fen)} yuan left, less than the next"
            " task may cost; raise it under [budget], or push again in the next period"
        )


def reserve(
    opened: Session, round_: Round, policy: PolicyFile, due: Due, chars: Mapping[str, int], at: datetime
) -> Reserved:
    """Set aside what the next tasks may cost, one of each person in turn, until a budget is used up.

    Args:
        opened: the transaction; what is set aside and what is sent stand or fall apart, so a push that is killed in
            between finds its reserves again.
        round_: whose tasks.
        policy: its rules.
        due: what people may have next.
        chars: length of each document, code points.
        at: the time it is.
    """
    period, done = policy.calendar.period_at(at), Reserved()
    release_withdrawn(opened, round_)
    open_budgets(opened, policy, period, round_.name)
    left = Left(opened)
    rows = [row for turn in zip_longest(*due) for row in turn if row is not None]
    there = known_reservations(opened, round_)
    tiers, strata = standings(opened, period), _strata(opened, round_)
    new: list[Reservation] = []
    for assignment, document in rows:
        held = there.get(assignment.id)
        if held is not None and held.standing:
            done.allowed.add(assignment.id)
            continue
        wanted = held or price(
            policy, round_, assignment=assignment.id, contributor=assignment.contributor,
            kind=round_.kind + SUFFIX[assignment.role], chars=chars.get(document, 0), tiers=tiers,
            stratum=strata.get(assignment.item, ""), period=period, at=at,
        )  # fmt: skip
        short = left.short(wanted)
        if done.refused or short is not None:
            done.refused += 1
            if done.refused == 1 and short is not None:
                done.budget, done.left_fen = short
            continue
        left.take(wanted)
        new.append(wanted)
        done.allowed.add(assignment.id)
        done.fen += wanted.fen
    hold(opened, new)
    return done


class Left:
    """What is left of budgets, while they are being used up."""

    def __init__(self, opened: Session) -> None:
        rows = opened.execute(select(Budget.policy, Budget.scope, Budget.fen - Budget.held_fen))
        self._left = {(policy, scope): int(fen) for policy, scope, fen in rows}

    def _places(self, one: Reservation) -> list[tuple[str, str]]:
        places = [(one.policy, one.period), (one.policy, f"round:{one.round}")]
        return [place for place in places if place in self._left]

    def short(self, one: Reservation) -> tuple[str, int] | None:
        """Return the budget that does not cover it and what is left there; None if all do."""
        return next(
            ((f'budget "{place[1]}" of {place[0]}', self._left[place]) for place in self._places(one)
             if one.fen > self._left[place]), None,
        )  # fmt: skip

    def take(self, one: Reservation) -> None:
        """Use it up."""
        for place in self._places(one):
            self._left[place] -= one.fen


def price(
    policy: PolicyFile, round_: Round, *, assignment: int, contributor: str, kind: str, chars: int,
    tiers: Mapping[tuple[str, str], int], stratum: str, period: str, at: datetime,
) -> Reservation:  # fmt: skip
    """Return what an assignment is worth to whom it is given, as a reservation that is not entered yet."""
    tier = tiers.get((contributor, kind), 0)
    norm_ms = policy.norm_ms(kind, chars)
    value = value_fen(policy, domain_of(round_), norm_ms, tier, stratum)
    return Reservation(
        assignment=assignment, contributor=contributor, policy=policy.name,
        version=policy.policy.version, period=period, round=round_.name, kind=kind, value_fen=value, norm_ms=norm_ms,
        tier=tier, tier_bp=policy.tier_bp(tier), fen=reserve_fen(policy, value, norm_ms), standing=True, at=at,
    )  # fmt: skip


def standings(opened: Session, period: str) -> dict[tuple[str, str], int]:
    """Return the tier of (person, kind) that periods before this one have earned."""
    rows = opened.execute(
        select(Score.contributor, Score.kind, Score.tier)
        .where(Score.period < period)
        .order_by(Score.period, Score.revision)
    )
    return {(person, kind): tier for person, kind, tier in rows}


def known_reservations(opened: Session, round_: Round) -> dict[int, Reservation]:
    """Return what was ever set aside for a round, by assignment."""
    rows = opened.scalars(select(Reservation).where(Reservation.round == round_.name))
    return {one.assignment: one for one in rows}


def _strata(opened: Session, round_: Round) -> dict[int, str]:
    rows = opened.execute(select(Item.id, Item.stratum).where(Item.round == round_.id))
    return {item: stratum for item, stratum in rows}  # noqa: C416 - rows are no tuples


def hold(opened: Session, reservations: Sequence[Reservation]) -> None:
    """Enter reservations and say so in the ledger.

    Raises:
        IntegrityError: a budget does not cover them; the database refuses it.
    """
    for one in reservations:
        one.standing = True
    opened.add_all(reservations)
    opened.flush()
    _enter(opened, reservations, RESERVE)


def release(opened: Session, unanswered: Sequence[Reservation]) -> int:
    """Set free what was set aside for work that will not be done; return how much, fen."""
    for one in unanswered:
        one.standing = False
    opened.flush()
    _enter(opened, unanswered, UNRESERVE)
    return sum(one.fen for one in unanswered)


def release_withdrawn(opened: Session, round_: Round) -> int:
    """Set free what is held for tasks of a round that were taken back with nothing answered; return how much, fen."""
    answered = select(Answer.assignment)
    rows = opened.scalars(
        select(Reservation)
        .join(Assignment, Assignment.id == Reservation.assignment)
        .where(Reservation.round == round_.name, Reservation.standing, Assignment.state == WITHDRAWN)
        .where(Assignment.id.not_in(answered))
    ).all()  # fmt: skip
    return release(opened, rows) if rows else 0


def _enter(opened: Session, reservations: Sequence[Reservation], kind: str) -> None:
    groups: dict[tuple[str, str, str, str, str], list[Reservation]] = defaultdict(list)
    for one in reservations:
        groups[one.policy, one.version, one.period, one.contributor, one.round].append(one)
    counts = select(Ledger.party, func.count()).where(Ledger.kind == kind).group_by(Ledger.party)
    told = {party: number for party, number in opened.execute(counts)}  # noqa: C416 - rows are no tuples
    entries = []
    for (policy, version, period, person, round_), some in sorted(groups.items()):
        sums = {name: sum(getattr(one, name) for one in some) for name in PRICED}
        why = {"round": round_, "tasks": len(some), **sums, "policy": f"{policy} {version}"}
        ref = f"{round_}/{told.get(person, 0)}/{digest(sorted(one.assignment for one in some))[:16]}"
        entries.append(Entry(policy, period, person, kind, sum(one.fen for one in some), ref, why))
    post(opened, entries, "qingyuan")
