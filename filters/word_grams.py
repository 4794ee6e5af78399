"""Repeated phrases: n-grams of words, as FineWeb2 counts them for Chinese.

Its "word" is a token of spaCy's Chinese tokenizer, which is jieba's, marks among them; so are these. Ours differ in
three ways: characters are counted without the spaces that datatrove joins the words with (they take its shares above
1), an n-gram that occurs once is no repetition, and overlapping repetitions cover what they cover instead of being
skipped. Source: datatrove's gopher_repetition_filter, after Gopher (arXiv 2112.11446, table A1).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from filters.characters import UNICODE_VERSION
from filters.contract import attribute
from filters.grams import count_grams
from filters.script import share
from filters.segment import SEGMENT_VERSION
from filters.texts import Texts

TOP_SIZES = (2, 3, 4)
DUPLICATE_SIZES = (5, 6, 7, 8, 9, 10)
_BASE = np.uint64(0x9E3779B97F4A7C15)
"""Odd multiplier of the polynomial hash of a word modulo 2^64; below 10^-9 that two of 100,000 words share one."""


@njit(cache=True, nogil=True)
def _name_words(
    values: NDArray[np.uint32],
    kinds: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    lengths: NDArray[np.int64],
    token_offsets: NDArray[np.int64],
    base: np.uint64,
    symbols: NDArray[np.uint32],
    widths: NDArray[np.int64],
    symbol_offsets: NDArray[np.int64],
) -> int:
    """Number the words of each text, equal words alike, white space left out; return how many were written."""
    longest = 0
    for text in range(len(offsets) - 1):
        longest = max(longest, token_offsets[text + 1] - token_offsets[text])
    room = 16
    while room < 2 * longest:
        room *= 2
    keys = np.zeros(room, np.uint64)  # 0: free
    written = 0
    for text in range(len(offsets) - 1):
        symbol_offsets[text] = written
        bits = 4
        while (1 << bits) < 2 * (token_offsets[text + 1] - token_offsets[text]):
            bits += 1
        mask = (1 << bits) - 1
        keys[: mask + 1] = 0
        at = offsets[text]
        for token in range(token_offsets[text], token_offsets[text + 1]):
            length = lengths[token]
            if kinds[at] != 0:
                key = np.uint64(0)
                for k in range(at, at + length):
                    key = key * base + np.uint64(values[k]) + np.uint64(1)
                key = max(key, np.uint64(1))
                slot = np.int64(((key ^ (key >> np.uint64(32))) * base) >> np.uint64(64 - bits))
                while keys[slot] and keys[slot] != key:
                    slot = (slot + 1) & mask
                keys[slot] = key
                symbols[written] = slot
                widths[written] = length
                written += 1
            at += length
    symbol_offsets[len(offsets) - 1] = written
    return written


@dataclass(frozen=True, slots=True)
class Phrases:
    """The share of the commonest word n-gram, and the share of text in word n-grams seen before."""

    version: ClassVar[str] = f"1/{SEGMENT_VERSION}/unicode-{UNICODE_VERSION}"
    schema: ClassVar[pa.Schema] = pa.schema([
        *(
            attribute(
                f"phrases.top_{n}gram_char_ratio", pa.float64(), "ratio",
                f"characters in the {n}-gram of words that holds most of them, all times / text characters, at most 1",
            )
            for n in TOP_SIZES
        ),
        *(
            attribute(
                f"phrases.duplicate_{n}gram_char_ratio", pa.float64(), "ratio",
                f"characters inside {n}-grams of words that occurred before / text characters",
            )
            for n in DUPLICATE_SIZES
        ),
    ])  # fmt: skip

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        words = texts.words
        symbols = np.empty(len(words.lengths), np.uint32)
        widths = np.empty(len(words.lengths), np.int64)
        offsets = np.zeros(len(words.offsets), np.int64)
        written = _name_words(
            texts.code_points, texts.kinds, texts.offsets, words.lengths, words.offsets, _BASE, symbols, widths, offsets
        )
        symbols, widths = symbols[:written], widths[:written]
        grams = count_grams(symbols, offsets, max(DUPLICATE_SIZES), widths)
        ends = np.concatenate([[0], np.cumsum(widths)])
        chars = ends[offsets[1:]] - ends[offsets[:-1]]
        columns = [np.minimum(share(grams[:, 0, size], chars), 1.0) for size in TOP_SIZES]
        columns += [share(grams[:, 1, size], chars) for size in DUPLICATE_SIZES]
        return pa.record_batch([pa.array(c, pa.float64(), mask=texts.null) for c in columns], schema=self.schema)
