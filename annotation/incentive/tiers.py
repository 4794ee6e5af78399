"""Standing in a kind of round, 0 to 3, from scores: up by the lower bound, down only by the upper, so nobody flaps.

Tier 0 is probation: fewer than 20 golds, or never above the first bound. A person reaches tier t where the lower bound
of his J is at least BOUNDS[t - 1], and keeps what he has until the upper bound falls below its bound. Tier 3 of a
domain that is locked also needs a verified credential. shared/reference/incentive.md, 5.5: it is reputation, not a
month's pay.
"""

from collections.abc import Collection

import pyarrow as pa

from annotation.incentive.tables import FULL, TIERS

LEAST_GOLDS = 20
BOUNDS = (2000, 4000, 6000)
"""J in basis points from which somebody is in tier 1, 2 and 3."""
REASONS = ("few_golds", "below", "reached", "kept", "fallen", "no_credential", "unanchored")
"""Too few golds; lower bound below the next tier's; risen; held by the upper bound; upper bound below; and so on."""


def tiers(scores: pa.Table, before: pa.Table | None = None, verified: Collection[str] | None = None) -> pa.Table:
    """Return TIERS, one row for each of SCORES.

    Args:
        scores: SCORES; a window long enough for 20 golds.
        before: TIERS of the period before; None, or nobody's row: tier 0.
        verified: contributors with a valid credential for the domain; None where it is not locked.
    """
    assert BOUNDS[-1] < FULL
    had = {} if before is None else {(row["contributor"], row["kind"]): row["tier"] for row in before.to_pylist()}
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
    held = had
    while held > reached and golds >= LEAST_GOLDS and high < BOUNDS[held - 1]:
        held -= 1
    if held < had:
        return held, "fallen"
    return held, "kept" if held else "below"
