"""The tokens that a trained score reads: one a character, alike in both scripts.

There are two ways to read. `STYLE`, for how well a text is written, takes away what tells a topic, since a model that
sees whole words learns what its good examples are about: frequent Han characters stand for themselves (folded and
Simplified), all others for their kind, a number and a Latin word for one token each. `CONTENT`, for what a text says,
leaves every Han character that jieba's dictionary knows and every Latin letter. In both, line ends and spaces between
characters are tokens too, since menus and keyword lists are made of them.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from filters.characters import CODE_POINTS, Kind, kind_table
from filters.fold import FOLD_VERSION, fold
from filters.frequency import character_log_frequency

WINDOWS, WINDOW_CHARS = 16, 128


@dataclass(frozen=True, slots=True)
class Reading:
    """A way to read texts."""

    format: int
    """Changes with the rules below: a model reads only tokens of the format that it was trained on."""
    least_log_frequency: float
    """Han characters above this natural log frequency stand for themselves."""
    letters: bool
    """Whether Latin letters stand for themselves."""
    windows: int
    window_chars: int
    """What is read of a text: all of it up to windows * window_chars characters, else windows spread over it, so that
    cost does not grow with length. Between windows stands a line end."""

    @property
    def version(self) -> str:
        """Changes whenever the tokens of some text could change: with Unicode too, by characters it did not have."""
        return f"{self.format}/{FOLD_VERSION}"


STYLE = Reading(1, -8.5, letters=False, windows=WINDOWS, window_chars=WINDOW_CHARS)
"""About the 1,000 commonest Han characters, nine tenths of running text; the others are what a text is about."""

CONTENT = Reading(2, -14.0, letters=True, windows=1, window_chars=1 << 40)
"""About 9,000 Han characters, and the whole text."""

LINE_END, BLANK, RARE_HAN = ord("¶"), ord("␣"), ord("〓")
_OF_KIND = {
    Kind.HAN: RARE_HAN,
    Kind.LATIN: ord("a"),
    Kind.KANA: ord("あ"),
    Kind.HANGUL: ord("가"),
    Kind.LETTER: ord("λ"),
    Kind.MARK: ord("λ"),
    Kind.DIGIT: ord("0"),
    Kind.PUNCTUATION: ord("†"),
    Kind.SYMBOL: ord("★"),
    Kind.CONTROL: ord("�"),
    Kind.BROKEN: ord("�"),
}
_KEPT_PUNCTUATION = "，、。；：？！…—·（）《》【】,.;:?!-_/\\|()[]{}<>#*&%@~=+$^`'\"→￥"
_QUOTES = "“”„‟〝〞«»「」『』﹁﹂﹃﹄＂‘’‚‛＇'"
_RUNS = "a0あ가λ�†★"
"""Tokens of which several in a row count as one."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a batch of texts, as code points, end to end."""

    values: NDArray[np.uint32]
    offsets: NDArray[np.int64]
    """int64[texts + 1]: text i is values[offsets[i]:offsets[i + 1]]."""

    def lines(self) -> list[str]:
        """Return each text's tokens with spaces between, as fastText reads them."""
        ends = zip(self.offsets, self.offsets[1:], strict=False)
        return [" ".join(self.values[s:e].astype("<u4").tobytes().decode("utf-32-le")) for s, e in ends]


@cache
def token_table(reading: Reading = STYLE) -> NDArray[np.uint32]:
    """Code point to token: uint32[CODE_POINTS], read-only; 0 for white space, LINE_END for what ends a line."""
    kinds = kind_table()
    by_kind = np.zeros(len(Kind), np.uint32)
    by_kind[list(_OF_KIND)] = list(_OF_KIND.values())
    table: NDArray[np.uint32] = by_kind[kinds]
    frequent = np.flatnonzero((kinds == Kind.HAN) & (character_log_frequency() > reading.least_log_frequency))
    codes = frequent.astype(np.uint32)
    table[frequent] = fold(codes, np.arange(len(codes) + 1)).values
    if reading.letters:
        for char in "abcdefghijklmnopqrstuvwxyz":
            upper = char.upper()
            table[[ord(char), ord(upper), ord(char) + 0xFEE0, ord(upper) + 0xFEE0]] = ord(char)  # and full-width
    for char in _KEPT_PUNCTUATION:
        table[ord(char)] = ord(char)
    for full in "，；：？！（）－／＼｜［］｛｝＜＞＃＊＆％＠～＝＋＄＾｀＿．":
        half = fold(np.array([ord(full)], np.uint32), np.array([0, 1])).values[0]
        table[ord(full)] = table[half] = half
    table[[ord(char) for char in _QUOTES]] = ord('"')
    table[[ord(char) for char in "\n\r\v\f\x85\u2028\u2029"]] = LINE_END
    table.flags.writeable = False
    return table


@njit(cache=True, nogil=True)
def _tokenise(
    codes: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    table: NDArray[np.uint32],
    runs: NDArray[np.bool_],
    windows: int,
    size: int,
    marks: tuple[int, int],
    out: NDArray[np.uint32],
    out_offsets: NDArray[np.int64],
) -> int:
    """Write the tokens of every text's windows; return how many."""
    line_end, blank = marks
    written = 0
    for text in range(len(offsets) - 1):
        begin, end = offsets[text], offsets[text + 1]
        out_offsets[text] = first = written
        number = windows if end - begin > windows * size else 1
        for window in range(number):
            start, stop = begin, end
            if number > 1:
                start = begin + (end - begin - size) * window // (number - 1)
                stop = start + size
            waiting = line_end if window else 0
            last = 0
            for i in range(start, stop):
                token = table[codes[i]]
                if token == 0:
                    waiting = max(waiting, 1)
                elif token == line_end:
                    waiting = line_end
                elif token == last and waiting == 0 and runs[token]:
                    continue
                else:
                    if waiting == line_end and written > first:
                        out[written] = line_end
                        written += 1
                    elif waiting == 1 and last != 0 and not runs[last] and not runs[token]:
                        out[written] = blank
                        written += 1
                    out[written] = token
                    written += 1
                    last, waiting = token, 0
    out_offsets[len(offsets) - 1] = written
    return written


@cache
def _run_tokens(reading: Reading) -> NDArray[np.bool_]:
    runs = np.zeros(CODE_POINTS, np.bool_)
    runs[[ord(char) for char in _RUNS]] = True
    runs[ord("a")] &= not reading.letters
    return runs


def tokenise(codes: NDArray[np.uint32], offsets: NDArray[np.int64], reading: Reading = STYLE) -> Tokens:
    """Return the tokens of texts given as code points, uint32[total] with int64[texts + 1] offsets."""
    windows, size = reading.windows, reading.window_chars
    read = np.minimum(np.diff(offsets), windows * size)
    # A gap between characters becomes a token of its own only in the place of white space.
    out = np.empty(int(read.sum()) + windows * len(read), np.uint32)
    out_offsets = np.empty(len(offsets), np.int64)
    written = _tokenise(
        codes, offsets, token_table(reading), _run_tokens(reading), windows, size, (LINE_END, BLANK), out, out_offsets
    )
    return Tokens(out[:written], out_offsets)


@cache
def token_alphabet(reading: Reading = STYLE) -> frozenset[str]:
    """Return every token that there is, each one character."""
    codes = {*np.unique(token_table(reading)).tolist(), LINE_END, BLANK} - {0}
    return frozenset(map(chr, codes))
