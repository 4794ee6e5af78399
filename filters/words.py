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
from filters.variants import VARIANTS_VERSION, to_simplified_table
from filters.word_classes import word_classes

_WRITTEN = (Kind.HAN, Kind.LATIN, Kind.KANA, Kind.HANGUL, Kind.LETTER, Kind.DIGIT)
PAUSES = "，、；：,;"
"""Marks inside a sentence: none follows another one, or a full stop."""
STOPS = "。！？…!?"
"""Marks that end one; several on end are emphasis, and …， is no fault."""
CHANCE = 1
"""Misplaced words or marks in any text that prove nothing: a foreign name that was lost between two commas."""
_LF = 0x0A


def _marks() -> NDArray[np.uint8]:
    """uint8[65536]: 1 a mark that ends a clause, 2 one inside a sentence, 4 a full stop."""
    table = np.zeros(0x10000, np.uint8)
    table[[ord(char) for char in PAUSES]] = 3
    table[[ord(char) for char in STOPS]] = 1
    table[ord("。")] = 5
    return table


_CLAUSE_MARKS = _marks()
_COLUMNS = 12


@njit(cache=True, nogil=True)
def _count(  # noqa: C901, PLR0912, PLR0915 - one pass over the characters
    values: NDArray[np.uint32],
    lengths: NDArray[np.int64],
    token_offsets: NDArray[np.int64],
    kinds: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    written: NDArray[np.bool_],
    simplified: NDArray[np.uint32],
    keys: NDArray[np.uint64],
    classes: NDArray[np.uint8],
    clause_marks: NDArray[np.uint8],
    columns: int,
) -> NDArray[np.int64]:
    """int64[texts, 12].

    Words, characters in words, Han words, Han words of a single character; tokens that are not white space, those with
    a letter; function words, different ones; marks and words that lean on a neighbour, those whose neighbour cannot be;
    words of advertising; lines.
    """
    counts = np.zeros((len(offsets) - 1, columns), np.int64)
    seen = np.zeros(len(keys), np.bool_)
    unknown, mark, leaning, other = 0, 1, 2, 3  # what the token before was
    for text in range(len(offsets) - 1):
        at = offsets[text]
        before, needs, enclitic_before, mark_before = unknown, False, np.uint64(0), np.uint8(0)
        seen[:] = False
        line_written = False
        for token in range(token_offsets[text], token_offsets[text + 1]):
            length = lengths[token]
            kind, code = kinds[at], values[at]
            if kind == 0:
                if code == _LF:  # a line may be cut anywhere, so its end proves nothing
                    line_written = False
                    before, needs, enclitic_before, mark_before = unknown, False, np.uint64(0), np.uint8(0)
                at += length
                continue
            counts[text, 4] += 1
            if not line_written:
                counts[text, 11] += 1
                line_written = True
            counts[text, 5] += kind != 7 and written[kind]  # noqa: PLR2004 - a digit is no letter
            group, key = np.uint8(0), np.uint64(0)
            if written[kind]:
                counts[text, 0] += 1
                counts[text, 1] += length
            if kind == 1:
                counts[text, 2] += 1
                counts[text, 3] += length == 1
                if length <= 2:  # noqa: PLR2004 - the longest function word
                    for k in range(at, at + length):
                        key = key << np.uint64(21) | np.uint64(simplified[values[k]])
                    slot = np.int64(key % np.uint64(1021))
                    while keys[slot] and keys[slot] != key:
                        slot = (slot + 1) & (len(keys) - 1)
                    if keys[slot]:
                        group = classes[slot]
                        if group & 1:
                            counts[text, 6] += 1
                            counts[text, 7] += not seen[slot]
                            seen[slot] = True
                        counts[text, 10] += group >> 3 & 1
            mark_now = clause_marks[code] if code < clause_marks.size else np.uint8(0)
            if mark_now:
                counts[text, 8] += 1
                counts[text, 9] += needs or (mark_before & 2 != 0) or (mark_before & 4 and mark_now & 2)
            elif group & 2:
                counts[text, 8] += 1
                counts[text, 9] += before in (mark, leaning) or key == enclitic_before
            if group & 4:
                counts[text, 8] += 1
            enclitic_before = key if group & 2 else np.uint64(0)
            needs = group & 4 != 0
            mark_before = mark_now
            before = mark if mark_now else leaning if needs else other
            at += length
    return counts


@dataclass(frozen=True, slots=True)
class SegmentedWords:
    """Words by jieba's dictionary: tokens that begin with a letter, a Han character or a digit.

    `misplaced_ratio` is our own: in running text 的 never begins a clause, 和 never ends one and no comma follows
    another; in shuffled words they do as often as anything else. A line end decides nothing: lines are cut anywhere.
    """

    version: ClassVar[str] = f"2/{SEGMENT_VERSION}/unicode-{UNICODE_VERSION}/{VARIANTS_VERSION}"
    schema: ClassVar[pa.Schema] = pa.schema([
        attribute("words.count", pa.int64(), "words", "tokens that begin with a letter, a Han character or a digit"),
        attribute("words.mean_chars", pa.float64(), "chars", "characters in words / words; 0 without words"),
        attribute(
            "words.single_han_ratio", pa.float64(), "ratio",
            "Han words of one character / Han words; near 1 in shuffled or wrongly decoded text",
        ),
        attribute(
            "words.alphabetic_ratio", pa.float64(), "ratio",
            "tokens that begin with a letter or Han / tokens that are not white space, marks among them",
        ),
        attribute("words.stop_ratio", pa.float64(), "ratio", "function words, the same list for both scripts / words"),
        attribute("words.distinct_stop_words", pa.int64(), "words", "different function words"),
        attribute(
            "words.misplaced_ratio", pa.float64(), "ratio",
            "的, 和, commas and the like where no clause has them, beyond the first / all of them; high if shuffled",
        ),
        attribute("words.pitch_ratio", pa.float64(), "ratio", "words that offers are made of (优惠, 来电 …) / words"),
        attribute("words.per_line", pa.float64(), "words", "words / lines with something on them; 0 without words"),
    ])  # fmt: skip

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        written = np.zeros(len(Kind), np.bool_)
        written[list(_WRITTEN)] = True
        words = texts.words
        counts = _count(
            texts.code_points, words.lengths, words.offsets, texts.kinds, texts.offsets, written,
            to_simplified_table(), *word_classes(), _CLAUSE_MARKS, _COLUMNS,
        )  # fmt: skip
        number, chars, han, single, tokens, alphabetic, stop, distinct, leaning, misplaced, pitch, lines = counts.T
        columns = (
            number,
            chars / np.maximum(number, 1),
            share(single, han),
            share(alphabetic, tokens),
            share(stop, number),
            distinct,
            share(np.maximum(misplaced - CHANCE, 0), leaning),
            share(pitch, number),
            number / np.maximum(lines, 1),
        )
        return pa.record_batch([pa.array(c, mask=texts.null) for c in columns], schema=self.schema)
