"""Find the lines that may hold a notice: those with one of a few words in them, however spaced, wide or Traditional."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from filters.characters import CODE_POINTS, Kind
from filters.fold import fold_segment
from filters.texts import Texts

LINE_CHARS = 400
"""Longer lines are prose: only this many characters from a word of a notice on each side are looked at."""
LINES_AN_END = 50
"""Lines with a word of a notice that are read at most at each end of a text."""
_LF = 0x0A


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A line, or what surrounds the word in a very long one."""

    text: int
    """Number of the text in its batch."""
    start: int
    end: int
    """Code points in the text."""
    whole: bool
    """Whether it is a line from end to end."""


@dataclass(frozen=True, slots=True)
class _Tables:
    letter: NDArray[np.uint8]  # [CODE_POINTS]: number of the folded character, 0 where no trigger has it
    first: NDArray[np.int32]  # [256 + 1]: the triggers that begin with letter n are first[n] up to first[n + 1]
    letters: NDArray[np.uint8]
    at: NDArray[np.int32]  # trigger t is letters[at[t]:at[t + 1]]
    pairs: NDArray[np.bool_]  # [256, 256]: whether a trigger begins with these two letters


@cache
def _tables(triggers: tuple[str, ...]) -> _Tables:
    numbers = {char: n for n, char in enumerate(sorted({char for word in triggers for char in word}), start=1)}
    letter = np.zeros(CODE_POINTS, np.uint8)
    for code in (*range(0x20, 0x250), *range(0x2460, 0x2500), *range(0x3400, 0xA000), *range(0xF900, 0xFB00),
                 *range(0xFF00, 0xFFF0)):  # fmt: skip
        folded = fold_segment(chr(code))
        if len(folded) == 1 and chr(folded[0]) in numbers:
            letter[code] = numbers[chr(folded[0])]
    ordered = sorted(triggers, key=lambda word: numbers[word[0]])
    first = np.searchsorted([numbers[word[0]] for word in ordered], np.arange(257)).astype(np.int32)
    at = np.cumsum([0, *map(len, ordered)]).astype(np.int32)
    pairs = np.zeros((256, 256), np.bool_)
    for word in ordered:
        pairs[numbers[word[0]], numbers[word[1]] if len(word) > 1 else slice(None)] = True
    return _Tables(letter, first, np.array([numbers[char] for word in ordered for char in word], np.uint8), at, pairs)


@njit(cache=True, nogil=True)
def _stands(
    values: NDArray[np.uint32], kinds: NDArray[np.uint8], i: int, end: int, letter: NDArray[np.uint8],
    letters: NDArray[np.uint8], k: int, last: int, space: int,
) -> bool:  # fmt: skip
    """Whether letters[k:last] stand at values[i], white space between them or not, in one line."""
    while i < end and k < last and values[i] != _LF:
        if kinds[i] != space:
            if letter[values[i]] != letters[k]:
                return False
            k += 1
        i += 1
    return k == last


@njit(cache=True, nogil=True)
def _find(  # noqa: C901 - one pass over lines, words and long lines
    values: NDArray[np.uint32], kinds: NDArray[np.uint8], offsets: NDArray[np.int64], letter: NDArray[np.uint8],
    first: NDArray[np.int32], letters: NDArray[np.uint8], at: NDArray[np.int32], pairs: NDArray[np.bool_],
    space: int, longest: int,
) -> NDArray[np.int64]:  # fmt: skip
    """int64[lines, 4]: text, start, end and whether whole, of every line with a trigger; a line once."""
    found = np.empty((64, 4), np.int64)
    written = 0
    for text in range(len(offsets) - 1):
        begin, end = offsets[text], offsets[text + 1]
        line, done = begin, begin
        for i in range(begin, end):
            if values[i] == _LF:
                line = i + 1
                continue
            n = letter[values[i]]
            if n == 0 or first[n] == first[n + 1] or i < done:
                continue
            second = i + 1
            while second < end and kinds[second] == space and values[second] != _LF:
                second += 1
            if second == end or not pairs[n, letter[values[second]]]:
                continue
            hit = False
            for trigger in range(first[n], first[n + 1]):
                hit = hit or _stands(values, kinds, i, end, letter, letters, at[trigger], at[trigger + 1], space)
            if not hit:
                continue
            after = i
            while after < end and values[after] != _LF and after < i + longest:
                after += 1
            start = max(line, i - longest)
            whole = start == line and (after == end or values[after] == _LF)
            if written == len(found):
                more = np.empty((2 * written, 4), np.int64)
                more[:written] = found
                found = more
            found[written, 0], found[written, 1], found[written, 2] = text, start - begin, after - begin
            found[written, 3] = whole
            written += 1
            done = after
    return found[:written]


def find_lines(texts: Texts, triggers: tuple[str, ...]) -> Iterator[NoticeLine]:
    """Yield the lines that hold one of the triggers (folded, of any length), in order.

    Of a text with more than 2 * LINES_AN_END such lines only those nearest to its ends: a text with a notice on every
    line would else cost a hundred times what other texts do.
    """
    tables = _tables(triggers)
    rows = _find(
        texts.code_points, texts.kinds, texts.offsets, tables.letter, tables.first, tables.letters, tables.at,
        tables.pairs, Kind.SPACE, LINE_CHARS,
    )  # fmt: skip
    first, count = np.unique(rows[:, 0], return_index=True, return_counts=True)[1:]
    rank = np.arange(len(rows)) - np.repeat(first, count)
    near = (rank < LINES_AN_END) | (rank >= np.repeat(count, count) - LINES_AN_END)
    for text, start, end, whole in rows[near].tolist():
        yield NoticeLine(text, start, end, bool(whole))


@lru_cache(maxsize=4096)
def fold_line(line: str) -> str:
    """Fold a line as texts are folded: NFKC, lower case, Simplified, no white space."""
    return "".join(map(chr, fold_segment(line)))


def words(groups: Iterable[str]) -> tuple[str, ...]:
    """Return the words of space-separated groups, each once."""
    return tuple(sorted({word for group in groups for word in group.split()}))
