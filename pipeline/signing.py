"""Signatures of folded texts: MinHash over shingles, exact digests. The door to datasketch.

A signature here equals, bit for bit, the one of `datasketch.MinHash(num_perm, seed, scheme="affine32",
hashfunc=shingle_hash)` updated with every shingle's UTF-8 (words with single blanks between them), so it can be loaded
and queried there: `read_minhashes`, `minhashes`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import xxhash
from numba import njit
from numpy.typing import NDArray

from filters.fold import FOLD_VERSION
from filters.segment import SEGMENT_VERSION, Segmenter
from filters.texts import Texts
from pipeline.errors import ShardError
from pipeline.shingles import Unit, shingle_hash, shingle_hashes, shingled
from pipeline.store import read_batches, read_schema

if TYPE_CHECKING:
    from datasketch import MinHash

SIGNING_VERSION = "1"
"""Changes whenever the signature or the digest of some text could change."""

_SHIFT32 = np.uint64(32)

_CHUNK = 2048
"""Shingle hashes held at a time: 8 KB, so that all permutations read them from the first-level cache."""

LOSSES = (0.05, 0.95)
"""What a false candidate and a lost one weigh when bands are chosen from a threshold. Nine tenths of the pairs at the
threshold are found, or more (0.5 to 0.9); for 0.8 the choice is the default's 14 bands of 8."""

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
    """Characters (code points of the folded text) or words in a shingle."""
    bands: int = 14
    rows: int = 8
    """Places in a band: two texts are candidates when all of them agree in some band."""
    unit: Unit = "characters"
    dictionaries: tuple[str, ...] = ()
    """Digests of the dictionaries that words are cut by besides jieba's."""

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
        header = {
            "family": "affine32",
            "seed": str(self.seed),
            "permutations": str(self.permutations),
            "shingle": f"{self.shingle} {self.unit}",
            "fold": fold,
            "version": SIGNING_VERSION,
        }
        if self.unit == "words":
            header["words"] = " ".join((SEGMENT_VERSION, *self.dictionaries))
        return header

    def probability(self, jaccard: float) -> float:
        """Chance that two texts of this Jaccard similarity become candidates: 1 - (1 - J^rows)^bands."""
        return 1.0 - (1.0 - jaccard**self.rows) ** self.bands


@njit(cache=True, nogil=True, inline="always")
def _finalized(mixed: np.uint32) -> np.uint32:
    """Apply the finalizer of MurmurHash3, which datasketch puts before its permutations."""
    # Every step is cut to 32 bits by hand: numba widens what it computes to 64.
    mixed = np.uint32(np.uint32(mixed ^ (mixed >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    mixed = np.uint32(np.uint32(mixed ^ (mixed >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return np.uint32(mixed ^ (mixed >> np.uint32(16)))


@njit(cache=True, nogil=True)
def _sign(
    shingles: NDArray[np.uint64],
    at: NDArray[np.int64],
    factors: NDArray[np.uint32],
    summands: NDArray[np.uint32],
    signatures: NDArray[np.uint32],
) -> None:
    hashes = np.empty(_CHUNK, np.uint32)
    for text in range(len(at) - 1):
        start = at[text]
        while start < at[text + 1]:
            count = min(_CHUNK, at[text + 1] - start)
            for i in range(count):
                hashes[i] = _finalized(np.uint32(shingles[start + i] >> _SHIFT32))
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
    # Drawn as datasketch draws them: importing it takes scipy and 0.7 CPU seconds, in every process that signs.
    generator = np.random.RandomState(seed)  # its numbers stay the same, by numpy's promise
    factors = generator.randint(0, 1 << 31, permutations, np.uint32) * np.uint32(2) + np.uint32(1)
    return factors, generator.randint(0, 1 << 32, permutations, np.uint32)


def sign(values: NDArray[np.uint32], offsets: NDArray[np.int64], signing: Signing) -> NDArray[np.uint32]:
    """Sign every folded text.

    Args:
        values: code points of all texts as `shingled` gives them, uint32[total].
        offsets: int64[texts + 1]; text i is values[offsets[i]:offsets[i + 1]].
        signing: permutations, seed, shingle and its unit.

    Returns:
        uint32[texts, permutations]; a text without a shingle has EMPTY_HASH everywhere.
    """
    factors, summands = _permutations(signing.permutations, signing.seed)
    signatures = np.full((len(offsets) - 1, signing.permutations), EMPTY_HASH, np.uint32)
    shingles, at = shingle_hashes(values, offsets, signing.shingle, signing.unit)
    _sign(shingles, at, factors, summands, signatures)
    return signatures


@cache
def best_bands(threshold: float, permutations: int) -> tuple[int, int]:
    """Let datasketch's optimiser cut signatures into bands for a threshold: bands and rows.

    Weighed by `LOSSES`. As every candidate is compared exactly, a false one costs microseconds, a lost one leaves a
    duplicate in the corpus; weighed alike, as datasketch does by default, only 39 % of the pairs at 0.7 were found.
    """
    # Here, not above: see _permutations.
    from datasketch import MinHashLSH  # noqa: PLC0415

    index = MinHashLSH(threshold=threshold, num_perm=permutations, weights=LOSSES)
    return index.b, index.r


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


def mismatch(theirs: Mapping[bytes, bytes] | None, signing: Signing) -> str | None:
    """Say why signatures with the header `theirs` do not compare with ours; None if they do."""
    found = {key.decode(): value.decode() for key, value in (theirs or {}).items()}
    ours = signing.header(FOLD_VERSION)
    if "family" not in found:
        return "it does not say how its signatures were made: only signatures that Qingyuan wrote can be compared"
    other = [f'{key} is "{found.get(key)}", not "{value}"' for key, value in ours.items() if found.get(key) != value]
    return f"such signatures do not compare: {'; '.join(other)}" if other else None


def stored_signing(path: Path) -> Signing:
    """Return how the signatures of a file were made; bands and rows, which no file knows, are one band of all.

    Raises:
        ShardError: they were made by another program, version, hash function or folding; says which.
    """
    stored = read_schema(path).metadata
    found = {key.decode(): value.decode() for key, value in (stored or {}).items()}
    width, _, unit = found.get("shingle", "5 characters").partition(" ")
    permutations = int(found.get("permutations", "1"))
    signing = Signing(
        permutations, int(found.get("seed", "1")), int(width), 1, permutations,
        "words" if unit == "words" else "characters", tuple(found.get("words", "").split(" ")[1:]),
    )  # fmt: skip
    wrong = mismatch(stored, signing)
    if wrong is not None:
        raise ShardError(f"{path}: {wrong}")
    return signing


def _as_minhash(signature: NDArray[np.uint32], signing: Signing) -> "MinHash":
    from datasketch import MinHash  # noqa: PLC0415 - as above

    return MinHash(
        signing.permutations, signing.seed, hashfunc=shingle_hash, hashvalues=signature, scheme="affine32"
    )  # fmt: skip


def read_minhashes(path: Path) -> Iterator[tuple[str, "MinHash"]]:
    """Yield the id and signature of every document of a `signatures/part-….parquet`, for datasketch.

    Documents without a shingle are left out: datasketch takes all of them for one and the same set.

    Raises:
        ShardError: as `stored_signing`.
    """
    signing = stored_signing(path)
    for table in read_batches(path, ["id", "signature", "shingles"]):
        for row in table.to_pylist():
            if row["shingles"]:
                yield row["id"], _as_minhash(np.frombuffer(row["signature"], np.uint32), signing)


def minhashes(texts: Sequence[str], signing: Signing, segmenter: Segmenter | None = None) -> list["MinHash"]:
    """Sign texts of one's own, to query with; `segmenter` is that of the run, where it has dictionaries."""
    column = Texts(pa.array(texts, pa.large_string()), segmenter)
    return [_as_minhash(row, signing) for row in sign(*shingled(column, signing.unit), signing)]
