"""How much of a text says again what it has said: lines, paragraphs, and n-grams of characters.

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
from filters.grams import count_grams
from filters.script import share
from filters.texts import Texts

TOP_SIZES = (2, 3, 4)
DUPLICATE_SIZES = (5, 6, 7, 8, 9, 10)
_LF = 0x0A
_BASE = np.uint64(0x9E3779B97F4A7C15)
"""Odd multiplier of the polynomial hash of lines modulo 2^64 (2^64 / golden ratio); two lines of one text with the same
hash are taken for equal: at 60,000 lines the chance is below 10^-9."""


@njit(cache=True, nogil=True)
def _repeats(  # noqa: C901, PLR0912 - one pass over the characters
    values: NDArray[np.uint32], kinds: NDArray[np.uint8], offsets: NDArray[np.int64], base: np.uint64
) -> NDArray[np.int64]:
    """Count repeated lines and paragraphs, white space left out: int64[texts, 7].

    Lines that repeat, lines, characters in repeating lines, the same three of paragraphs, characters.
    """
    result = np.zeros((len(offsets) - 1, 7), np.int64)
    room = 64
    keys = np.zeros((2, room), np.uint64)  # 0: a free slot
    for text in range(len(offsets) - 1):
        begin, end = offsets[text], offsets[text + 1]
        ends = 1
        for i in range(begin, end):
            ends += values[i] == _LF
        while room < 2 * ends:
            room *= 2
        if room > keys.shape[1]:
            keys = np.zeros((2, room), np.uint64)
        slots = 64
        while slots < 2 * ends:
            slots *= 2
        keys[:, :slots] = 0
        line, line_chars = np.uint64(0), 0
        paragraph, paragraph_chars = np.uint64(0), 0
        for i in range(begin, end + 1):
            if i < end and values[i] != _LF:
                if kinds[i] != 0:
                    # + 1, so that a run of U+0000 is not the empty line
                    line = line * base + np.uint64(values[i]) + np.uint64(1)
                    line_chars += 1
                continue
            if line_chars:
                result[text, 6] += line_chars
                paragraph = (paragraph ^ line) * base + np.uint64(1)
                paragraph_chars += line_chars
            for level in range(2):
                if level == 0:
                    key, chars = line, line_chars
                elif i == end or not line_chars:
                    key, chars = paragraph, paragraph_chars
                    paragraph, paragraph_chars = np.uint64(0), 0
                else:
                    break
                if not chars:
                    continue
                result[text, 3 * level + 1] += 1
                key = max(key, np.uint64(1))
                slot = np.int64((key ^ (key >> np.uint64(32))) * base >> np.uint64(20)) & (slots - 1)
                while keys[level, slot] and keys[level, slot] != key:
                    slot = (slot + 1) & (slots - 1)
                if keys[level, slot]:
                    result[text, 3 * level] += 1
                    result[text, 3 * level + 2] += chars
                keys[level, slot] = key
            line, line_chars = np.uint64(0), 0
    return result


@dataclass(frozen=True, slots=True)
class Repetition:
    """Repeated lines and paragraphs, the commonest n-gram's share, and the share of text in n-grams seen before."""

    version: ClassVar[str] = f"2/fold-{FOLD_VERSION}"
    schema: ClassVar[pa.Schema] = pa.schema([
        attribute("repetition.duplicate_line_ratio", pa.float64(), "ratio", "lines that repeat an earlier one / lines"),
        attribute(
            "repetition.duplicate_line_char_ratio", pa.float64(), "ratio",
            "characters in lines that repeat an earlier one / text characters",
        ),
        attribute(
            "repetition.duplicate_paragraph_ratio", pa.float64(), "ratio",
            "paragraphs (lines between blank lines) that repeat an earlier one / paragraphs",
        ),
        attribute(
            "repetition.duplicate_paragraph_char_ratio", pa.float64(), "ratio",
            "characters in paragraphs that repeat an earlier one / text characters",
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
        grams = count_grams(folded.values, folded.offsets, max(DUPLICATE_SIZES))
        counts = _repeats(texts.code_points, texts.kinds, texts.offsets, _BASE)
        lines, line_number, line_chars, paragraphs, paragraph_number, paragraph_chars, chars = counts.T
        columns = [share(lines, line_number), share(line_chars, chars)]
        columns += [share(paragraphs, paragraph_number), share(paragraph_chars, chars)]
        length = np.diff(folded.offsets)
        # A run such as aaaa holds overlapping 2-grams, which would count more characters than there are.
        columns += [np.minimum(share(grams[:, 0, size], length), 1.0) for size in TOP_SIZES]
        columns += [share(grams[:, 1, size], length) for size in DUPLICATE_SIZES]
        return pa.record_batch([pa.array(c, pa.float64(), mask=texts.null) for c in columns], schema=self.schema)
