"""How much of a text says again what it has said: lines, and n-grams of characters.

The measures are Gopher's (Rae et al. 2021, arXiv 2112.11446, table A1) on characters instead of words, since
Chinese has no spaces; taken on the folded text, so that width, case, script and spacing do not hide a repetition.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from filters.contract import attribute
from filters.fold import FOLD_VERSION
from filters.script import share
from filters.texts import Texts

TOP_SIZES = (2, 3, 4)
DUPLICATE_SIZES = (5, 10)
_LF = 0x0A
_BASE = np.uint64(0x9E3779B97F4A7C15)
"""Odd multiplier of the rolling polynomial hash modulo 2^64 (2^64 / golden ratio); two n-grams of one text with the
same hash are taken for equal: at 60,000 n-grams a text the chance is below 10^-9."""


@njit(cache=True, nogil=True)
def _hash_prefixes(values: NDArray[np.uint32], base: np.uint64, prefix: NDArray[np.uint64]) -> None:
    """Fill prefix[i] with the polynomial hash of the first i code points."""
    for i in range(len(values)):
        # + 1, so that a run of U+0000 is not the empty text
        prefix[i + 1] = prefix[i] * base + np.uint64(values[i]) + np.uint64(1)


@njit(cache=True, nogil=True)
def _count_grams(
    prefix: NDArray[np.uint64],
    length: int,
    size: int,
    base: np.uint64,
    keys: NDArray[np.uint64],
    counts: NDArray[np.int32],
) -> tuple[int, int]:
    """Count the n-grams of one size: occurrences of the commonest, characters in those that occurred before.

    `keys` and `counts` are an open-addressing table of a power of two of slots, more than half of them free.
    """
    counts[:] = 0
    mask = len(keys) - 1
    bits = 0
    while (1 << bits) < len(keys):
        bits += 1
    shift = np.uint64(64 - bits)
    power = np.uint64(1)
    for _ in range(size):
        power *= base
    most, covered, covered_to = 0, 0, 0
    for i in range(length - size + 1):
        key = prefix[i + size] - prefix[i] * power
        slot = np.int64(((key ^ (key >> np.uint64(32))) * base) >> shift)
        while counts[slot] and keys[slot] != key:
            slot = (slot + 1) & mask
        if counts[slot]:
            covered += i + size - max(i, covered_to)
            covered_to = i + size
        keys[slot] = key
        counts[slot] += 1
        most = max(most, counts[slot])
    return most, covered


@njit(cache=True, nogil=True)
def _gram_chars(
    values: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    top_sizes: NDArray[np.int64],
    duplicate_sizes: NDArray[np.int64],
    base: np.uint64,
) -> NDArray[np.int64]:
    """int64[texts, top + duplicate]: characters in the commonest n-gram, characters in n-grams seen before."""
    longest = 0
    for text in range(len(offsets) - 1):
        longest = max(longest, offsets[text + 1] - offsets[text])
    room = 16
    while room < 2 * longest:
        room *= 2
    keys = np.zeros(room, np.uint64)
    counts = np.zeros(room, np.int32)
    prefix = np.zeros(longest + 1, np.uint64)
    tops = len(top_sizes)
    result = np.zeros((len(offsets) - 1, tops + len(duplicate_sizes)), np.int64)
    for text in range(len(offsets) - 1):
        length = offsets[text + 1] - offsets[text]
        _hash_prefixes(values[offsets[text] : offsets[text + 1]], base, prefix)
        slots = 16
        while slots < 2 * length:
            slots *= 2
        for column in range(result.shape[1]):
            size = top_sizes[column] if column < tops else duplicate_sizes[column - tops]
            most, covered = _count_grams(prefix, length, size, base, keys[:slots], counts[:slots])
            result[text, column] = covered if column >= tops else (most * size if most > 1 else 0)
    return result


@njit(cache=True, nogil=True)
def _line_repeats(
    values: NDArray[np.uint32], kinds: NDArray[np.uint8], offsets: NDArray[np.int64], base: np.uint64
) -> NDArray[np.int64]:
    """int64[texts, 4]: repeated lines, lines, characters in repeated lines, characters; white space not counted."""
    result = np.zeros((len(offsets) - 1, 4), np.int64)
    for text in range(len(offsets) - 1):
        seen = set()
        seen.add(np.uint64(0))
        key, length = np.uint64(0), 0
        for i in range(offsets[text], offsets[text + 1] + 1):
            if i < offsets[text + 1] and values[i] != _LF:
                if kinds[i] != 0:
                    key = key * base + np.uint64(values[i]) + np.uint64(1)
                    length += 1
                continue
            if length:
                result[text, 1] += 1
                result[text, 3] += length
                if key in seen:
                    result[text, 0] += 1
                    result[text, 2] += length
                else:
                    seen.add(key)
            key, length = np.uint64(0), 0
    return result


@dataclass(frozen=True, slots=True)
class Repetition:
    """Repeated lines, the share of the commonest n-gram, and the share of text in n-grams seen before."""

    version: ClassVar[str] = f"1/fold-{FOLD_VERSION}"
    schema: ClassVar[pa.Schema] = pa.schema([
        attribute("repetition.duplicate_line_ratio", pa.float64(), "ratio", "lines that repeat an earlier one / lines"),
        attribute(
            "repetition.duplicate_line_char_ratio", pa.float64(), "ratio",
            "characters in lines that repeat an earlier one / text characters",
        ),
        *(
            attribute(
                f"repetition.top_{n}gram_char_ratio", pa.float64(), "ratio",
                f"occurrences of the commonest {n}-gram of folded characters x {n} / folded characters, at most 1",
            )
            for n in TOP_SIZES
        ),
        *(
            attribute(
                f"repetition.duplicate_{n}gram_char_ratio", pa.float64(), "ratio",
                f"folded characters inside {n}-grams of characters that occurred before / folded characters",
            )
            for n in DUPLICATE_SIZES
        ),
    ])  # fmt: skip

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        folded = texts.folded
        grams = _gram_chars(folded.values, folded.offsets, np.array(TOP_SIZES), np.array(DUPLICATE_SIZES), _BASE)
        repeated, lines, repeated_chars, chars = _line_repeats(
            texts.code_points, texts.kinds, texts.offsets, _BASE
        ).T  # fmt: skip
        length = np.diff(folded.offsets)
        columns = [share(repeated, lines), share(repeated_chars, chars)]
        # A run such as aaaa holds overlapping 2-grams, which would count more characters than there are.
        columns += [np.minimum(share(column, length), 1.0) for column in grams.T]
        return pa.record_batch([pa.array(c, pa.float64(), mask=texts.null) for c in columns], schema=self.schema)
