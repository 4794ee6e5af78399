"""Tables for finding personal data: what every character is, and the words of context by their last characters."""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from filters.characters import CODE_POINTS
from filters.fold import plain_table
from filters.personal_lexicon import context_words, lexicon, surnames, words_of


class Sight(IntEnum):
    """What was seen at a place."""

    NUMBER = 1
    EMAIL = 2
    PLATE = 3
    DOOR = 4
    """The end of an address: a digit and 号 or the like behind a road."""
    NAME = 5
    NETWORK = 6
    ACCOUNT = 7


_ZERO_WIDTH, _SPACE, _DASH, _NEWLINE, _DOT, _COLON, _AT, _OPEN, _CLOSE = range(1, 10)
KEYCAP = "\ufe0f\u20e3"
"""What stands behind the digit of a keycap: 1\ufe0f\u20e3."""
ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad" + KEYCAP
_JOINERS = {
    _ZERO_WIDTH: ZERO_WIDTH,
    _SPACE: " \t\u00a0\u2002\u2003\u2009\u200a\u202f\u3000",
    _DASH: "-‐‑‒–—−﹣－·_~",
    _NEWLINE: "\n",
    _DOT: ".．",
    _COLON: ":：",
    _AT: "@＠",
    _OPEN: "(（",
    _CLOSE: ")）",
}
HAN_DIGITS = {
    **dict(zip("〇零一二三四五六七八九", (0, *range(10)), strict=True)),
    **dict(zip("壹贰叁肆伍陆柒捌玖幺", (*range(1, 10), 1), strict=True)),
    **dict(zip("貳參叄陸", (2, 3, 3, 6), strict=True)),
}
"""Digits written as Chinese numerals, 幺 among them as telephone numbers are spoken."""
_HAN = 0x80
_TRIGGER = 0xC0
_PLATE, _WORD, _DOOR, _ROAD = 1, 2, 4, 8

_SLOTS = 4096
_FACTOR = 0x9E3779B97F4A7C15
"""A word's key is looked for from slot (key * factor) >> 52 on; 2^64 / golden ratio spreads neighbours."""


@dataclass(frozen=True, slots=True)
class Tables:
    """What every character is to the pass that looks for personal data."""

    classes: NDArray[np.uint8]  # [CODE_POINTS]: a digit or lower-case letter itself, a joiner, a trigger
    plain: NDArray[np.uint32]
    surname: NDArray[np.bool_]
    keys: NDArray[np.uint64]  # [_SLOTS]: words of context by their last two characters, Latin ones packed; else 0
    kinds: NDArray[np.uint8]  # of each key: 1 a number may follow, 2 an account, 4 a name, 8 glued digits
    begins: NDArray[
        np.uint8
    ]  # [1000], by three digits: 1 where cards begin so; 2 at the first of ten, what stands in groups


def _packed(word: str) -> int:
    """Return the key of a word: of a Latin one all its letters, else the last two characters."""
    if word.isascii():
        key = 0
        for char in word:
            key = (key * 27 + ord(char) - 96) & 0xFFFFFFFFFFFF
        return key | 1 << 60
    return ord(word[-2]) << 21 | ord(word[-1])


@cache
def tables() -> Tables:  # noqa: C901, PLR0912 - one table after another
    """Return the tables, made once a process."""
    plain = plain_table()
    classes = np.zeros(CODE_POINTS, np.uint8)
    ascii_too = (plain >= 0x30) & (plain <= 0x39) | (plain >= 0x61) & (plain <= 0x7A)  # noqa: PLR2004
    classes[ascii_too] = plain[ascii_too]
    for joiner, characters in _JOINERS.items():
        classes[[ord(char) for char in characters]] = joiner
    for char, digit in HAN_DIGITS.items():
        classes[ord(char)] = _HAN | digit
    words: dict[int, int] = {}
    for name, listed in context_words().items():
        for word in listed:
            if name not in {"other", "account"} and len(word) > 1 and "_" not in word:
                key = _packed(word)
                words[key] = words.get(key, 0) | (2 if name in {"qq", "wechat", "added"} else 1)
    for word in ("id", "uid", "userid"):
        words[_packed(word)] = 8
    for role in ("person", "office"):
        for word in words_of("roles", role):
            words[_packed(word)] = words.get(_packed(word), 0) | 4
    bits = np.zeros(CODE_POINTS, np.uint8)
    for char in lexicon()["plates"]["provinces"] + "使":
        bits[ord(char)] |= _PLATE
    for key in words:
        if not key >> 60:
            bits[key & 0x1FFFFF] |= _WORD
    for char in "号室户元栋幢楼":
        bits[ord(char)] |= _DOOR
    for char in {word[-1] for word in words_of("places", "roads")} | set("期门"):
        bits[ord(char)] |= _ROAD
    # What is compared folded is looked at as it is written: a Traditional character has its Simplified one's part.
    bits = np.take(bits, plain)
    triggers = (bits > 0) & (classes == 0)
    classes[triggers] = _TRIGGER | bits[triggers]
    surname = np.zeros(CODE_POINTS, np.bool_)
    surname[[ord(char) for char in surnames()[0] | {word[0] for word in surnames()[1]}]] = True
    keys = np.zeros(_SLOTS, np.uint64)
    kinds = np.zeros(_SLOTS, np.uint8)
    for key, kind in sorted(words.items()):
        slot = (key * _FACTOR & 0xFFFFFFFFFFFFFFFF) >> 52
        while keys[slot]:
            slot = (slot + 1) % _SLOTS
        keys[slot], kinds[slot] = key, kind
    begins = np.zeros(1_000, np.uint8)
    for prefix in words_of("numbers", "cards"):
        begins[int(prefix.ljust(3, "0")[:3]) : int(prefix.ljust(3, "9")[:3]) + 1] |= 1
    begins[[10 * int(prefix) for prefix in (*words_of("numbers", "provinces"), "62", "91")]] |= 2
    return Tables(
        classes, plain, np.take(surname, plain), keys, kinds, begins,
    )  # fmt: skip
