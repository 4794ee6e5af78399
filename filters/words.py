"""Statistics of the segmentation: what jieba's words say about a text."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from filters.characters import UNICODE_VERSION, Kind
from filters.contract import attribute
from filters.script import share
from filters.segment import SEGMENT_VERSION
from filters.texts import Texts
from filters.variants import VARIANTS_VERSION

_WRITTEN = (Kind.HAN, Kind.LATIN, Kind.KANA, Kind.HANGUL, Kind.LETTER, Kind.DIGIT)


@njit(cache=True, nogil=True)
def _count(
    lengths: NDArray[np.int64],
    token_offsets: NDArray[np.int64],
    kinds: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    written: NDArray[np.bool_],
    han: int,
) -> NDArray[np.int64]:
    """int64[texts, 4]: words, characters in words, Han words, Han words of a single character."""
    counts = np.zeros((len(offsets) - 1, 4), np.int64)
    for text in range(len(offsets) - 1):
        at = offsets[text]
        for token in range(token_offsets[text], token_offsets[text + 1]):
            kind = kinds[at]
            if written[kind]:
                counts[text, 0] += 1
                counts[text, 1] += lengths[token]
                counts[text, 2] += kind == han
                counts[text, 3] += kind == han and lengths[token] == 1
            at += lengths[token]
    return counts


@dataclass(frozen=True, slots=True)
class SegmentedWords:
    """Words by jieba's dictionary: tokens that begin with a letter, a Han character or a digit."""

    version: ClassVar[str] = f"1/{SEGMENT_VERSION}/unicode-{UNICODE_VERSION}/{VARIANTS_VERSION}"
    schema: ClassVar[pa.Schema] = pa.schema([
        attribute("words.count", pa.int64(), "words", "tokens that begin with a letter, a Han character or a digit"),
        attribute("words.mean_chars", pa.float64(), "chars", "characters in words / words; 0 without words"),
        attribute(
            "words.single_han_ratio", pa.float64(), "ratio",
            "Han words of one character / Han words; near 1 in shuffled or wrongly decoded text",
        ),
    ])  # fmt: skip

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        written = np.zeros(len(Kind), np.bool_)
        written[list(_WRITTEN)] = True
        words = texts.words
        counts = _count(words.lengths, words.offsets, texts.kinds, texts.offsets, written, Kind.HAN)
        number, chars, han, single = counts.T
        columns = (number, chars / np.maximum(number, 1), share(single, han))
        return pa.record_batch([pa.array(c, mask=texts.null) for c in columns], schema=self.schema)
