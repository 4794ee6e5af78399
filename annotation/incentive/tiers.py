"""Standing in a kind of round, 0 to 3, from scores: up by the lower bound, down only by the upper, so nobody flaps.

Tier 0 is probation: fewer than 20 golds, or never above the first bound. A person reaches tier t where the lower bound
of his J is at least BOUNDS[t - 1], and keeps what he has until the upper bound falls below its bound. Tier 3 of a
domain that is locked also needs a verified credential. shared/reference/incentive.md, 5.5: it is reputation, not a
month's pay.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from annotation.credentials import Credentials
from annotation.incentive.measures import UNANCHORED
from annotation.incentive.reserve import standings
from annotation.incentive.tables import FULL, TIERS
from pipeline.registry import Session

LEAST_GOLDS = 20
BOUNDS = (2000, 4000, 6000)
"""J in basis points from which somebody is in tier 1, 2 and 3."""
REASONS = ("few_golds", "below", "reached", "kept", "fallen", "no_credential", "unanchored")
"""Too few golds; lower bound below the next tier's; risen; held by the upper bound; upper bound below; and so on."""


Standing = Mapping[tuple[str, str], int]
"""(contributor, kind) -> tier."""


def earned(
    opened: Session, period: str, scores: pa.Table, answers: pa.Table, at: datetime
) -> dict[tuple[str, str], tuple[int, str]]:
    """Return (contributor, kind) -> tier and why, by what periods before this one have earned.

    Whoever is measured by answers in locked rounds of a kind needs a credential for each of their domains.

    Args:
        opened: the transaction.
        period: the month.
        scores: SCORES of all kinds.
        answers: ANSWERS that they are by.
        at: the time at which credentials must be in force.
    """
    before = standings(opened, period)
    lacking: dict[str, set[str]] = defaultdict(set)
    pairs = answers.select(["contributor", "kind", "domain"]).group_by(["contributor", "kind", "domain"]).aggregate([])
    domains = {name: Credentials.read(opened, name) for name in sorted({*pairs["domain"].to_pylist()} - {""})}
    for row in pairs.to_pylist():
        if row["domain"] and not domains[row["domain"]].held(row["contributor"], at):
            lacking[row["kind"]].add(row["contributor"])
    people = set(scores["contributor"].to_pylist())
    found = {}
    for kind in sorted(set(scores["kind"].to_pylist())):
        verified = people - lacking[kind] if lacking[kind] else None
        for row in tiers(scores.filter(pc.equal(scores["kind"], kind)), before, verified).to_pylist():
            found[row["contributor"], kind] = row["tier"], row["because"]
    return found


def tiers(scores: pa.Table, before: Standing | None = None, verified: Collection[str] | None = None) -> pa.Table:
    """Return TIERS, one row for each of SCORES.

    Args:
        scores: SCORES; a window long enough for 20 golds.
        before: what periods before have earned; None, or nobody's entry: tier 0.
        verified: contributors with a valid credential for the domain; None where it is not locked.
    """
    assert BOUNDS[-1] < FULL
    had = before or {}
    rows = []
    for row in scores.select(["contributor", "kind", "golds", "j_low_bp", "j_high_bp", "state"]).to_pylist():
        tier, because = _tier(row, had.get((row["contributor"], row["kind"]), 0))
        if tier == len(BOUNDS) and verified is not None and row["contributor"] not in verified:
            tier, because = tier - 1, "no_credential"
        rows.append({"contributor": row["contributor"], "kind": row["kind"], "tier": tier, "golds": row["golds"],
                     "because": because})  # fmt: skip
    return pa.Table.from_pylist(rows, TIERS)


def _tier(row: dict[str, object], had: int) -> tuple[int, str]:
    low, high, golds = (int(str(row[name])) for name in ("j_low_bp", "j_high_bp", "golds"))
    if golds < LEAST_GOLDS and had == 0:
        return 0, "few_golds"
    if row["state"] != "anchored" and had == 0:
        return 0, "unanchored"
    reached = sum(low >= bound for bound in BOUNDS) if golds >= LEAST_GOLDS and row["state"] == "anchored" else 0
    if reached > had:
        return reached, "reached"
    if row["state"] == "unanchored" and high >= round(UNANCHORED * FULL):
        high = FULL  # the bound is there for want of golds: it says nothing of the person
    held = had
    while held > reached and golds >= LEAST_GOLDS and high < BOUNDS[held - 1]:
        held -= 1
    if held < had:
        return held, "fallen"
    return held, "kept" if held else "below"
