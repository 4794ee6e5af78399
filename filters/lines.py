"""How a text is laid out: lines that end like sentences, menus, lists and teasers, and marks between the characters."""

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

CHINESE_TERMINAL = "。．！？；：…”’」』）》】"
LATIN_TERMINAL = ')!?.;:"'
"""Marks that a line of prose may end with."""
FULL_WIDTH_MARKS = "。，、；：！？…「」『』“”《》"
LATIN_MARKS = ",.;:!?．"
"""These count as marks of a Chinese sentence only behind a Han character: 你好,世界 but not 1,234 or a.b. The
full-width ． ends sentences in mathematics and the sciences (GB/T 15834), and stands behind the numbers of lists."""
BULLETS = "•‣▪●○◦■□◆◇★☆▲△►▶※✓✔→·-–—*+"
"""What a list's line begins with; numbers are left out, since statutes and recipes number their sentences."""
TEASERS = ("展开", "展開", "更多", "全文", "详情", "詳情", "阅读", "閱讀", "more")
"""What the stump of an article ends with; "more" as Latin letters of any case."""
SHORT_LINE_CHARS = 10

_LF = 0x0A
_DOTS = 3


def _table(*groups: str) -> NDArray[np.uint8]:
    """uint8[65536]: bit g for the characters of group g."""
    table = np.zeros(0x10000, np.uint8)
    for bit, group in enumerate(groups):
        table[[ord(char) for char in group]] |= 1 << bit
    return table


_CHINESE_END, _LATIN_END, _FULL_MARK, _LATIN_MARK, _BULLET, _DOT = 1, 2, 4, 8, 16, 32
_MARKS = _table(CHINESE_TERMINAL, LATIN_TERMINAL, FULL_WIDTH_MARKS, LATIN_MARKS, BULLETS, ".。．")


def _packed(word: str) -> int:
    """The last letters of a line in one number, 16 bits each."""
    value = 0
    for char in word:
        value = value << 16 | ord(char)
    return value


_TWO_LETTERS = np.array([_packed(word) for word in TEASERS if len(word) == 2], np.uint64)  # noqa: PLR2004
_FOUR_LETTERS = np.array([_packed(word) for word in TEASERS if len(word) == 4], np.uint64)  # noqa: PLR2004
_COLUMNS = 11


@njit(cache=True, nogil=True)
def _count(  # noqa: C901, PLR0912 - one pass over the characters
    values: NDArray[np.uint32],
    kinds: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    marks: NDArray[np.uint8],
    two_letters: NDArray[np.uint64],
    four_letters: NDArray[np.uint64],
    letter_limit: int,
    short: int,
    columns: int,
) -> NDArray[np.int64]:
    """int64[texts, 11].

    Lines; those that end in a Chinese mark, in a Latin mark; short ones; bulleted ones; ones that end in an ellipsis,
    in a teaser; characters in lines that end in a mark, in short lines; sentence marks; text characters.
    """
    counts = np.zeros((len(offsets) - 1, columns), np.int64)
    space, han, latin = np.uint8(0), np.uint8(1), np.uint8(2)
    for text in range(len(offsets) - 1):
        length, dots, bullet = 0, 0, False
        last, tail, before = np.uint8(0), np.uint64(0), space
        for i in range(offsets[text], offsets[text + 1] + 1):
            if i == offsets[text + 1] or values[i] == _LF:
                if length:
                    counts[text, 0] += 1
                    counts[text, 1] += last & _CHINESE_END
                    counts[text, 2] += (last & _LATIN_END) >> 1
                    counts[text, 4] += bullet
                    counts[text, 5] += dots >= _DOTS
                    teaser = False
                    for word in two_letters:
                        teaser |= (tail & np.uint64(0xFFFFFFFF)) == word
                    for word in four_letters:
                        teaser |= tail == word
                    counts[text, 6] += teaser
                    if last & (_CHINESE_END | _LATIN_END):
                        counts[text, 7] += length
                    if length < short:
                        counts[text, 3] += 1
                        counts[text, 8] += length
                    counts[text, 10] += length
                length, dots, bullet = 0, 0, False
                last, tail, before = np.uint8(0), np.uint64(0), space
                continue
            kind = kinds[i]
            if kind == space:
                continue
            code = values[i]
            last = marks[code] if code < marks.size else np.uint8(0)
            if length == 0:
                bullet = last & _BULLET != 0
            length += 1
            if kind <= letter_limit:
                # | 32: the lower case of an ASCII letter
                tail = tail << np.uint64(16) | np.uint64((code | 32) & 0xFFFF if kind == latin else code & 0xFFFF)
                dots = 0
            elif last & _DOT:
                dots += 1
            else:
                dots = _DOTS if code == 0x2026 else 0  # noqa: PLR2004 - …
            counts[text, 9] += (last & _FULL_MARK) >> 2 | ((last & _LATIN_MARK != 0) & (before == han))
            before = kind
    return counts


@dataclass(frozen=True, slots=True)
class Lines:
    """Layout of each text; what menus, link lists and tables of numbers lack is the punctuation of sentences.

    Sources: Gopher's bullet and ellipsis lines (arXiv 2112.11446, A1.1), C4's and FineWeb's line ends (arXiv
    2406.17557), MAP-CC's lines that end in 展开 or 更多 (arXiv 2404.04167); ours know the marks of both scripts.
    """

    version: ClassVar[str] = f"3/unicode-{UNICODE_VERSION}"
    schema: ClassVar[pa.Schema] = pa.schema([
        attribute("lines.terminal_ratio", pa.float64(), "ratio", "lines ending in a sentence's mark / lines"),
        attribute("lines.chinese_terminal_ratio", pa.float64(), "ratio", "lines ending in such a Chinese mark / lines"),
        attribute("lines.latin_terminal_ratio", pa.float64(), "ratio", "lines ending in such a Latin mark / lines"),
        attribute(
            "lines.terminal_char_ratio", pa.float64(), "ratio",
            "characters in lines ending in a sentence's mark / text characters",
        ),
        attribute("lines.short_ratio", pa.float64(), "ratio", "lines below 10 characters / lines"),
        attribute("lines.short_char_ratio", pa.float64(), "ratio", "characters in lines below 10 / text characters"),
        attribute("lines.bullet_ratio", pa.float64(), "ratio", "lines beginning with a bullet or dash / lines"),
        attribute("lines.ellipsis_ratio", pa.float64(), "ratio", "lines ending in … or three dots or stops / lines"),
        attribute(
            "lines.teaser_ratio", pa.float64(), "ratio",
            "lines whose last letters are 展开, 更多, 全文, 详情, 阅读 (in either script) or more / lines",
        ),
        attribute(
            "lines.sentence_mark_ratio", pa.float64(), "ratio",
            "Chinese punctuation (Latin marks behind Han too) / text characters",
        ),
    ])  # fmt: skip

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        counts = _count(
            texts.code_points, texts.kinds, texts.offsets, _MARKS, _TWO_LETTERS, _FOUR_LETTERS,
            Kind.LETTER, SHORT_LINE_CHARS, _COLUMNS,
        )  # fmt: skip
        lines, chinese, latin, short, bullet, ellipsis, teaser, in_terminal, in_short, marks, chars = counts.T
        columns = (
            *(share(part, lines) for part in (chinese + latin, chinese, latin)),
            share(in_terminal, chars),
            share(short, lines),
            share(in_short, chars),
            *(share(part, lines) for part in (bullet, ellipsis, teaser)),
            share(marks, chars),
        )
        return pa.record_batch([pa.array(c, pa.float64(), mask=texts.null) for c in columns], schema=self.schema)
