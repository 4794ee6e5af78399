"""Where rows are cut into groups, and groups into files: where the rows themselves say so, not where a count is full.

A row that is removed then moves no cut but one beside it, and every other piece keeps its bytes. The chance that a
piece ends behind a row is the row's size over what is still wanted, drawn from a hash of its id: the same in every
release.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xxhash
from numpy.typing import NDArray

SEED = 0x7165_6E67
"""Of the marks: not that of the mixture's draw, or a small share would have no cuts."""

_LEAST, _WAIT, _MOST = 0.75, 0.25, 1.5
"""Of a target: no cut before; mean way from there to the next; cut whatever the rows say (in 5 of 100)."""

_WHOLE = float(1 << 64)


def marks_of(sources: Sequence[str], ids: Sequence[str]) -> NDArray[np.uint64]:
    """uint64[rows]: hash of each row's name."""
    names = (f"{source}\0{identity}".encode() for source, identity in zip(sources, ids, strict=True))
    return np.fromiter((xxhash.xxh3_64_intdigest(name, SEED) for name in names), np.uint64, len(ids))


@dataclass(frozen=True, slots=True)
class Cutting:
    """Cuts rows into pieces of about a target."""

    target: float
    """Bytes."""

    def next_cut(self, marks: NDArray[np.uint64], sizes: NDArray[np.int64]) -> int | None:
        """Return how many of the rows that wait make up the next piece; None if more of them must come first.

        Args:
            marks: uint64[rows].
            sizes: int64[rows], bytes.
        """
        ends = np.cumsum(sizes)
        first = int(np.searchsorted(ends, _LEAST * self.target))
        last = int(np.searchsorted(ends, _MOST * self.target))
        willing = np.flatnonzero(marks[first:last] / _WHOLE < sizes[first:last] / (_WAIT * self.target))
        if len(willing):
            return first + int(willing[0]) + 1
        return last + 1 if last < len(marks) else None


def again(mark: int) -> int:
    """Return another mark, independent of one that has already led to a cut: for the next larger kind of piece."""
    return xxhash.xxh3_64_intdigest(mark.to_bytes(8, "little"), SEED)


def ends_file(mark: int, last: int, size: int, target: float) -> bool:
    """Say whether a file ends with a piece.

    Args:
        mark: of the piece's last row.
        last: bytes of the piece in the file.
        size: bytes of the file with it.
        target: bytes of a file.
    """
    if size >= _MOST * target:
        return True
    return size >= _LEAST * target and again(mark) / _WHOLE < last / (_WAIT * target)
