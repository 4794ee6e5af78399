"""Exact resemblance: the Jaccard similarity of the sets of shingles of two texts."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.shingles import Unit, shingle_hashes

Load: TypeAlias = Callable[[NDArray[np.int64]], tuple[NDArray[np.uint32], NDArray[np.int64]]]
"""Give the folded texts of documents, asked for by ascending index: uint32[total] and int64[asked + 1] offsets."""

_BYTES_PER_SHINGLE = 24
"""What a text costs while it is compared: 4 bytes for its character, 8 for its hash, as much again for copies."""


@dataclass(frozen=True, slots=True)
class ShingleSets:
    """The distinct shingles of every text, as sorted 64-bit hashes, end to end.

    Two different shingles share a hash with chance 2^-64: among two texts of a million shingles each, one such
    error is expected once in 18 million comparisons, and it changes the similarity by a millionth.
    """

    hashes: NDArray[np.uint64]
    offsets: NDArray[np.int64]
    """int64[texts + 1]: the set of text i is hashes[offsets[i]:offsets[i + 1]]."""


@njit(cache=True, nogil=True)
def _drop_repeated(hashes: NDArray[np.uint64], at: NDArray[np.int64]) -> None:
    """Close up the sorted hashes of every text in place, and `at` with them."""
    written = 0
    start = at[0]
    for text in range(len(at) - 1):
        after = at[text + 1]
        at[text] = written
        for i in range(start, after):
            if i == start or hashes[i] != hashes[i - 1]:
                hashes[written] = hashes[i]
                written += 1
        start = after
    at[len(at) - 1] = written


def shingle_sets(
    values: NDArray[np.uint32], offsets: NDArray[np.int64], shingle: int, unit: Unit = "characters"
) -> ShingleSets:
    """Collect the distinct shingles of folded texts, uint32[total] with int64[texts + 1] offsets."""
    hashes, at = shingle_hashes(values, offsets, shingle, unit)
    for start, after in pairwise(at.tolist()):
        hashes[start:after].sort()  # numpy's SIMD sort: 8 times as fast as the one that numba compiles
    _drop_repeated(hashes, at)
    return ShingleSets(hashes[: at[-1]], at)


@njit(cache=True, nogil=True)
def _jaccard(hashes: NDArray[np.uint64], at: NDArray[np.int64], pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    similarity = np.zeros(len(pairs), np.float64)
    for pair in range(len(pairs)):
        i, i_after = at[pairs[pair, 0]], at[pairs[pair, 0] + 1]
        j, j_after = at[pairs[pair, 1]], at[pairs[pair, 1] + 1]
        total = i_after - i + j_after - j
        shared = 0
        while i < i_after and j < j_after:
            one, other = hashes[i], hashes[j]
            shared += one == other
            i += one <= other  # no branches: which side is smaller cannot be predicted
            j += other <= one
        if total:
            similarity[pair] = shared / (total - shared)
    return similarity


def jaccard_of_sets(sets: ShingleSets, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Compare pairs of sets, int64[pairs, 2]: float64[pairs], 0 where neither has a shingle."""
    return np.asarray(_jaccard(sets.hashes, sets.offsets, pairs), np.float64)


def jaccard_pairs(
    values: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    pairs: NDArray[np.int64],
    shingle: int,
    unit: Unit = "characters",
) -> NDArray[np.float64]:
    """Compare pairs of folded texts: |shared shingles| / |all shingles|, repeated ones counted once.

    Args:
        values: code points of all texts, uint32[total].
        offsets: int64[texts + 1]; text i is values[offsets[i]:offsets[i + 1]].
        pairs: int64[pairs, 2], indices of texts.
        shingle: width of a shingle.
        unit: what that is counted in.

    Returns:
        float64[pairs] in 0..1; 0 where neither text has a shingle, whatever they say.
    """
    return jaccard_of_sets(shingle_sets(values, offsets, shingle, unit), pairs)


@njit(cache=True, nogil=True)
def _portions(pairs: NDArray[np.int64], shingle_counts: NDArray[np.int64], room: int) -> NDArray[np.int64]:
    """Cut pairs, in order, so that the texts of a portion have `room` shingles at most (one pair: any number).

    Returns int64[portions + 1]: portion k is pairs[cuts[k]:cuts[k + 1]].
    """
    cuts = np.empty(len(pairs) + 1, np.int64)
    portions = 0
    cuts[0] = 0
    taken = 0
    last_portion = np.full(len(shingle_counts), -1, np.int32)  # of each text
    for pair in range(len(pairs)):
        one, other = pairs[pair, 0], pairs[pair, 1]
        more = 0
        if last_portion[one] != portions:
            more += shingle_counts[one]
        if last_portion[other] != portions:
            more += shingle_counts[other]
        if taken + more > room and pair > cuts[portions]:
            portions += 1
            cuts[portions] = pair
            taken = 0
            more = shingle_counts[one] + shingle_counts[other]
        taken += more
        last_portion[one] = portions
        last_portion[other] = portions
    if len(pairs):
        portions += 1
        cuts[portions] = len(pairs)
    return cuts[: portions + 1]


def verify_pairs(
    pairs: NDArray[np.int64],
    shingle_counts: NDArray[np.int64],
    load: Load,
    shingle: int,
    memory_bytes: int,
    unit: Unit = "characters",
) -> NDArray[np.float64]:
    """Compare pairs of documents whose texts do not fit into memory together.

    Args:
        pairs: int64[pairs, 2], indices of documents; pairs that share documents should lie close together, or the
            same document is loaded again and again.
        shingle_counts: int64[documents], shingles of each text, repeated ones too.
        load: gives folded texts.
        shingle: width of a shingle.
        memory_bytes: budget for loaded texts and their shingles; one pair is compared whatever its size.
        unit: what the width is counted in.

    Returns:
        float64[pairs], exact Jaccard similarity.
    """
    similarity = np.empty(len(pairs), np.float64)
    for start, after in pairwise(_portions(pairs, shingle_counts, memory_bytes // _BYTES_PER_SHINGLE).tolist()):
        documents, positions = np.unique(pairs[start:after], return_inverse=True)
        values, offsets = load(documents)
        similarity[start:after] = jaccard_pairs(values, offsets, positions.reshape(-1, 2), shingle, unit)
    return similarity
