"""What broken machinery leaves in a text: wrong decodings, leftovers of HTML, characters torn apart by OCR and PDF."""

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

STRAY_SIGNS = "~^*_|\\#@$&+=<>{}`¬¦§¤°±¨¸■□▪◆◇○●"
"""Signs that scanning puts between two Han characters and that sentences hardly ever have there alone."""
LONG_RUN = 30
"""Latin letters on end from which spaces must be missing: the longest words of technical English have 28."""
HIGH_RUN = 4
"""Characters of U+00A1 to U+00FF on end: GBK or Big5 read as Latin-1. No language writes four such on end."""
TAG_CHARS = 200
ENTITY_CHARS = 9
"""Longer ones are no tag, or no entity: &thetasym; is the longest in use."""

# What the bytes 0x80 to 0x9F are in windows-1252: UTF-8 read so leaves them behind Ã, å, ä …
_CONTINUATION = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_LF = 0x0A


def _table() -> NDArray[np.uint8]:
    """uint8[65536]: 1 a continuation byte read as Latin-1 or windows-1252, 2 its lead byte, 4 U+00A1-00FF, 8 stray."""
    table = np.zeros(0x10000, np.uint8)
    table[0x80:0xC0] |= 1
    table[[ord(char) for char in _CONTINUATION]] |= 1
    table[0xC2:0xF5] |= 2
    table[0xA1:0x100] |= 4
    table[[ord(char) for char in STRAY_SIGNS]] |= 8
    return table


_MARKS = _table()
_SPACE, _HAN, _LATIN = 0, 1, 2


@njit(cache=True, nogil=True)
def _count(  # noqa: C901, PLR0912, PLR0915 - one pass over the characters
    values: NDArray[np.uint32], kinds: NDArray[np.uint8], offsets: NDArray[np.int64], marks: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """int64[texts, 10].

    Text characters; characters of wrong decodings; Han, lone ones between blanks; lines, lines of one letter;
    characters in tags and entities; Latin letters, those in long runs; stray signs between Han.
    """
    counts = np.zeros((len(offsets) - 1, 10), np.int64)
    for text in range(len(offsets) - 1):
        begin, end = offsets[text], offsets[text + 1]
        wrong_to, markup_to = begin, begin  # counted so far
        latin_run, high_run, high_counted, line_chars, line_letters = 0, 0, 0, 0, 0
        for i in range(begin, end + 1):
            code = values[i] if i < end else np.uint32(_LF)
            kind = kinds[i] if i < end else np.uint8(_SPACE)
            mark = int(marks[code]) if code < marks.size else 0
            if kind == _LATIN:
                latin_run += 1
            elif latin_run:
                counts[text, 7] += latin_run
                if latin_run >= LONG_RUN:
                    counts[text, 8] += latin_run
                latin_run = 0
            if mark & 4:
                high_run += 1
            elif high_run:
                if high_run >= HIGH_RUN:
                    counts[text, 1] += max(high_run - high_counted, 0)
                high_run, high_counted = 0, 0
            if kind == _SPACE:
                if code == _LF and line_chars:
                    counts[text, 4] += 1
                    counts[text, 5] += line_chars == 1 and line_letters == 1
                    line_chars, line_letters = 0, 0
                continue
            counts[text, 0] += 1
            line_chars += 1
            line_letters += int(kind <= 5)  # noqa: PLR2004 - letters of all scripts
            if mark & 2 and i + 1 < end and values[i + 1] < marks.size and marks[values[i + 1]] & 1:
                stop = i + 2  # a character of three or four bytes goes on
                while stop < min(end, i + 4) and values[stop] < marks.size and marks[values[stop]] & 1:
                    stop += 1
                counts[text, 1] += stop - max(i, wrong_to)
                high_counted += stop - max(i, wrong_to)
                wrong_to = stop
            elif i + 2 < end and (
                (code == 0x951F and values[i + 1] == 0x65A4 and values[i + 2] == 0x62F7)  # noqa: PLR2004 - 锟斤拷
                or (code in (0x70EB, 0x71D9, 0x5C6F) and values[i + 1] == code == values[i + 2])  # 烫 燙 屯
            ):
                counts[text, 1] += i + 3 - max(i, wrong_to)
                wrong_to = i + 3
            if kind == _HAN:
                counts[text, 2] += 1
                left = i == begin or kinds[i - 1] == _SPACE
                right = i + 1 == end or kinds[i + 1] == _SPACE
                if left and right:  # 年 in 2024 年 6 月 is no fault: a Han must be next
                    han_left = i - 2 >= begin and kinds[i - 2] == _HAN and values[i - 1] != _LF
                    han_right = i + 2 < end and kinds[i + 2] == _HAN and values[i + 1] != _LF
                    counts[text, 3] += han_left or han_right
            elif mark & 8 and i > begin and i + 1 < end:
                counts[text, 9] += kinds[i - 1] == _HAN and kinds[i + 1] == _HAN
            if i < markup_to:
                continue
            if code == 0x3C and i + 2 < end:  # noqa: PLR2004 - <
                at = i + 2 if values[i + 1] == 0x2F else i + 1  # noqa: PLR2004 - /
                if 97 <= (values[at] | 32) <= 122:  # noqa: PLR2004 - a to z
                    stop = at + 1
                    while stop < end and stop - i < TAG_CHARS and values[stop] != 0x3E and values[stop] != 0x3C:  # noqa: PLR2004
                        stop += 1
                    if stop < end and values[stop] == 0x3E:  # noqa: PLR2004 - >
                        markup_to = stop + 1
            elif code == 0x26:  # noqa: PLR2004 - &
                stop = i + 1
                while (
                    stop < end
                    and stop - i < ENTITY_CHARS
                    and (
                        values[stop] == 0x23 or 97 <= (values[stop] | 32) <= 122 or 48 <= values[stop] <= 57  # noqa: PLR2004
                    )
                ):
                    stop += 1
                if stop < end and stop - i > 2 and values[stop] == 0x3B:  # noqa: PLR2004 - ;
                    markup_to = stop + 1
            if markup_to > i:
                for k in range(i, markup_to):
                    counts[text, 6] += kinds[k] != _SPACE
    return counts


@dataclass(frozen=True, slots=True)
class Debris:
    """Wrong decodings, leftovers of markup and torn characters.

    What decoding itself marks as lost (U+FFFD, private use) is `script.broken_ratio`; UTF-8 read as GBK is
    `script.rare_han_ratio`. 锟斤拷 is U+FFFD read as GBK, 烫 and 屯 are what Visual C++ fills memory with (0xCC, 0xCD);
    otherwise the patterns are what the codecs do, not a list of examples.
    """

    version: ClassVar[str] = f"1/unicode-{UNICODE_VERSION}"
    schema: ClassVar[pa.Schema] = pa.schema([
        attribute(
            "debris.mojibake_char_ratio", pa.float64(), "ratio",
            "characters of 锟斤拷, 烫烫烫, UTF-8 read as Latin-1 (ä¸­) and GBK read so (ÖÐ¹ú) / text characters",
        ),
        attribute(
            "debris.spaced_han_ratio", pa.float64(), "ratio",
            "Han characters alone between blanks next to another Han (中 国 人 民) / Han characters",
        ),
        attribute(
            "debris.single_char_line_ratio", pa.float64(), "ratio", "lines of one letter or Han character / lines"
        ),
        attribute(
            "debris.markup_char_ratio", pa.float64(), "ratio",
            "characters in HTML tags and entities left in the text / text characters",
        ),
        attribute(
            "debris.unspaced_latin_ratio", pa.float64(), "ratio",
            "Latin letters in runs of 30 or more / Latin letters; spaces are missing, or it is no language",
        ),
        attribute(
            "debris.stray_sign_ratio", pa.float64(), "ratio",
            "signs such as ^ | ■ alone between two Han characters / Han characters, at most 1",
        ),
    ])  # fmt: skip

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        counts = _count(texts.code_points, texts.kinds, texts.offsets, _MARKS)
        chars, wrong, han, lone, lines, single, markup, latin, long_latin, stray = counts.T
        columns = (
            np.minimum(share(wrong, chars), 1.0),  # a no-break space is a byte of UTF-8, but no text character
            share(lone, han),
            share(single, lines),
            share(markup, chars),
            share(long_latin, latin),
            np.minimum(share(stray, han), 1.0),
        )
        return pa.record_batch([pa.array(c, pa.float64(), mask=texts.null) for c in columns], schema=self.schema)


assert (Kind.SPACE, Kind.HAN, Kind.LATIN, Kind.LETTER) == (0, 1, 2, 5)  # as the kernel reads them
