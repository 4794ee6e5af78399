"""Characters that nobody sees: counted where they are not part of an emoji or of a script that needs them."""

from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from filters.characters import CODE_POINTS, Kind, kind_table

_TAG, _BIDI, _ZERO, _SELECTOR, _SYMBOL, _JOINING = range(1, 7)
"""Roles: tag; direction; zero-width; variation selector; what a joiner stands between in an emoji; a letter of a
script whose spelling needs joiners (Arabic, Indic and others), which no Han, Latin, Kana or Hangul letter is."""

_BLACK_FLAG, _CANCEL_TAG = 0x1F3F4, 0xE007F
_JOINER, _NON_JOINER = 0x200D, 0x200C


@cache
def _roles() -> NDArray[np.uint8]:
    """uint8[CODE_POINTS]: the role of a character, 0 for none."""
    roles = np.zeros(CODE_POINTS, np.uint8)
    kinds = kind_table()
    roles[kinds == Kind.SYMBOL] = _SYMBOL
    roles[(kinds == Kind.LETTER) | (kinds == Kind.MARK)] = _JOINING
    roles[0xE0000:0xE0080] = _TAG
    roles[[*range(0x202A, 0x202F), *range(0x2066, 0x206A)]] = _BIDI
    roles[[0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x3164, 0xFEFF, 0xFFA0]] = _ZERO
    roles[[*range(0x200B, 0x2010), *range(0x2060, 0x2066), *range(0x206A, 0x2070)]] = _ZERO
    roles[0xFE00:0xFE10] = _SELECTOR
    roles[0xE0100:0xE01F0] = _SELECTOR
    roles[0x1F3FB:0x1F400] = _SYMBOL
    return roles


@njit(cache=True, nogil=True)
def _count(  # noqa: C901 - one pass: each role has its own question to the character before
    values: NDArray[np.uint32], offsets: NDArray[np.int64], roles: NDArray[np.uint8]
) -> NDArray[np.int64]:
    found = np.zeros((len(offsets) - 1, 4), np.int64)
    for text in range(len(offsets) - 1):
        begin, end = offsets[text], offsets[text + 1]
        run = 0
        flag = False  # inside the tags of a flag
        for i in range(begin, end):
            code = values[i]
            role = roles[code]
            hides = False
            if role == _TAG:
                if not flag:
                    flag = i > begin and values[i - 1] == _BLACK_FLAG
                if not flag:
                    found[text, 0] += 1
                    hides = True
                if code == _CANCEL_TAG:
                    flag = False
            else:
                flag = False
                if role == _BIDI:
                    found[text, 1] += 1
                elif role == _ZERO:
                    before = roles[values[i - 1]] if i > begin else 0
                    joins = code == _JOINER and before in (_SYMBOL, _SELECTOR)
                    spells = code in (_JOINER, _NON_JOINER) and before == _JOINING
                    if not (joins or spells):
                        found[text, 2] += 1
                        hides = True
                elif role == _SELECTOR:
                    # One belongs to the character before it; a second one can only be a message.
                    hides = i > begin and (roles[values[i - 1]] == _SELECTOR or run > 0)
            run = run + 1 if hides else 0
            found[text, 3] = max(found[text, 3], run)
    return found


def hidden_characters(values: NDArray[np.uint32], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return int64[texts, 4]: tags, direction controls, zero-width characters, and the longest run of what hides."""
    counted: NDArray[np.int64] = _count(values, offsets, _roles())
    return counted
