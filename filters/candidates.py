"""Which lines could be made of phrases: one pass over a batch; phrases more or fewer cost nothing.

Most lines hold no phrase, and of the rest most hold one word of prose (社会, 服务): they are told apart here without
laying a line out, so that only some percent of the lines are looked at closely.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from filters.characters import Kind
from filters.fold import plain_table
from filters.phrases import PAIR_FACTOR, PAIR_ROOM, Phrases, Setting
from filters.texts import Texts

_LF = 0x0A
_ASCII_END = 0x80
_SPACE = int(Kind.SPACE)
_LATIN = int(Kind.LATIN)
_FIRST_LETTER, _LAST_LETTER = int(Kind.HAN), int(Kind.LETTER)  # Latin, Kana and Hangul lie between
_PAIR_FACTOR = np.uint32(PAIR_FACTOR)
_PAIR_MASK = np.uint32(PAIR_ROOM - 1)


@njit(cache=True, nogil=True)
def _probe(
    values: NDArray[np.uint32],
    kinds: NDArray[np.uint8],
    plain: NDArray[np.uint32],
    i: int,
    stop: int,
    root: NDArray[np.int32],
    char: NDArray[np.uint32],
    child: NDArray[np.int32],
    sibling: NDArray[np.int32],
    entry: NDArray[np.int32],
    reach: NDArray[np.int32],
) -> tuple[int, int]:
    """Look at place i of the text itself: length of the longest phrase there, and how far the phrases there reach."""
    length, reached, depth = 0, 0, 1
    node = root[plain[values[i]]]
    while node:
        if entry[node] >= 0:
            length = depth
            reached = max(reached, reach[node])
        i += 1
        while i < stop and kinds[i] == _SPACE and values[i] != _LF:
            i += 1
        if i == stop or values[i] == _LF:
            break
        code = plain[values[i]]
        node = child[node]
        while node and char[node] != code:
            node = sibling[node]
        depth += 1
    return length, reached


@njit(cache=True, nogil=True)
def _find(
    values: NDArray[np.uint32],
    kinds: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    begins: NDArray[np.uint8],
    pairs: NDArray[np.bool_],
    plain: NDArray[np.uint32],
    root: NDArray[np.int32],
    char: NDArray[np.uint32],
    child: NDArray[np.int32],
    sibling: NDArray[np.int32],
    entry: NDArray[np.int32],
    reach: NDArray[np.int32],
    longest: int,
    lines: NDArray[np.int64],
    totals: NDArray[np.int64],
) -> int:
    """Write lines[·] and totals[·] as `candidate_lines` returns them; return the number of lines."""
    written = 0
    for text in range(len(offsets) - 1):
        begin = offsets[text]
        while begin < offsets[text + 1]:
            end, n = begin, 0
            letters, covered, reached, first = 0, 0, 0, -1
            latin = False
            while end < offsets[text + 1] and values[end] != _LF:
                code, kind = values[end], kinds[end]
                if kind == _SPACE:
                    latin = False
                    end += 1
                    continue
                n += 1
                letters += _FIRST_LETTER <= kind <= _LAST_LETTER
                at = -1
                if first >= 0 and pairs[(plain[values[first]] * _PAIR_FACTOR + plain[code]) & _PAIR_MASK]:
                    at = first
                first = -1
                if begins[code] and not (latin and code < _ASCII_END):
                    first = end
                    if begins[code] > 1:
                        at = end
                if at >= 0:
                    length, reach_of = _probe(
                        values, kinds, plain, at, offsets[text + 1], root, char, child, sibling, entry, reach
                    )
                    covered += length
                    reached = max(reached, reach_of)
                latin = code < _ASCII_END and kind == _LATIN
                end += 1
            totals[text, 0] += n > 0
            totals[text, 1] += n
            if n <= longest and (n <= reached or (covered and 2 * covered >= letters)):
                row = lines[written]
                row[0], row[1], row[2], row[3] = text, begin - offsets[text], end - offsets[text], n
                row[4] = totals[text, 0]
                written += n > 0
            begin = end + 1
    return written


def candidate_lines(texts: Texts, phrases: Phrases) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the lines that have a phrase which counts among any words, or at least half of whose letters are phrases.

    Returns:
        int64[lines, 5]: text, start, end (in code points of the text, the line feed not included), characters that are
        not white space, and the line's number among those of its text that are not blank; int64[texts, 2]: lines that
        are not blank, and characters that are not white space.
    """
    lines = np.empty((int(np.count_nonzero(texts.code_points == _LF)) + len(texts), 5), np.int64)
    totals = np.zeros((len(texts), 2), np.int64)
    longest = int(phrases.groups[:, Setting.MOST_CHARS].max())
    written = _find(
        texts.code_points, texts.kinds, texts.offsets, phrases.begins, phrases.pairs, plain_table(), phrases.root,
        phrases.char, phrases.child, phrases.sibling, phrases.entry, phrases.reach, longest, lines, totals,
    )  # fmt: skip
    return lines[:written], totals
