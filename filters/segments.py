"""Which scripts a text is written in, segment by segment: so a half in another language is seen inside the whole."""

from enum import IntEnum

import numpy as np
from numba import njit
from numpy.typing import NDArray

from filters.characters import Kind
from filters.symbols import CODE_SIGNS
from filters.texts import Texts


class Writing(IntEnum):
    """What a segment is written in, as far as scripts can tell."""

    CHINESE = 0
    """Han without enough kana or Hangul: a Sinitic lect, or Japanese by kanji alone."""
    JAPANESE = 1
    KOREAN = 2
    LATIN = 3
    OTHER = 4


LATIN_WEIGHT = 1.5
"""Han characters that say as much as a Latin word, which is any run without a blank that holds a Latin letter: so
identifiers, addresses and paths weigh no more than a word. Measured: 1.49 (Simplified), 1.44 (Traditional) and 1.52
(Cantonese) in the Universal Declaration of Human Rights against its English, 1.61 in 1,661 messages of MediaWiki.
A run with a single letter (a unit, a variable, K1) weighs a third of it."""
OTHER_WEIGHT = 0.3
"""The same for a letter of any other script: a word of the Declaration's English has five of them."""
CODE_SIGNS_SHARE, CODE_WEIGHT = 0.1, 0.25
"""A line without Han, kana or Hangul is code (or a log, a formula) if so many of its characters are digits and signs
like {}[]<>=_; its words then weigh a quarter: they say something, not in a language. Measured on half of the documents
of two Chinese technical sources: 48 % and 12 % lie below 0.3 Han of all letters, 10 % and 1 % below `HAN_SHARE`."""

HAN_SHARE = 0.55
"""Han / all letters, so weighed, from which a text is Chinese: more than half of what it says, so that a document that
says everything in two languages (0.49 to 0.51 in the Declaration, Chinese and English one behind the other) is mixed.
Beside English prose that is 0.27 of the letters, near the hard bound of 0.3 that ChineseWebText uses."""
HAN_SURE = 0.9
"""From this share on, what stands beside the Chinese takes nothing from its score."""
KANA_SHARE = 0.2
"""Kana / (kana + Han) from which it is Japanese: Japanese statutes hold 0.3, Chinese with quotations below 0.1."""
HANGUL_SHARE = 0.2
"""Hangul / (Hangul + Han) from which it is Korean: particles alone are 0.2 of a text with all its hanja written."""

SEGMENT_LETTERS, SEGMENT_MOST = 16, 128
"""A segment ends with a sentence or a line once it has 16 letters, and at 128 in any case: fewer letters say little
(a name, a loan), and the 128 keep a text without marks from being one segment."""

_END, _SIGN = 1, 2


def _mark_table() -> NDArray[np.uint8]:
    """uint8[65536]: what ends a segment, and the signs that code is full of."""
    table = np.zeros(0x10000, np.uint8)
    table[[ord(char) for char in "\n。！？!?．."]] = _END
    table[[ord(char) for char in CODE_SIGNS]] = _SIGN
    return table


_MARKS = _mark_table()


@njit(cache=True, nogil=True)
def _is_code(
    values: NDArray[np.uint32], kinds: NDArray[np.uint8], start: int, stop: int, marks: NDArray[np.uint8]
) -> bool:
    """Say whether the line that begins at `start` is code; what has Han, kana or Hangul is none."""
    signs, body = 0, 0
    for i in range(start, stop):
        kind, code = kinds[i], values[i]
        if kind in (1, 3, 4):
            return False
        if code == 0x0A:  # noqa: PLR2004 - line feed
            break
        body += kind != 0
        signs += kind == 7 or (code < marks.size and marks[code] == _SIGN)  # noqa: PLR2004 - a digit
    return signs >= CODE_SIGNS_SHARE * body


@njit(cache=True, nogil=True)
def writing_of(han: int, latin: int, kana: int, hangul: int, other: int, weight: float) -> int:
    """Name the `Writing` of one count of letters (see the shares above) that weigh so much."""
    if hangul >= HANGUL_SHARE * (hangul + han) and hangul + han >= HAN_SHARE * weight and hangul >= kana and hangul:
        return 2
    if kana >= KANA_SHARE * (kana + han) and kana + han >= HAN_SHARE * weight and kana:
        return 1
    if han and han >= HAN_SHARE * weight:
        return 0
    return 3 if latin >= other else 4


@njit(cache=True, nogil=True)
def _measure(  # noqa: C901 - one pass over the characters
    values: NDArray[np.uint32], kinds: NDArray[np.uint8], offsets: NDArray[np.int64], marks: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Count each text's letters by kind and by the writing of their segment, int64[texts, 5] both; and weigh them."""
    by_kind = np.zeros((len(offsets) - 1, 5), np.int64)
    by_writing = np.zeros((len(offsets) - 1, 5), np.int64)
    weights = np.zeros(len(offsets) - 1, np.float64)
    here = np.zeros(5, np.int64)
    for text in range(len(offsets) - 1):
        here[:] = 0
        letters, last, weight = 0, -1, 0.0
        stop = offsets[text + 1]
        line_begins, of_word = True, LATIN_WEIGHT
        seen = 0  # Latin letters of the word so far, 2 for all beyond one
        for i in range(offsets[text], stop + 1):
            if i < stop:
                kind, code = kinds[i], values[i]
                if line_begins:
                    of_word = CODE_WEIGHT * LATIN_WEIGHT if _is_code(values, kinds, i, stop, marks) else LATIN_WEIGHT
                line_begins = code == 0x0A  # noqa: PLR2004 - line feed
                if 1 <= kind <= 5:  # noqa: PLR2004 - the five kinds of letters follow SPACE
                    here[kind - 1] += 1
                    letters += 1
                    if kind == 2:  # noqa: PLR2004 - Latin
                        weight += of_word / 3 if seen == 0 else of_word / 3 * 2 if seen == 1 else 0.0
                        seen = min(seen + 1, 2)
                    else:
                        weight += OTHER_WEIGHT if kind == 5 else 1.0  # noqa: PLR2004 - any other letter
                        seen = 0
                    if letters < SEGMENT_MOST:
                        continue
                else:
                    seen = seen if kind != 0 and code < 0x2000 else 0  # noqa: PLR2004 - wide marks end a word
                    if letters < SEGMENT_LETTERS or code >= marks.size or marks[code] != _END:
                        continue
            if letters == 0:
                continue
            # What is left at the end is too little to judge: it goes with the segment before.
            if last < 0 or letters >= SEGMENT_LETTERS:
                last = writing_of(here[0], here[1], here[2], here[3], here[4], weight)
            by_writing[text, last] += letters
            by_kind[text] += here
            weights[text] += weight
            here[:] = 0
            letters, weight = 0, 0.0
    return by_kind, by_writing, weights


LETTER_KINDS = (Kind.HAN, Kind.LATIN, Kind.KANA, Kind.HANGUL, Kind.LETTER)
"""Columns of the counts by kind."""


def count_letters(texts: Texts) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Count letters.

    Returns:
        int64[texts, 5] by `LETTER_KINDS`; int64[texts, 5] by the `Writing` of the segment that each letter is in; and
        what each text's letters weigh, in Han characters.
    """
    return _measure(texts.code_points, texts.kinds, texts.offsets, _MARKS)
