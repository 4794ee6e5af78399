"""Contribution points: what a person's labels have added, for the dividend.

    points = value m // (10,000 size)

with value the worth of his accepted items (integer fen, or any measure of quantity), m the multiplier of his J in basis
points and size the people who answer as one with him. Over fourteen real crowds the rank correlation with each person's
Shapley value for the accuracy of the labels is 0.74 (for the count of labels alone 0.57; shared/reference/incentive.md,
3.6). For two classes the sum of log likelihood ratios is the Shapley value of the log odds, but has no bound on one
item.
"""

import numpy as np
from numpy.typing import NDArray

from annotation.incentive.tables import FULL

Whole = NDArray[np.int64]


def contribution_points(value: Whole, multiplier_bp: Whole, copy_size: Whole) -> Whole:
    """Return int64[people], never negative, never less for more value or a greater multiplier.

    Args:
        value: int64[people], 0 or more: fen.
        multiplier_bp: int64[people], 0 or more: basis points.
        copy_size: int64[people], 1 or more.

    Raises:
        ValueError: one of them is out of its range, or the product leaves int64 (9e14 fen at 10,000).
    """
    value, multiplier_bp, copy_size = (np.asarray(one, np.int64) for one in (value, multiplier_bp, copy_size))
    if (value < 0).any() or (multiplier_bp < 0).any() or (copy_size < 1).any():
        raise ValueError("points need a value and a multiplier of 0 or more, and a cluster of 1 or more")
    if len(value) and int(value.max()) * int(multiplier_bp.max()) > np.iinfo(np.int64).max:
        raise ValueError("the value times the multiplier is more than 2**63")
    return value * multiplier_bp // (FULL * copy_size)
