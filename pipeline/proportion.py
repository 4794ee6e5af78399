"""What a sample says of a share that must not be above a limit: exact bounds of Clopper and Pearson."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
WHOLE_BP = 10_000
"""Basis points of the whole: limits are whole numbers of them, so that a share at its limit is neither above nor
below it by a rounding error."""
_HALVINGS = 60
"""Of [0, 1]: what is left is below the precision of a float64."""


def _log_choices(n: int, most: int) -> NDArray[np.float64]:
    """float64[most + 1]: logarithm of n over k, for k from 0."""
    k = np.arange(1, most + 1, dtype=np.float64)
    return np.concatenate([[0.0], np.cumsum(np.log((n - k + 1) / k))])


def _at_most(n: int, log_choices: NDArray[np.float64], p: float) -> float:
    """Return the chance of no more than len(log_choices) - 1 of n where each has the chance p, 0 < p < 1."""
    k = np.arange(len(log_choices))
    return float(np.exp(log_choices + k * np.log(p) + (n - k) * np.log1p(-p)).sum())


def upper_bound(n: int, bad: int, confidence: float = CONFIDENCE) -> float:
    """Return the exact one-sided upper bound of the share of bad ones.

    The true share is at most this, unless the sample is one of the 1 - confidence that find so few. (C. J. Clopper,
    E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26,
    1934.) The binomial distribution is on the safe side where a large part of all was drawn.
    """
    if bad >= n:
        return 1.0
    choices = _log_choices(n, bad)
    low, high = bad / n, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _at_most(n, choices, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def lower_bound(n: int, bad: int, confidence: float = CONFIDENCE) -> float:
    """Return the exact one-sided lower bound of the share of bad ones."""
    return 0.0 if bad <= 0 else 1.0 - upper_bound(n, n - bad, confidence)


def most_bad(n: int, limit_bp: int, confidence: float = CONFIDENCE) -> int:
    """Return how many of n may be bad so that the upper bound is not above the limit; -1 if not even none."""
    choices = _log_choices(n, n)
    p = limit_bp / WHOLE_BP
    k = np.arange(n + 1)
    chances = np.cumsum(np.exp(choices + k * np.log(p) + (n - k) * np.log1p(-p)))
    return int(np.searchsorted(chances, 1 - confidence, side="right")) - 1


@dataclass(frozen=True)
class Rate:
    """How many of a sample are bad, beside how many may be."""

    n: int
    bad: int
    limit_bp: int
    """Most bad ones in 10,000."""

    @cached_property
    def upper(self) -> float:
        """One-sided upper bound of the true share, at 95 %."""
        return upper_bound(self.n, self.bad) if self.n else 1.0

    @cached_property
    def interval(self) -> tuple[float, float]:
        """Two-sided interval of 95 %."""
        if not self.n:
            return 0.0, 1.0
        half = (1 + CONFIDENCE) / 2
        return lower_bound(self.n, self.bad, half), upper_bound(self.n, self.bad, half)

    @property
    def letter_pass(self) -> bool:
        """Whether the share in the sample is not above the limit: what the rule says. Of an empty sample: no."""
        return self.n > 0 and self.bad * WHOLE_BP <= self.limit_bp * self.n

    @property
    def confident_pass(self) -> bool:
        """Whether the true share is not above the limit, at 95 %."""
        return self.n > 0 and self.upper <= self.limit_bp / WHOLE_BP

    def as_json(self) -> dict[str, Any]:
        """Return it for evidence."""
        low, high = self.interval
        return {
            "n": self.n, "bad": self.bad, "share": self.bad / self.n if self.n else None, "limit_bp": self.limit_bp,
            "interval_95": [low, high], "upper_95": self.upper, "letter_pass": self.letter_pass,
            "confident_pass": self.confident_pass,
        }  # fmt: skip
