"""Signatures of folded texts: MinHash over character shingles, exact digests. The door to datasketch.

A signature here equals, bit for bit, the one of `datasketch.MinHash(num_perm, seed, scheme="affine32",
hashfunc=shingle_hash)` updated with every shingle's UTF-8, so it can be loaded and queried there.
"""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import xxhash
from numba import njit
from numpy.typing import NDArray

SIGNING_VERSION = "1"
"""Changes whenever the signature or the digest of some text could change."""

# The mix of code points. Constants of the golden ratio and of Stafford's mix 13 (splitmix64): any odd number with
# well spread bits would do; what counts is that they never change.
_SPREAD = 0x9E3779B97F4A7C15
_POWER = 0xBF58476D1CE4E5B9
_FINISH = 0x94D049BB133111EB
_MASK = (1 << 64) - 1

_SPREAD64 = np.uint64(_SPREAD)
_POWER64 = np.uint64(_POWER)
_FINISH64 = np.uint64(_FINISH)
_ONE64 = np.uint64(1)
_SHIFT29 = np.uint64(29)
_SHIFT32 = np.uint64(32)

_CHUNK = 2048
"""Shingle hashes held at a time: 8 KB, so that all permutations read them from the first-level cache."""

EMPTY_HASH = np.uint32(0xFFFF_FFFF)
"""What every place of a signature holds when a text has no shingle."""


@dataclass(frozen=True, slots=True)
class Signing:
    """How texts are signed and how signatures are cut into bands.

    The defaults find 99 % of copies in which 1 % of the characters were replaced, and half of the pairs at a
    Jaccard of 0.685: wider shingles or longer rows lose most edited Chinese reposts.

    Raises:
        ValueError: a number below 1, or more places in the bands than the signature has.
    """

    permutations: int = 112
    """Places of a signature."""
    seed: int = 1
    """Seed of datasketch's permutations."""
    shingle: int = 5
    """Characters (code points of the folded text) in a shingle."""
    bands: int = 14
    rows: int = 8
    """Places in a band: two texts are candidates when all of them agree in some band."""

    def __post_init__(self) -> None:
        if min(self.permutations, self.shingle, self.bands, self.rows) < 1:
            raise ValueError(f"permutations, shingle, bands and rows must be at least 1: {self}")
        if self.bands * self.rows > self.permutations:
            raise ValueError(f"{self.bands} bands of {self.rows} rows need more than {self.permutations} permutations")

    def header(self, fold: str) -> dict[str, str]:
        """Say what a signature was made with, as strings for a file's metadata; unequal headers do not compare.

        Bands and rows are left out: they are a way of reading signatures, not of making them.

        Args:
            fold: version of the folding that the texts went through.
        """
        return {
            "family": "affine32",
            "seed": str(self.seed),
            "permutations": str(self.permutations),
            "shingle": f"{self.shingle} characters",
            "fold": fold,
            "version": SIGNING_VERSION,
        }

    def probability(self, jaccard: float) -> float:
        """Chance that two texts of this Jaccard similarity become candidates: 1 - (1 - J^rows)^bands."""
        return 1.0 - (1.0 - jaccard**self.rows) ** self.bands


def shingle_hash(data: bytes) -> int:
    """Hash one shingle to 32 bits: give it to datasketch as `hashfunc` to make signatures like ours.

    The upper half of a 64-bit polynomial over individually mixed code points, mixed once more.

    Args:
        data: the shingle as UTF-8.

    Raises:
        UnicodeDecodeError: bytes that are no UTF-8.
    """
    total = 0
    for char in data.decode():
        spread = (ord(char) + 1) * _SPREAD & _MASK
        total = (total * _POWER + (spread ^ spread >> 29)) & _MASK
    return ((total ^ total >> 32) * _FINISH & _MASK) >> 32


@njit(cache=True, nogil=True, inline="always")
def _spread(code: np.uint32) -> np.uint64:
    """Mix one code point, so that the polynomial is not linear in the characters."""
    spread = (np.uint64(code) + _ONE64) * _SPREAD64
    return spread ^ (spread >> _SHIFT29)


@njit(cache=True, nogil=True)
def _roll(values: NDArray[np.uint32], start: int, count: int, shingle: int, out: NDArray[np.uint64]) -> None:
    """Write the hashes of the shingles that begin at start … start + count - 1 to the first `count` of `out`."""
    leaving = _ONE64  # what the character that leaves the window was multiplied by, once more
    for _ in range(shingle):
        leaving *= _POWER64
    total = np.uint64(0)
    for i in range(start, start + shingle - 1):
        total = total * _POWER64 + _spread(values[i])
    before = np.uint64(0)
    for i in range(count):
        total = total * _POWER64 + _spread(values[start + i + shingle - 1]) - before * leaving
        before = _spread(values[start + i])
        out[i] = (total ^ (total >> _SHIFT32)) * _FINISH64


@njit(cache=True, nogil=True, inline="always")
def _finalized(mixed: np.uint32) -> np.uint32:
    """Apply the finalizer of MurmurHash3, which datasketch puts before its permutations."""
    # Every step is cut to 32 bits by hand: numba widens what it computes to 64.
    mixed = np.uint32(np.uint32(mixed ^ (mixed >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    mixed = np.uint32(np.uint32(mixed ^ (mixed >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return np.uint32(mixed ^ (mixed >> np.uint32(16)))


@njit(cache=True, nogil=True)
def _sign(
    values: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    shingle: int,
    factors: NDArray[np.uint32],
    summands: NDArray[np.uint32],
    signatures: NDArray[np.uint32],
) -> None:
    wide = np.empty(_CHUNK, np.uint64)
    hashes = np.empty(_CHUNK, np.uint32)
    for text in range(len(offsets) - 1):
        start = offsets[text]
        after = offsets[text + 1] - shingle + 1
        while start < after:
            count = min(_CHUNK, after - start)
            _roll(values, start, count, shingle, wide)
            for i in range(count):
                hashes[i] = _finalized(np.uint32(wide[i] >> _SHIFT32))
            for place in range(len(factors)):
                factor, summand = factors[place], summands[place]
                least = signatures[text, place]
                # One place at a time over all hashes: a plain reduction, which the compiler turns into SIMD.
                for i in range(count):
                    least = min(least, np.uint32(np.uint32(factor * hashes[i]) + summand))
                signatures[text, place] = least
            start += count


@cache
def _permutations(permutations: int, seed: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return datasketch's factors and summands, uint32[permutations] each."""
    # Here, not above: importing datasketch takes scipy and half a second, and most processes never sign.
    from datasketch import MinHash  # noqa: PLC0415

    factors, summands = MinHash(num_perm=permutations, seed=seed, scheme="affine32").permutations
    return np.ascontiguousarray(factors, np.uint32), np.ascontiguousarray(summands, np.uint32)


def sign(values: NDArray[np.uint32], offsets: NDArray[np.int64], signing: Signing) -> NDArray[np.uint32]:
    """Sign every folded text.

    Args:
        values: code points of all texts, uint32[total].
        offsets: int64[texts + 1]; text i is values[offsets[i]:offsets[i + 1]].
        signing: permutations, seed and shingle.

    Returns:
        uint32[texts, permutations]; a text with fewer characters than a shingle has EMPTY_HASH everywhere.
    """
    factors, summands = _permutations(signing.permutations, signing.seed)
    signatures = np.full((len(offsets) - 1, signing.permutations), EMPTY_HASH, np.uint32)
    _sign(values, offsets, signing.shingle, factors, summands, signatures)
    return signatures


def shingle_counts(offsets: NDArray[np.int64], shingle: int) -> NDArray[np.int64]:
    """Count the shingles of every text, repeated ones too: int64[texts], 0 for a text shorter than a shingle."""
    return np.asarray(np.maximum(np.diff(offsets) - shingle + 1, 0), np.int64)


@njit(cache=True, nogil=True)
def _hash_shingles(
    values: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    shingle: int,
    hashes: NDArray[np.uint64],
    at: NDArray[np.int64],
) -> None:
    for text in range(len(at) - 1):
        count = at[text + 1] - at[text]
        if count:
            _roll(values, offsets[text], count, shingle, hashes[at[text] : at[text + 1]])


def shingle_hashes(
    values: NDArray[np.uint32], offsets: NDArray[np.int64], shingle: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Hash every shingle of every text to 64 bits, of which `shingle_hash` is the upper half.

    Two different shingles share a hash with chance 2^-64.

    Returns:
        uint64[shingles], in the order of the text, and int64[texts + 1] offsets into it.
    """
    at = np.concatenate([np.zeros(1, np.int64), np.cumsum(shingle_counts(offsets, shingle))])
    hashes = np.empty(at[-1], np.uint64)
    _hash_shingles(values, offsets, shingle, hashes, at)
    return hashes, at


def exact_digest(values: NDArray[np.uint32], offsets: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Digest every folded text exactly: xxh3-128 of its UTF-32-LE bytes.

    Returns:
        uint64[texts, 2], the more significant half first; equal rows mean equal texts (chance of error 2^-128).
    """
    data = np.ascontiguousarray(values, "<u4").view(np.uint8).data  # a view: nothing is copied
    at = (4 * offsets).tolist()
    digests = b"".join(map(_digest, (data[start:end] for start, end in pairwise(at))))
    return np.frombuffer(digests, ">u8").astype(np.uint64).reshape(-1, 2)


_digest = xxhash.xxh3_128_digest

EMPTY_DIGEST = np.frombuffer(_digest(b""), ">u8").astype(np.uint64)
"""Digest of a text of which folding left nothing, uint64[2]: such texts are no duplicates of each other."""
