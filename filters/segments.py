"""Which scripts a text is written in, segment by segment: so a half in another language is seen inside the whole."""

from enum import IntEnum

import numpy as np
from numba import njit
from numpy.typing import NDArray

from filters.characters import Kind
from filters.texts import Texts


class Writing(IntEnum):
    """What a segment is written in, as far as scripts can tell."""

    CHINESE = 0
    """Han without enough kana or Hangul: a Sinitic lect, or Japanese by kanji alone."""
    JAPANESE = 1
    KOREAN = 2
    LATIN = 3
    OTHER = 4


HAN_SHARE = 0.3
"""Han / all letters from which a text is Chinese (0.3: the hard bound that ChineseWebText uses). A Latin word has three
to five letters where Chinese has one or two, so that 0.3 of the letters is about half of what is said."""
KANA_SHARE = 0.2
"""Kana / (kana + Han) from which it is Japanese: Japanese statutes hold 0.3, Chinese with quotations below 0.1."""
HANGUL_SHARE = 0.2
"""Hangul / (Hangul + Han) from which it is Korean: particles alone are 0.2 of a text with all its hanja written."""

SEGMENT_LETTERS, SEGMENT_MOST = 16, 128
"""A segment ends with a sentence or a line once it has 16 letters, and at 128 in any case: fewer letters say little
(a name, a loan), and the 128 keep a text without marks from being one segment."""

_ENDS = np.zeros(0x10000, np.bool_)
_ENDS[[ord(char) for char in "\n。！？!?．."]] = True


@njit(cache=True, nogil=True)
def writing_of(han: int, latin: int, kana: int, hangul: int, other: int) -> int:
    """Name the `Writing` of one count of letters (see the shares above)."""
    letters = han + latin + kana + hangul + other
    if hangul >= HANGUL_SHARE * (hangul + han) and hangul + han >= HAN_SHARE * letters and hangul >= kana and hangul:
        return 2
    if kana >= KANA_SHARE * (kana + han) and kana + han >= HAN_SHARE * letters and kana:
        return 1
    if han and han >= HAN_SHARE * letters:
        return 0
    return 3 if latin >= other else 4


@njit(cache=True, nogil=True)
def _measure(
    values: NDArray[np.uint32], kinds: NDArray[np.uint8], offsets: NDArray[np.int64], ends: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count each text's letters by kind and by the writing of their segment: int64[texts, 5] both."""
    by_kind = np.zeros((len(offsets) - 1, 5), np.int64)
    by_writing = np.zeros((len(offsets) - 1, 5), np.int64)
    here = np.zeros(5, np.int64)
    for text in range(len(offsets) - 1):
        here[:] = 0
        letters, last = 0, -1
        stop = offsets[text + 1]
        for i in range(offsets[text], stop + 1):
            if i < stop:
                kind = kinds[i]
                if 1 <= kind <= 5:  # noqa: PLR2004 - the five kinds of letters follow SPACE
                    here[kind - 1] += 1
                    letters += 1
                    if letters < SEGMENT_MOST:
                        continue
                elif letters < SEGMENT_LETTERS or values[i] >= ends.size or not ends[values[i]]:
                    continue
            if letters == 0:
                continue
            # What is left at the end is too little to judge: it goes with the segment before.
            if last < 0 or letters >= SEGMENT_LETTERS:
                last = writing_of(here[0], here[1], here[2], here[3], here[4])
            by_writing[text, last] += letters
            by_kind[text] += here
            here[:] = 0
            letters = 0
    return by_kind, by_writing


LETTER_KINDS = (Kind.HAN, Kind.LATIN, Kind.KANA, Kind.HANGUL, Kind.LETTER)
"""Columns of the counts by kind."""


def count_letters(texts: Texts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count letters.

    Returns:
        int64[texts, 5] by `LETTER_KINDS`, and int64[texts, 5] by the `Writing` of the segment that each letter is in.
    """
    return _measure(texts.code_points, texts.kinds, texts.offsets, _ENDS)
