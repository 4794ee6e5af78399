"""Union-find over numbered documents, four bytes each, fed with pairs as they come from disk."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

_LOW = np.uint64(0xFFFF_FFFF)
_SHIFT = np.uint64(32)

MOST_DOCUMENTS = 1 << 32
"""Documents that a pair of 32-bit numbers can name."""


def packed(better: NDArray[np.int64], worse: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Write pairs as one number each that sorts them by the worse, then by the better one."""
    return worse.astype(np.uint64) << _SHIFT | better.astype(np.uint64)


def unpacked(codes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Undo `packed`: int64[pairs, 2], the better one first."""
    return np.stack([(codes & _LOW).astype(np.int64), (codes >> _SHIFT).astype(np.int64)], axis=1)


@njit(cache=True, nogil=True)
def link(root: NDArray[np.uint32], codes: NDArray[np.uint64]) -> None:
    """Join the two documents of every pair; `root` begins as 0 … n - 1 and points at smaller numbers only."""
    for code in codes:
        one, other = np.int64(code & _LOW), np.int64(code >> _SHIFT)
        while root[one] != one:
            root[one] = root[root[one]]
            one = np.int64(root[one])
        while root[other] != other:
            root[other] = root[root[other]]
            other = np.int64(root[other])
        if one < other:
            root[other] = one
        elif other < one:
            root[one] = other


@njit(cache=True, nogil=True)
def settle(root: NDArray[np.uint32]) -> None:
    """Point every document at the smallest one of its component."""
    for i in range(len(root)):  # what i hangs below is smaller than i, so it is settled by now
        root[i] = root[root[i]]
