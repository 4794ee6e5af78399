"""What a sample says of all documents: Horvitz–Thompson estimates, with intervals of 95 %."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

Z = 1.959964
"""Standard normal quantile of 97.5 %."""
PRIOR = 0.5
"""Documents of either kind, hit and not, that the sample is taken to hold besides, for its variance only, shared out
among the strata by weight: where nothing was found, a variance of 0 would claim that nothing is there. H. Jeffreys'
half; given to each stratum instead it would swell the variance with their number."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share, and how far it can be trusted."""

    value: float | None
    """None where the sample holds nothing that could say."""
    low: float
    high: float
    documents: int
    """Sampled documents that it rests on."""

    def as_json(self) -> dict[str, float | int | None]:
        """Return it for machines."""
        return {"value": self.value, "low": self.low, "high": self.high, "documents": self.documents}


NOTHING = Estimate(None, 0.0, 1.0, 0)


@dataclass(frozen=True, slots=True)
class Design:
    """How each labelled document came into the sample."""

    probability: Numbers
    """float64[n], in (0, 1]: of being drawn *and* labelled."""
    strata: NDArray[np.int64]
    """int64[n]: numbers from 0 on."""

    @property
    def weights(self) -> Numbers:
        """Documents of the population that each stands for."""
        return np.asarray(1 / self.probability, np.float64)


def respond(probability: Numbers, strata: list[str], answered: NDArray[np.bool_]) -> Design:
    """Return the design of those that were answered: in each stratum they stand for those that were not.

    That is unbiased as long as *which* documents of a stratum wait for an answer has nothing to do with the answer.
    """
    _, group = np.unique(np.array(strata, np.str_), return_inverse=True)
    drawn = np.bincount(group)
    done = np.bincount(group[answered], minlength=len(drawn))
    kept = group[answered]
    return Design(probability[answered] * done[kept] / drawn[kept], kept.astype(np.int64))


def total(design: Design, values: Numbers) -> float:
    """Estimate the sum of a value over all documents."""
    return float((values * design.weights).sum())


def share(design: Design, hit: NDArray[np.bool_], among: NDArray[np.bool_] | None = None) -> Estimate:
    """Estimate which share of the documents `among` which one looks is hit, with an interval of 95 %.

    The estimate is the ratio of two Horvitz–Thompson totals. Its variance is linearised and follows J. Hájek's form for
    sampling with fixed numbers and unequal chances, stratum by stratum, so that a full count has none. Divided by the
    variance of as many documents drawn alike from a boundless population it gives the design's effect; the interval is
    E. B. Wilson's (1927) for the documents divided by that effect (E. L. Korn and B. I. Graubard, Survey Methodology
    24, 1998): it stays inside 0 and 1 and is fair for rare things.
    """
    inside = np.ones(len(hit), np.bool_) if among is None else among
    documents = int(inside.sum())
    if not documents:
        return NOTHING
    weights = np.where(inside, design.weights, 0.0)
    base = weights.sum()
    value = float((weights * hit).sum() / base)
    variance = _variance(design, hit & inside, inside, value)
    if variance <= 0:  # everything was counted
        return Estimate(value, value, value, documents)
    alike = (value * (1 - value) * documents + PRIOR * ((1 - value) ** 2 + value**2)) / documents**2
    low, high = wilson(value, documents * alike / variance)
    return Estimate(value, low, high, documents)


def _variance(design: Design, hit: NDArray[np.bool_], inside: NDArray[np.bool_], value: float) -> float:
    base = (inside * design.weights).sum()
    variance = 0.0
    for stratum in range(int(design.strata.max()) + 1):
        rows = design.strata == stratum
        pi, member = design.probability[rows], inside[rows]
        if not len(pi) or not member.any():
            continue
        found = np.where(member, hit[rows] - value, 0.0) / base
        # The stratum's part of the prior documents, with its middling chance.
        middling, prior = 1 / float(np.mean(1 / pi[member])), PRIOR * float((member / pi).sum() / base)
        values = np.concatenate([found / pi, np.array([1 - value, -value]) / base / middling])
        copies = np.concatenate([np.ones(len(pi)), [prior, prior]])
        left = np.concatenate([1 - pi, [1 - middling] * 2]) * copies
        if left.sum() <= 0:
            continue
        centre = (left * values).sum() / left.sum()
        number = len(pi)
        spread = (left * (values - centre) ** 2).sum() * number / copies.sum()
        variance += spread * number / max(number - 1, 1)
    return float(variance)


def wilson(value: float, number: float) -> tuple[float, float]:
    """Return Wilson's interval for a share seen in a (not always whole) number of documents."""
    squared = Z * Z
    centre = (value + squared / (2 * number)) / (1 + squared / number)
    half = Z / (1 + squared / number) * np.sqrt(value * (1 - value) / number + squared / (4 * number * number))
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def rules(
    design: Design, failed: Mapping[str, NDArray[np.bool_]], dropped: NDArray[np.bool_], bad: NDArray[np.bool_]
) -> dict[str, dict[str, Estimate]]:
    """Say of every rule how often it is right, and of all rules together what they lose and what they let pass.

    Args:
        design: of the labelled documents.
        failed: reason -> bool[n]: which of them break that rule.
        dropped: bool[n]: which of them the run dropped for anything.
        bad: bool[n]: which of them people would have dropped.

    Returns:
        For each reason `precision` (of those that it hits, the bad ones) and `recall` (of the bad ones, those that it
        hits); under `policy` the same of all together, with `lost` (of the good documents, those dropped) and
        `passed` (of the kept documents, the bad ones).
    """
    found = {
        reason: {"precision": share(design, bad, hit), "recall": share(design, hit, bad)}
        for reason, hit in failed.items()
    }
    found["policy"] = {
        "precision": share(design, bad, dropped),
        "recall": share(design, dropped, bad),
        "lost": share(design, dropped, ~bad),
        "passed": share(design, bad, ~dropped),
    }
    return found
