"""Tables over all code points, made from `unicodedata`: what kind of character each one is."""

import unicodedata
from enum import IntEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

CODE_POINTS = 0x110000
"""Size of a table indexed by code point."""

UNICODE_VERSION = unicodedata.unidata_version
"""The Unicode version of the tables (it comes with Python): part of whatever is fingerprinted or compared."""


class Kind(IntEnum):
    """The kinds that texts are counted by; every code point has exactly one."""

    SPACE = 0
    """White space, line ends and tabs among it."""
    HAN = 1
    """Ideographs of all blocks, 〇 and 々 too."""
    LATIN = 2
    KANA = 3
    HANGUL = 4
    LETTER = 5
    """Letters of every other script, Bopomofo among them."""
    MARK = 6
    """Combining marks, variation selectors among them."""
    DIGIT = 7
    """Decimal digits of any script, full-width ones too."""
    PUNCTUATION = 8
    SYMBOL = 9
    """Symbols and numbers that are no decimal digits."""
    CONTROL = 10
    """Control and format characters that are no white space: zero-width ones, tags, NUL."""
    BROKEN = 11
    """U+FFFD, private use, noncharacters and unassigned code points: what is left when decoding goes wrong."""


# Planes 4 to 13 hold nothing, 15 and 16 only private use: looking at them one by one would triple the time.
_WRITTEN_PLANES = (*range(0x40000), *range(0xE0000, 0xF0000))

_OF_CATEGORY = {
    "L": Kind.LETTER,
    "M": Kind.MARK,
    "N": Kind.SYMBOL,
    "P": Kind.PUNCTUATION,
    "S": Kind.SYMBOL,
    "Z": Kind.SPACE,
    "C": Kind.CONTROL,
}
_OF_NAME = (
    ("CJK UNIFIED", Kind.HAN),
    ("CJK COMPATIBILITY IDEOGRAPH", Kind.HAN),
    ("IDEOGRAPHIC ITERATION MARK", Kind.HAN),
    ("LATIN", Kind.LATIN),
    ("FULLWIDTH LATIN", Kind.LATIN),
    ("HIRAGANA", Kind.KANA),
    ("KATAKANA", Kind.KANA),
    ("HALFWIDTH KATAKANA", Kind.KANA),
    ("HANGUL", Kind.HANGUL),
    ("HALFWIDTH HANGUL", Kind.HANGUL),
)


def _kind(char: str) -> Kind:
    category = unicodedata.category(char)
    if char == "\ufffd" or category in {"Cn", "Co", "Cs"}:
        return Kind.BROKEN
    if char == "〇":
        return Kind.HAN
    if category == "Nd":
        return Kind.DIGIT
    if char.isspace():
        return Kind.SPACE
    if category[0] == "L":
        name = unicodedata.name(char, "")
        for prefix, kind in _OF_NAME:
            if name.startswith(prefix):
                return kind
    return _OF_CATEGORY[category[0]]


@cache
def kind_table() -> NDArray[np.uint8]:
    """Return uint8[CODE_POINTS]: the `Kind` of every code point."""
    table = np.full(CODE_POINTS, Kind.BROKEN, np.uint8)
    for code in _WRITTEN_PLANES:
        table[code] = _kind(chr(code))
    table.setflags(write=False)
    return table
