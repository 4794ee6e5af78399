"""Which characters a text is made of: scripts, digits, punctuation, and what is broken."""

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from filters.characters import UNICODE_VERSION, Kind, kind_table
from filters.contract import attribute
from filters.frequency import FREQUENCY_VERSION, character_log_frequency
from filters.texts import Texts
from filters.variants import hans_only, hant_only

_KINDS = len(Kind)


@njit(cache=True, nogil=True)
def count_kinds(kinds: NDArray[np.uint8], offsets: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    """Count the characters of each text by kind: int64[texts, number]."""
    counts = np.zeros((len(offsets) - 1, number), np.int64)
    for text in range(len(offsets) - 1):
        for i in range(offsets[text], offsets[text + 1]):
            counts[text, kinds[i]] += 1
    return counts


@njit(cache=True, nogil=True)
def _count_marked(
    values: NDArray[np.uint32], offsets: NDArray[np.int64], marks: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """Count the characters of each text by each of three bits of `marks`: int64[texts, 3]."""
    counts = np.zeros((len(offsets) - 1, 3), np.int64)
    for text in range(len(offsets) - 1):
        for i in range(offsets[text], offsets[text + 1]):
            mark = marks[values[i]]
            if mark:
                counts[text, 0] += mark & 1
                counts[text, 1] += mark >> 1 & 1
                counts[text, 2] += mark >> 2 & 1
    return counts


RARE_LOG_FREQUENCY = -11.5
"""Han characters below this natural log frequency count as rare: outside about the 3,500 commonest of running text."""


@cache
def _marks() -> NDArray[np.uint8]:
    """uint8[CODE_POINTS]: bit 0 Simplified-only, bit 1 Traditional-only, bit 2 a rare Han character."""
    rare = character_log_frequency() < RARE_LOG_FREQUENCY
    rare &= kind_table() == Kind.HAN
    rare[[ord("〇"), ord("々")]] = False  # Han characters that no dictionary counts
    marks = hans_only().astype(np.uint8)
    marks |= hant_only().astype(np.uint8) << np.uint8(1)
    marks |= rare.astype(np.uint8) << np.uint8(2)
    return marks


def share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return part / whole, and 0 where there is nothing to take a share of."""
    return part / np.maximum(whole, 1)


@dataclass(frozen=True, slots=True)
class Script:
    """Shares of scripts, digits, punctuation and broken characters among the characters that are not white space."""

    version: ClassVar[str] = f"2/unicode-{UNICODE_VERSION}/{FREQUENCY_VERSION}"
    schema: ClassVar[pa.Schema] = pa.schema([
        attribute("script.han_ratio", pa.float64(), "ratio", "Han characters of all blocks / text characters"),
        attribute("script.latin_ratio", pa.float64(), "ratio", "Latin letters / text characters"),
        attribute("script.kana_ratio", pa.float64(), "ratio", "Hiragana and Katakana / text characters"),
        attribute("script.hangul_ratio", pa.float64(), "ratio", "Hangul / text characters"),
        attribute("script.digit_ratio", pa.float64(), "ratio", "decimal digits, full-width ones too / text characters"),
        attribute("script.punctuation_ratio", pa.float64(), "ratio", "punctuation / text characters"),
        attribute("script.symbol_ratio", pa.float64(), "ratio", "symbols, emoji among them / text characters"),
        attribute(
            "script.broken_ratio", pa.float64(), "ratio",
            "U+FFFD, private use and unassigned code points / text characters; joiners of emoji are none",
        ),
        attribute(
            "script.hant_ratio", pa.float64(), "ratio",
            "Traditional-only / (Traditional-only + Simplified-only) characters; 0.5 where there are none",
        ),
        attribute(
            "script.rare_han_ratio", pa.float64(), "ratio",
            "Han characters outside the commonest of running text / Han characters; high in text decoded wrongly",
        ),
    ])  # fmt: skip

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        counts = count_kinds(texts.kinds, texts.offsets, _KINDS)
        marked = _count_marked(texts.code_points, texts.offsets, _marks())
        whole = counts.sum(axis=1) - counts[:, Kind.SPACE]
        simplified, traditional, rare = marked.T
        told = simplified + traditional
        columns = (
            *(share(counts[:, kind], whole) for kind in (Kind.HAN, Kind.LATIN, Kind.KANA, Kind.HANGUL)),
            *(share(counts[:, kind], whole) for kind in (Kind.DIGIT, Kind.PUNCTUATION, Kind.SYMBOL)),
            share(counts[:, Kind.BROKEN], whole),
            np.where(told > 0, share(traditional, told), 0.5),
            share(rare, counts[:, Kind.HAN]),
        )
        return pa.record_batch([pa.array(c, pa.float64(), mask=texts.null) for c in columns], schema=self.schema)
