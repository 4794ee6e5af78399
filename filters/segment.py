"""Door to jieba: words by its dictionary and algorithm, through rjieba (the same in Rust), and an operator's own."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from itertools import pairwise

import numpy as np
import rjieba
from numba import njit
from numpy.typing import NDArray

from filters.frequency import word_counts
from filters.variants import to_simplified_table

SEGMENT_VERSION = f"2/rjieba-{version('rjieba')}"

_HAN_FIRST, _HAN_LAST = 0x4E00, 0x9FD5
"""What jieba takes for Han; any other ideograph is a word of its own there."""
_LATIN_WORD = re.compile(r"([a-zA-Z0-9]+(?:\.\d+)?%?)")
"""What jieba takes for a word outside Han; rjieba takes utf8mb4_bin and example.com for one word, jieba for several."""


@dataclass(frozen=True, slots=True)
class Words:
    """The tokens of a batch of texts: their lengths, so they index the original text."""

    lengths: NDArray[np.int64]
    """Code points in each token, in order; the tokens of a text add up to its length."""
    offsets: NDArray[np.int64]
    """int64[texts + 1]: the tokens of text i are lengths[offsets[i]:offsets[i + 1]]."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A word of an operator's dictionary."""

    word: str
    frequency: int | None = None
    """Occurrences in jieba's corpus of 60 million words; by default as many as make it one word in the cheapest way."""


def parse_dictionary(text: str) -> tuple[Entry, ...]:
    """Read a dictionary in jieba's format: `word [frequency] [tag]` a line; the tag says nothing here.

    Raises:
        ValueError: a line holds more, or a frequency below 1 (jieba splits such words by force; this does not).
    """
    entries = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        fields = line.split()
        if not fields:
            continue
        frequency = int(fields[1]) if len(fields) > 1 and fields[1].isdecimal() else None
        if len(fields) - 1 > (frequency is not None) + 1 or frequency == 0:
            raise ValueError(
                f'line {number}, "{line.strip()}": expected a word, perhaps a frequency of 1 or more and a tag'
            )
        entries.append(Entry(fields[0], frequency))
    return tuple(entries)


@njit(cache=True, nogil=True)
def _suspects(values: NDArray[np.uint32], lengths: NDArray[np.int64], first: int, last: int) -> NDArray[np.int64]:
    """Find the tokens that jieba may cut further: int64[suspects, 2], number and place of each.

    Two characters or more that begin with a Latin letter or digit and hold something else than those, or hold an
    ideograph that jieba does not know.
    """
    found = np.empty((64, 2), np.int64)
    number, at = 0, 0
    for token in range(len(lengths)):
        length = lengths[token]
        if length > 1:
            latin = values[at] < 0x80  # noqa: PLR2004 - ASCII
            suspect = False
            for i in range(at, at + length):
                code = values[i]
                if latin:
                    suspect |= not (48 <= code <= 57 or 97 <= (code | 32) <= 122)  # noqa: PLR2004 - 0-9, a-z
                else:
                    suspect |= not first <= code <= last
            if suspect:
                if number == len(found):
                    wider = np.empty((2 * number, 2), np.int64)
                    wider[:number] = found
                    found = wider
                found[number, 0] = token
                found[number, 1] = at
                number += 1
        at += length
    return found[:number]


@njit(cache=True, nogil=True)
def _splice(
    lengths: NDArray[np.int64],
    offsets: NDArray[np.int64],
    tokens: NDArray[np.int64],
    piece_at: NDArray[np.int64],
    pieces: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Put the pieces of some tokens in their place: piece_at[k] to piece_at[k + 1] are those of tokens[k]."""
    out = np.empty(len(lengths) - len(tokens) + len(pieces), np.int64)
    out_offsets = np.zeros(len(offsets), np.int64)
    written, k = 0, 0
    for text in range(len(offsets) - 1):
        for token in range(offsets[text], offsets[text + 1]):
            if k < len(tokens) and tokens[k] == token:
                for piece in range(piece_at[k], piece_at[k + 1]):
                    out[written] = pieces[piece]
                    written += 1
                k += 1
            else:
                out[written] = lengths[token]
                written += 1
        out_offsets[text + 1] = written
    return out, out_offsets


class Segmenter:
    """Cuts texts into words exactly as jieba does with the same dictionary."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        """Load jieba's dictionary and add an operator's words; a later entry of a word replaces an earlier one."""
        self._jieba = rjieba.Jieba()
        chosen = {_simplified(entry.word): entry.frequency for entry in entries}
        if chosen:
            self._add(chosen)

    def _add(self, chosen: dict[str, int | None]) -> None:
        counts = dict(word_counts())
        total = sum(counts.values())
        for word, given in chosen.items():
            frequency = given
            if frequency is None:  # jieba's rule in its rounding; against the total that rjieba goes on weighing with
                product = 1.0
                for part in self._jieba.cut(word, False):
                    product *= counts.get(part, 1) / float(total)
                frequency = max(int(product * total) + 1, counts.get(word, 1))
            counts[word] = frequency
            self._jieba.add_word(word, frequency, None)

    def knows(self, word: str) -> bool:
        """Whether the dictionary has a word, Simplified; what the algorithm guesses to be one is not in it."""
        return bool(self._jieba.has_word(word))

    def cut(self, simplified: NDArray[np.uint32], offsets: NDArray[np.int64]) -> Words:
        """Cut texts whose Traditional characters are already replaced one to one; code points, end to end."""
        data = simplified.astype("<u4", copy=False)
        lengths = [np.zeros(0, np.int64)]
        for start, end in pairwise(offsets.tolist()):
            tokens = self._jieba.cut(data[start:end].tobytes().decode("utf-32-le"))
            lengths.append(np.fromiter(map(len, tokens), np.int64, len(tokens)))
        token_offsets = np.cumsum(list(map(len, lengths)))
        return self._cut_further(data, Words(np.concatenate(lengths), token_offsets))

    def _cut_further(self, data: NDArray[np.uint32], words: Words) -> Words:
        """Cut what rjieba joins and jieba does not, unless the dictionary has it (AT&T, C++)."""
        suspects = _suspects(data, words.lengths, _HAN_FIRST, _HAN_LAST)
        if not len(suspects):
            return words
        pieces = [self._pieces(data[at : at + words.lengths[token]]) for token, at in suspects.tolist()]
        piece_at = np.concatenate([[0], np.cumsum(list(map(len, pieces)))])
        flat = np.array([length for piece in pieces for length in piece], np.int64)
        return Words(*_splice(words.lengths, words.offsets, suspects[:, 0].copy(), piece_at, flat))

    def _pieces(self, token: NDArray[np.uint32]) -> Sequence[int]:
        text = token.tobytes().decode("utf-32-le")
        if self._jieba.has_word(text):
            return [len(text)]
        if text[0].isascii():
            return [len(part) for part in _LATIN_WORD.split(text) if part]
        parts: list[int] = []
        known_before = False
        for code in token.tolist():
            known = _HAN_FIRST <= code <= _HAN_LAST
            if known and known_before:
                parts[-1] += 1
            else:
                parts.append(1)
            known_before = known
        return parts


def _simplified(word: str) -> str:
    table = to_simplified_table()
    return "".join(chr(table[ord(char)]) for char in word)


@cache
def plain_segmenter() -> Segmenter:
    """Return the segmenter with jieba's dictionary alone."""
    return Segmenter()
