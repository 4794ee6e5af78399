"""From raw scores to probabilities and to a threshold, with the evidence for both."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Truths = NDArray[np.bool_]

BINS = 10
"""Bins of equal width that the expected calibration error is measured in."""


def fit_platt(raw: Numbers, good: Truths, weights: Numbers) -> tuple[float, float]:
    """Fit the slope and the intercept that turn raw logits into log odds, by Newton's method.

    Targets are drawn in by one example of each class, so that a perfect separation does not run away.

    Source: Platt 1999; Lin, Lin & Weng 2007, doi:10.1007/s10994-007-5018-6 (targets). Ours differs: weights; a little
    damping instead of a line search; six decimals, so that the last bits of a sum decide nothing.
    """
    positive, negative = float(weights[good].sum()), float(weights[~good].sum())
    targets = np.where(good, (positive + 1) / (positive + 2), 1 / (negative + 2))
    design = np.stack([raw, np.ones_like(raw)], axis=1)
    found = np.zeros(2)
    for _ in range(100):
        chance = 1 / (1 + np.exp(-np.clip(design @ found, -40, 40)))
        gradient = design.T @ (weights * (chance - targets))
        curvature = (design * (weights * np.maximum(chance * (1 - chance), 1e-6))[:, None]).T @ design
        step = np.linalg.solve(curvature + 1e-6 * np.eye(2), gradient)
        found = found - np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-9:  # noqa: PLR2004 - in log odds
            break
    return round(float(found[0]), 6), round(float(found[1]), 6)


def area_under_curve(scores: Numbers, good: Truths) -> float:
    """Return the chance that a good text scores above a bad one, ties counting half."""
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    number = int(good.sum())
    return float((ranks[good].sum() - number * (number + 1) / 2) / max(1, number * (len(good) - number)))


def calibration_error(scores: Numbers, good: Truths, weights: Numbers) -> float:
    """Return the expected calibration error: mean |share of good - mean score| over bins, weighted by their texts."""
    bins = np.minimum((scores * BINS).astype(np.int64), BINS - 1)
    told = np.bincount(bins, weights * scores, BINS)
    true = np.bincount(bins, weights * good, BINS)
    return float(np.abs(told - true).sum() / weights.sum())


@dataclass(frozen=True, slots=True)
class Bound:
    """What `quality.score >= at_least` would do, measured on labelled texts."""

    at_least: float
    precision: float
    """Good / kept; 1 where nothing is kept."""
    precision_interval: tuple[float, float]
    """Wilson's, 95 %; like the next one it counts texts, not their weights."""
    recall: float
    """Kept / good."""
    recall_interval: tuple[float, float]
    kept: float
    """Kept / all."""

    def as_json(self) -> dict[str, Any]:
        """Return plain values, four decimals."""
        return {
            key: [round(v, 4) for v in value] if isinstance(value, tuple) else round(value, 4)
            for key, value in asdict(self).items()
        }


def measure_bound(at_least: float, scores: Numbers, good: Truths, weights: Numbers) -> Bound:
    """Measure one threshold."""
    kept = scores >= at_least
    right = float(weights[kept & good].sum())
    number = int((kept & good).sum())
    return Bound(
        at_least,
        right / float(weights[kept].sum()) if kept.any() else 1.0,
        _wilson(number, int(kept.sum())),
        right / float(weights[good].sum()),
        _wilson(number, int(good.sum())),
        float(weights[kept].sum() / weights.sum()),
    )


def propose_bound(scores: Numbers, good: Truths, weights: Numbers, recall: float) -> float:
    """Return the highest threshold, in hundredths, that still keeps this share of the good texts."""
    steps = np.arange(100, -1, -1) / 100
    shares = ((scores[good] >= steps[:, None]) * weights[good]).sum(axis=1) / weights[good].sum()
    return float(steps[int(np.argmax(shares >= recall))])


def _wilson(part: int, whole: int) -> tuple[float, float]:
    """Return Wilson's interval of a share at 95 %."""
    if not whole:
        return 0.0, 1.0
    z = 1.96
    share = part / whole
    middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z * ((share * (1 - share) + z * z / (4 * whole)) / whole) ** 0.5 / (1 + z * z / whole)
    return max(0.0, middle - half), min(1.0, middle + half)
