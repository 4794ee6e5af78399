"""Candidate pairs: which texts could resemble each other, by bands of their signatures that agree."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.signing import EMPTY_HASH, Signing

NO_KEY = np.uint64(0)
"""Band key of a text without shingles: it is no candidate for anything."""

NEIGHBOURS = 3
"""Pairs that a member of a bucket gets besides the one with the bucket's first: up to 5 members, all pairs."""

DEVIATIONS = 5.0
"""How many standard deviations below the threshold the signatures' agreement still lets a pair through.

At 112 places and threshold 0.7 that is 55 agreeing places. A pair at the threshold falls below with chance 1.2e-6
(binomial), one above it with less; a pair at a Jaccard of 0.3 reaches it with chance 1.7e-5.
"""

_SPREAD64 = np.uint64(0x9E3779B97F4A7C15)
_FINISH64 = np.uint64(0xBF58476D1CE4E5B9)
_SHIFT32 = np.uint64(32)
_ONE64 = np.uint64(1)


@njit(cache=True, nogil=True)
def _band_key(
    signatures: NDArray[np.uint32], texts: NDArray[np.int64], first: int, after: int, keys: NDArray[np.uint64]
) -> None:
    for i in range(len(texts)):
        row = signatures[texts[i]]
        key = _ONE64
        present = False
        for place in range(first, after):
            present |= row[place] != EMPTY_HASH
            key = (key ^ np.uint64(row[place])) * _SPREAD64
            key = (key ^ (key >> _SHIFT32)) * _FINISH64
        # A band full of EMPTY_HASH means no shingles: a shingle that hashes so under 8 permutations does not occur.
        keys[i] = max(key, _ONE64) if present else NO_KEY


def band_key(
    signatures: NDArray[np.uint32], signing: Signing, band: int, texts: NDArray[np.int64] | None = None
) -> NDArray[np.uint64]:
    """Hash one band of every signature to 64 bits.

    Args:
        signatures: uint32[all texts, permutations].
        signing: bands and rows.
        band: which band, from 0.
        texts: int64[texts], the rows of `signatures` to look at; all if None.

    Returns:
        uint64[texts]: equal for equal bands, NO_KEY for texts without shingles. Two bands that differ share a key
        with chance 2^-64, which costs a comparison and nothing else.
    """
    if texts is None:
        texts = np.arange(len(signatures), dtype=np.int64)
    keys = np.empty(len(texts), np.uint64)
    _band_key(signatures, texts, band * signing.rows, (band + 1) * signing.rows, keys)
    return keys


@njit(cache=True, nogil=True)
def _band_keys(
    signatures: NDArray[np.uint32], texts: NDArray[np.int64], bands: int, rows: int, keys: NDArray[np.uint64]
) -> None:
    state = np.empty(bands, np.uint64)
    for i in range(len(texts)):
        row = signatures[texts[i]]
        state[:] = _ONE64
        for step in range(rows):
            for band in range(bands):  # side by side: one band alone would wait for each of its multiplications
                key = (state[band] ^ np.uint64(row[band * rows + step])) * _SPREAD64
                state[band] = (key ^ (key >> _SHIFT32)) * _FINISH64
        for band in range(bands):
            present = False
            for place in range(band * rows, (band + 1) * rows):
                present |= row[place] != EMPTY_HASH
            keys[band, i] = max(state[band], _ONE64) if present else NO_KEY


def band_keys(
    signatures: NDArray[np.uint32], signing: Signing, texts: NDArray[np.int64] | None = None
) -> NDArray[np.uint64]:
    """Hash all bands: uint64[texts, bands], as `band_key` does one, but laid out band by band, at half the cost."""
    if texts is None:
        texts = np.arange(len(signatures), dtype=np.int64)
    keys = np.empty((signing.bands, len(texts)), np.uint64)
    _band_keys(signatures, texts, signing.bands, signing.rows, keys)
    return keys.T


@njit(cache=True, nogil=True)
def _bucket_pairs(keys: NDArray[np.uint64], order: NDArray[np.int64], neighbours: int, pairs: NDArray[np.int64]) -> int:
    """Write the pairs of all buckets, as far as `pairs` has room; return how many there are."""
    found = 0
    first = 0
    for i in range(1, len(order)):
        if keys[order[i]] != keys[order[first]]:
            first = i
        elif keys[order[i]] != NO_KEY:
            nearest = max(first + 1, i - neighbours)
            for j in range(nearest - 1, i):  # one step before the nearest stands for the bucket's first
                if found < len(pairs):
                    pairs[found, 0] = order[first if j < nearest else j]
                    pairs[found, 1] = order[i]
                found += 1
    return found


def candidate_pairs(keys: NDArray[np.uint64], neighbours: int = NEIGHBOURS) -> NDArray[np.int64]:
    """Pair the texts that share a key of one band, a bounded number of pairs a text.

    Every member of a bucket is paired with the bucket's first, a star that joins the bucket as long as its first
    resembles the rest, and with its nearest predecessors, which joins it where the first is the odd one out.

    Args:
        keys: uint64[texts] of one band, the texts in order of preference: the first of a bucket is its best.
        neighbours: how many predecessors.

    Returns:
        int64[pairs, 2], positions in `keys`, the earlier one first; no pair twice.
    """
    order = np.argsort(keys, kind="stable")
    pairs = np.empty((_bucket_pairs(keys, order, neighbours, np.empty((0, 2), np.int64)), 2), np.int64)
    _bucket_pairs(keys, order, neighbours, pairs)
    return pairs


@njit(cache=True, nogil=True)
def agreement(signatures: NDArray[np.uint32], pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the places at which the two signatures of each pair agree: int64[pairs]."""
    agreeing = np.empty(len(pairs), np.int64)
    for i in range(len(pairs)):
        one, other = signatures[pairs[i, 0]], signatures[pairs[i, 1]]
        same = np.uint32(0)
        for place in range(len(one)):
            same += np.uint32(one[place] == other[place])
        agreeing[i] = same
    return agreeing


def least_agreement(signing: Signing, threshold: float) -> int:
    """Count the places that must agree before a pair is worth an exact comparison at this Jaccard threshold."""
    deviation = math.sqrt(threshold * (1.0 - threshold) / signing.permutations)
    return max(0, math.ceil((threshold - DEVIATIONS * deviation) * signing.permutations))


def encoded(pairs: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Write pairs of 0 … n - 1 as one number each, in the same order, for set operations; n at most 3e9."""
    return pairs[:, 0] * n + pairs[:, 1]


def decoded(codes: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Undo `encoded`: int64[pairs, 2]."""
    return np.stack(np.divmod(codes, n), axis=1)


def united(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Unite two sets of numbers, sorted."""
    # np.union1d of numpy 2.4 hashes before it sorts: 60 times as slow on 300,000 numbers.
    numbers = np.sort(np.concatenate([one, other]))
    new = np.ones(len(numbers), np.bool_)
    new[1:] = numbers[1:] != numbers[:-1]
    return numbers[new]


def banded_pairs(
    signatures: NDArray[np.uint32], texts: NDArray[np.int64], signing: Signing, threshold: float
) -> NDArray[np.int64]:
    """Find the pairs of texts that agree in some band and are likely enough to reach the threshold.

    Args:
        signatures: uint32[all texts, permutations]; never copied.
        texts: int64[texts], rows of `signatures`, in order of preference.
        signing: bands and rows.
        threshold: Jaccard similarity that a later exact comparison will ask for.

    Returns:
        int64[pairs, 2], positions in `texts`, the earlier one first, sorted; no pair twice.
    """
    least = least_agreement(signing, threshold)
    found = np.empty(0, np.int64)
    for band in range(signing.bands):  # a band at a time: 8 bytes a text, not 8 x bands
        pairs = candidate_pairs(band_key(signatures, signing, band, texts))
        pairs = pairs[agreement(signatures, texts[pairs]) >= least]
        found = united(found, encoded(pairs, len(texts)))
    return decoded(found, len(texts))
