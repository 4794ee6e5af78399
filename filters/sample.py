"""A sample spread over each text, so that what reads it costs the same for a book as for a page."""

from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray

_LINE_END = 0x0A


@njit(cache=True, nogil=True)
def spread(
    values: NDArray[np.uint32], offsets: NDArray[np.int64], windows: int, size: int
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Take windows of a text at even distances, from its first to its last character; a short text is taken whole.

    Args:
        values: code points of all texts, end to end.
        offsets: int64[texts + 1] into `values`.
        windows: how many, at least 2.
        size: characters of each; every window ends with a line end of its own, so that no pair straddles two.

    Returns:
        Code points and offsets of the samples.
    """
    texts = len(offsets) - 1
    out_offsets = np.zeros(texts + 1, np.int64)
    for text in range(texts):
        length = offsets[text + 1] - offsets[text]
        taken = min(length, windows * (size + 1))
        out_offsets[text + 1] = out_offsets[text] + taken
    out = np.empty(out_offsets[texts], np.uint32)
    for text in range(texts):
        begin, length, at = offsets[text], offsets[text + 1] - offsets[text], out_offsets[text]
        if length <= windows * (size + 1):
            out[at : at + length] = values[begin : begin + length]
            continue
        for window in range(windows):
            start = begin + window * (length - size) // (windows - 1)
            out[at : at + size] = values[start : start + size]
            out[at + size] = _LINE_END
            at += size + 1
    return out, out_offsets


def strings(values: NDArray[np.uint32], offsets: NDArray[np.int64]) -> list[str]:
    """Decode each text; line ends become spaces."""
    whole = np.where(values == _LINE_END, np.uint32(0x20), values).astype("<u4", copy=False)
    decoded = whole.tobytes().decode("utf-32-le")
    bounds = offsets.tolist()
    return [decoded[start:end] for start, end in pairwise(bounds)]
