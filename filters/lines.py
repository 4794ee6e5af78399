"""How a text is laid out: lines that end like sentences, and marks between the characters."""

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

TERMINAL = "。！？；：…”’」』）)!?.;:"
"""Marks that a line of prose may end with, Chinese and Latin."""
FULL_WIDTH_MARKS = "。，、；：！？…「」『』“”《》"
LATIN_MARKS = ",.;:!?"
"""These count as marks of a Chinese sentence only behind a Han character: 你好,世界 but not 1,234 or a.b."""
SHORT_LINE_CHARS = 10

_LF = 0x0A


def _table(*groups: str) -> NDArray[np.uint8]:
    """uint8[65536]: bit g for the characters of group g."""
    table = np.zeros(0x10000, np.uint8)
    for bit, group in enumerate(groups):
        table[[ord(char) for char in group]] |= 1 << bit
    return table


_MARKS = _table(TERMINAL, FULL_WIDTH_MARKS, LATIN_MARKS)


@njit(cache=True, nogil=True)
def _count(
    values: NDArray[np.uint32],
    kinds: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    marks: NDArray[np.uint8],
    space: int,
    han: int,
    short: int,
) -> NDArray[np.int64]:
    """int64[texts, 5]: lines, lines that end in a terminal mark, short lines, sentence marks, text characters."""
    counts = np.zeros((len(offsets) - 1, 5), np.int64)
    for text in range(len(offsets) - 1):
        length, last = 0, np.uint32(0)
        before = np.uint8(space)
        for i in range(offsets[text], offsets[text + 1] + 1):
            if i == offsets[text + 1] or values[i] == _LF:
                if length:
                    counts[text, 0] += 1
                    counts[text, 1] += last < marks.size and marks[last] & 1
                    counts[text, 2] += length < short
                length = 0
                before = np.uint8(space)
                continue
            if kinds[i] == space:
                continue
            last = values[i]
            length += 1
            counts[text, 4] += 1
            if last < marks.size:
                counts[text, 3] += (marks[last] >> 1 & 1) or ((marks[last] >> 2 & 1) and before == han)
            before = kinds[i]
    return counts


@dataclass(frozen=True, slots=True)
class Lines:
    """Layout of each text; what menus, link lists and tables of numbers lack is the punctuation of sentences."""

    version: ClassVar[str] = f"1/unicode-{UNICODE_VERSION}"
    schema: ClassVar[pa.Schema] = pa.schema([
        attribute("lines.terminal_ratio", pa.float64(), "ratio", "lines ending in a sentence's mark / lines"),
        attribute("lines.short_ratio", pa.float64(), "ratio", "lines below 10 characters / lines"),
        attribute(
            "lines.sentence_mark_ratio", pa.float64(), "ratio",
            "Chinese punctuation (Latin marks behind Han too) / text characters",
        ),
    ])  # fmt: skip

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        counts = _count(
            texts.code_points, texts.kinds, texts.offsets, _MARKS, Kind.SPACE, Kind.HAN, SHORT_LINE_CHARS
        )  # fmt: skip
        lines, terminal, short, marks, chars = counts.T
        columns = (share(terminal, lines), share(short, lines), share(marks, chars))
        return pa.record_batch([pa.array(c, pa.float64(), mask=texts.null) for c in columns], schema=self.schema)
