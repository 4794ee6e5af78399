"""Repeated n-grams of a sequence of symbols: of the characters of a text, or of its words.

All sizes are counted in one go. An n-gram can only repeat where the (n - 1)-gram before it does, so each size looks
at the places that the size before left over, and few are left after the first two. An n-gram is named by the slot of
its (n - 1)-gram and its last symbol, which is exact: nothing is taken for equal because of a hash. Most n-grams occur
once: those that share a hash with no other are left out first, in a pass that needs no table of names.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

SIFTED = 3
"""The largest n-grams that are sifted by their hashes: of larger ones that are left, most do repeat."""
_MIX = np.uint64(0x9E3779B97F4A7C15)
"""Odd multiplier that spreads keys over a table (2^64 / golden ratio)."""


@njit(cache=True, nogil=True)
def _sift(
    places: NDArray[np.int32],
    names: NDArray[np.uint32],
    symbols: NDArray[np.uint32],
    marks: NDArray[np.uint8],
    hashes: NDArray[np.uint32],
    mix: np.uint64,
) -> int:
    """Move the places whose n-gram may repeat to the front of `places` and return their number.

    The n-gram at place i is names[i] and symbols[i]; `marks` and `hashes` are room for this to work in.
    """
    bits = 5
    while (1 << bits) < 4 * len(places):
        bits += 1
    shift = np.uint64(64 - bits)
    marks[: 1 << bits] = 0
    for k in range(len(places)):
        i = places[k]
        key = np.uint64(names[i]) << np.uint64(32) | np.uint64(symbols[i])
        place = np.uint32(((key ^ (key >> np.uint64(29))) * mix) >> shift)
        hashes[k] = place
        marks[place] = 1 | marks[place] << 1
    kept = 0
    for k in range(len(places)):
        places[kept] = places[k]
        kept += marks[hashes[k]] > 1
    return kept


@njit(cache=True, nogil=True)
def _count(  # noqa: C901, PLR0912, PLR0915 - one pass over the characters
    symbols: NDArray[np.uint32], offsets: NDArray[np.int64], widths: NDArray[np.int64], largest: int, mix: np.uint64
) -> NDArray[np.int64]:
    longest = 0
    for text in range(len(offsets) - 1):
        longest = max(longest, offsets[text + 1] - offsets[text])
    room = 16
    while room < 2 * longest:
        room *= 2
    keys = np.empty(room, np.uint64)
    marks = np.empty(2 * room, np.uint8)  # by hash: 1 an n-gram has it, 3 more than one or one twice
    hashes = np.empty(longest, np.uint32)
    counts = np.empty(room, np.int32)
    names = np.empty(longest, np.uint32)
    places = np.empty(longest, np.int32)
    ends = np.zeros(longest + 1, np.int64)
    result = np.zeros((len(offsets) - 1, 2, largest + 1), np.int64)
    for text in range(len(offsets) - 1):
        begin = offsets[text]
        length = offsets[text + 1] - begin
        for i in range(length):
            names[i] = symbols[begin + i]
            places[i] = i
            ends[i + 1] = ends[i] + (widths[begin + i] if len(widths) else 1)
        left = length
        for size in range(2, largest + 1):
            while left and places[left - 1] + size > length:
                left -= 1
            if left < 2:  # noqa: PLR2004 - one alone repeats nothing
                break
            if size <= SIFTED:
                left = _sift(places[:left], names, symbols[begin + size - 1 :], marks, hashes, mix)
            bits = 4
            while (1 << bits) < 2 * left:
                bits += 1
            mask = (1 << bits) - 1
            shift = np.uint64(64 - bits)
            counts[: mask + 1] = 0
            covered, covered_to = 0, 0
            for k in range(left):
                i = places[k]
                key = np.uint64(names[i]) << np.uint64(32) | np.uint64(symbols[begin + i + size - 1])
                slot = np.int64(((key ^ (key >> np.uint64(29))) * mix) >> shift)
                while counts[slot] and keys[slot] != key:
                    slot = (slot + 1) & mask
                if counts[slot]:
                    covered += ends[i + size] - max(ends[i], covered_to)
                    covered_to = ends[i + size]
                keys[slot] = key
                counts[slot] += 1
                names[i] = slot
            most, kept = 0, 0
            for k in range(left):
                i = places[k]
                times = counts[names[i]]
                if times > 1:
                    most = max(most, times * (ends[i + size] - ends[i]))
                    places[kept] = i
                    kept += 1
            left = kept
            result[text, 0, size] = most
            result[text, 1, size] = covered
    return result


def count_grams(
    symbols: NDArray[np.uint32], offsets: NDArray[np.int64], largest: int, widths: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Count what n-grams of 2 to `largest` symbols repeat in each text.

    Args:
        symbols: uint32[total], end to end; equal symbols are the same one within a text.
        offsets: int64[texts + 1]: text i is symbols[offsets[i]:offsets[i + 1]].
        largest: the largest n.
        widths: int64[total], characters in each symbol; one each if not given.

    Returns:
        int64[texts, 2, largest + 1]. [:, 0, n]: characters in all occurrences of the n-gram that holds most of them,
        overlaps counted each time, 0 where none occurs twice. [:, 1, n]: characters inside n-grams that occurred
        before, each counted once.
    """
    sizes = np.zeros(0, np.int64) if widths is None else widths
    counted: NDArray[np.int64] = _count(symbols, offsets, sizes, largest, _MIX)
    return counted
