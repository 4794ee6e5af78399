"""What is written into a text that is no language: addresses of pages, emoji, hashtags, the signs of code."""

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

CODE_SIGNS = "{}[]<>=_/\\|$&*+^~`@%#;"
"""ASCII signs that code, logs and markup are full of and Chinese sentences are not; brackets and quotes left out."""
URL_STOPS = "\"'<>`|\\^{}"
"""ASCII characters that no address of a page holds unescaped (RFC 3986); it ends there, and at all but ASCII."""


def _table(*groups: str) -> NDArray[np.uint8]:
    table = np.zeros(128, np.uint8)
    for bit, group in enumerate(groups):
        table[[ord(char) for char in group]] |= 1 << bit
    return table


_SIGN, _STOP = 1, 2
_ASCII = _table(CODE_SIGNS, URL_STOPS)


@njit(cache=True, nogil=True)
def _count(  # noqa: C901, PLR0912 - one pass over the characters
    values: NDArray[np.uint32], kinds: NDArray[np.uint8], offsets: NDArray[np.int64], ascii_marks: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """int64[texts, 7]: text characters, URLs, characters in them, emoji, hashtags, characters in them, code signs."""
    counts = np.zeros((len(offsets) - 1, 7), np.int64)
    for text in range(len(offsets) - 1):
        begin, end = offsets[text], offsets[text + 1]
        in_url, in_tag = begin, begin
        for i in range(begin, end):
            kind = kinds[i]
            if kind == 0:
                continue
            code = values[i]
            counts[text, 0] += 1
            if code < 128:  # noqa: PLR2004 - ASCII
                counts[text, 6] += ascii_marks[code] & 1
            # An emoji of the planes above, or a symbol below that U+FE0F asks to show as one.
            if (0x1F1E6 <= code <= 0x1FAFF) or (kind == 9 and i + 1 < end and values[i + 1] == 0xFE0F):  # noqa: PLR2004
                counts[text, 3] += 1
            body = 0
            if i >= in_url:
                low = code | 32
                if low == 119 and i + 4 < end and values[i + 3] == 46:  # noqa: PLR2004 - www.
                    if (values[i + 1] | 32) == 119 and (values[i + 2] | 32) == 119:  # noqa: PLR2004
                        body = 4
                elif low == 104 and i + 8 < end and (values[i + 1] | 32) == 116 and (values[i + 2] | 32) == 116:  # noqa: PLR2004 - http
                    at = i + 5 if (values[i + 4] | 32) == 115 else i + 4  # noqa: PLR2004 - https
                    if values[at] == 58 and values[at + 1] == 47 and values[at + 2] == 47:  # noqa: PLR2004 - ://
                        body = at + 3 - i
            if body:
                stop = i + body
                while stop < end and values[stop] < 128 and kinds[stop] != 0 and not ascii_marks[values[stop]] & 2:  # noqa: PLR2004
                    stop += 1
                counts[text, 1] += 1
                counts[text, 2] += stop - i
                in_url = stop
            if code == 35 and i >= in_url and i >= in_tag and i + 1 < end and 1 <= kinds[i + 1] <= 5:  # noqa: PLR2004 - #
                if i > begin and values[i - 1] < 128 and kinds[i - 1] != 0:  # noqa: PLR2004 - C#, page.html#top
                    continue
                stop = i + 1
                while stop < end and 1 <= kinds[stop] <= 7:  # noqa: PLR2004 - letters, marks and digits
                    stop += 1
                if stop < end and values[stop] == 35:  # noqa: PLR2004 - Weibo closes what it opens: #话题#
                    stop += 1
                counts[text, 4] += 1
                counts[text, 5] += stop - i
                in_tag = stop
    return counts


@dataclass(frozen=True, slots=True)
class Symbols:
    """Addresses, emoji, hashtags and signs of code among the characters that are not white space.

    Emoji are the pictographs of U+1F1E6 to U+1FAFF and the symbols before a variation selector 16; ★ and ● are not.
    Gopher bounds # and … by words, MAP-CC # by characters (0.1); a heading of Markdown is no hashtag here.
    """

    version: ClassVar[str] = f"1/unicode-{UNICODE_VERSION}"
    schema: ClassVar[pa.Schema] = pa.schema([
        attribute("symbols.url_count", pa.int64(), "count", "addresses that begin with http://, https:// or www."),
        attribute("symbols.url_char_ratio", pa.float64(), "ratio", "characters in those addresses / text characters"),
        attribute("symbols.emoji_ratio", pa.float64(), "ratio", "emoji / text characters"),
        attribute("symbols.hashtag_count", pa.int64(), "count", "#topic and #topic#, a letter or Han behind the #"),
        attribute("symbols.hashtag_char_ratio", pa.float64(), "ratio", "characters in hashtags / text characters"),
        attribute("symbols.code_sign_ratio", pa.float64(), "ratio", "{}[]<>=_/\\|$&*+^~`@%#; / text characters"),
    ])  # fmt: skip

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        counts = _count(texts.code_points, texts.kinds, texts.offsets, _ASCII)
        chars, urls, in_urls, emoji, tags, in_tags, signs = counts.T
        columns = (
            urls,
            share(in_urls, chars),
            share(emoji, chars),
            tags,
            share(in_tags, chars),
            share(signs, chars),
        )
        return pa.record_batch([pa.array(c, mask=texts.null) for c in columns], schema=self.schema)


assert (Kind.SPACE, Kind.HAN, Kind.LETTER, Kind.DIGIT, Kind.SYMBOL) == (0, 1, 5, 7, 9)  # as the kernel reads them
