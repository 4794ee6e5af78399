"""Tiers of a period: what the scores so far make of everybody's standing."""

from collections.abc import Mapping

from annotation.incentive.reserve import standings
from annotation.incentive.scores import Standings
from pipeline.registry import Session

LEAST_GOLDS = 20
STEPS = (2000, 4000, 6000)
"""Lower bounds of J, basis points, for tiers 1, 2 and 3."""


def tiers_of(opened: Session, period: str, found: Standings) -> Mapping[tuple[str, str], tuple[int, str]]:
    """Return (person, kind) -> tier and why: up by the lower bound of J, down only by the upper one.

    Golds of one class alone raise nobody: whoever always says it has them all right.
    """
    before = standings(opened, period)
    tiers = {}
    for key, row in found.rows().items():
        anchored = row["golds"] >= LEAST_GOLDS and row["state"] == "anchored"
        reached = sum(row["j_low_bp"] >= step for step in STEPS) if anchored else 0
        keeps = sum(row["j_high_bp"] >= step for step in STEPS)
        tier = max(reached, min(before.get(key, 0), keeps))
        because = "golds" if not anchored else "kept" if tier > reached else "bound"
        tiers[key] = (tier, because)
    return tiers
