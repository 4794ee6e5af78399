"""Quotes and brackets: whether what a text opens is closed again. Cut and stitched text leaves them open."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from filters.characters import UNICODE_VERSION, Kind
from filters.contract import attribute
from filters.script import share
from filters.texts import Texts

PAIRS = ("「」", "『』", "“”", "《》", "〈〉", "（）", "()", "【】", "〔〕", "[]", "［］", "{}", "﹁﹂", "﹃﹄")
"""Opening and closing marks. ‘ ’ and \" ' are left out: the one is an apostrophe too, the others do not say which."""
ROUND = ("（）", "()")
"""A closing one of these behind a number or a letter closes the number of a list, 1） or 一), and needs no opening."""
NUMERALS = "一二三四五六七八九十"
QUOTES = ("「」", "『』", "“”", "﹁﹂", "﹃﹄")
"""Speech that goes on in the next paragraph is opened there again and closed once: opened twice is no fault."""
HEADLINE_BRACKETS = "【】"


def _table() -> NDArray[np.uint8]:
    """uint8[65536]: 0, or 1 + the number of a pair, + 128 for its closing mark."""
    table = np.zeros(0x10000, np.uint8)
    for number, pair in enumerate(PAIRS):
        table[ord(pair[0])] = number + 1
        table[ord(pair[1])] = number + 129
    return table


_MARKS = _table()
_EXCLAIMING, _ENDING = 64, 65  # beyond the numbers of pairs
_MARKS[[ord(char) for char in "！!"]] = _EXCLAIMING
_MARKS[[ord(char) for char in "。？?．"]] = _ENDING
_IS_ROUND = np.array([pair in ROUND for pair in PAIRS], np.bool_)
_IS_QUOTE = np.array([pair in QUOTES for pair in PAIRS], np.bool_)
_NUMERALS = np.array([ord(char) for char in NUMERALS], np.uint32)
_HEADLINE = PAIRS.index(HEADLINE_BRACKETS)
_CLOSING = 128


@njit(cache=True, nogil=True)
def _count(  # noqa: C901, PLR0912 - one pass over the characters
    values: NDArray[np.uint32],
    kinds: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    marks: NDArray[np.uint8],
    is_round: NDArray[np.bool_],
    is_quote: NDArray[np.bool_],
    numerals: NDArray[np.uint32],
    headline: int,
    latin: int,
    digit: int,
) -> NDArray[np.int64]:
    """int64[texts, 6].

    Quotes and brackets, those without a partner; characters inside 【】, text characters; exclamation marks, ends of
    sentences.
    """
    counts = np.zeros((len(offsets) - 1, 6), np.int64)
    depth = np.zeros(len(is_round), np.int64)
    for text in range(len(offsets) - 1):
        depth[:] = 0
        for i in range(offsets[text], offsets[text + 1]):
            if kinds[i] == 0:
                continue
            counts[text, 3] += 1
            counts[text, 2] += depth[headline] > 0
            code = values[i]
            mark = marks[code] if code < marks.size else 0
            if not mark:
                continue
            if mark in (_EXCLAIMING, _ENDING):
                counts[text, 5] += 1
                counts[text, 4] += mark == _EXCLAIMING
                continue
            pair = (mark & (_CLOSING - 1)) - 1
            if not mark & _CLOSING:
                counts[text, 0] += 1
                if not (is_quote[pair] and depth[pair]):
                    depth[pair] += 1
            elif depth[pair]:
                counts[text, 0] += 1
                depth[pair] -= 1
            else:
                if is_round[pair] and i > offsets[text]:
                    before = values[i - 1]
                    listed = kinds[i - 1] == digit or kinds[i - 1] == latin
                    for numeral in numerals:
                        listed |= before == numeral
                    if listed:
                        continue
                counts[text, 0] += 1
                counts[text, 1] += 1
        for pair in range(len(depth)):
            counts[text, 1] += depth[pair]
    return counts


@dataclass(frozen=True, slots=True)
class Punctuation:
    """Quotes and brackets without a partner anywhere in the text, and what stands in 【】.

    Source of the 【】 share: MAP-CC, at most 0.1 (arXiv 2404.04167). The pairs are Unicode's, of category Ps and Pe.
    """

    version: ClassVar[str] = f"1/unicode-{UNICODE_VERSION}"
    schema: ClassVar[pa.Schema] = pa.schema([
        attribute("punctuation.pair_marks", pa.int64(), "count", "quotes and brackets that belong in pairs"),
        attribute("punctuation.unclosed_count", pa.int64(), "count", "those of them without a partner"),
        attribute("punctuation.unclosed_ratio", pa.float64(), "ratio", "those without a partner / those in all"),
        attribute("punctuation.headline_char_ratio", pa.float64(), "ratio", "characters inside 【】 / text characters"),
        attribute("punctuation.exclamation_ratio", pa.float64(), "ratio", "exclamation marks / sentence ends"),
    ])  # fmt: skip

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        counts = _count(
            texts.code_points, texts.kinds, texts.offsets, _MARKS, _IS_ROUND, _IS_QUOTE, _NUMERALS,
            _HEADLINE, Kind.LATIN, Kind.DIGIT,
        )  # fmt: skip
        pairs, unclosed, headline, chars, exclaiming, ending = counts.T
        columns = (pairs, unclosed, share(unclosed, pairs), share(headline, chars), share(exclaiming, ending))
        return pa.record_batch([pa.array(c, mask=texts.null) for c in columns], schema=self.schema)
