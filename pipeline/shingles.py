"""The shingles of folded texts, hashed: runs of characters, or of words between single blanks."""

from typing import Literal, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from filters.characters import Kind
from filters.fold import fold
from filters.texts import Texts

Unit: TypeAlias = Literal["characters", "words"]
"""What a shingle is counted in."""

BLANK = 0x20
"""Stands between the words of a text that is cut into words; a folded text has no white space of its own."""

# The mix of code points. Constants of the golden ratio and of Stafford's mix 13 (splitmix64): any odd number with
# well spread bits would do; what counts is that they never change.
_SPREAD = 0x9E3779B97F4A7C15
_POWER = 0xBF58476D1CE4E5B9
_FINISH = 0x94D049BB133111EB
_MASK = (1 << 64) - 1

_SPREAD64 = np.uint64(_SPREAD)
_POWER64 = np.uint64(_POWER)
_FINISH64 = np.uint64(_FINISH)
_ONE64 = np.uint64(1)
_SHIFT29 = np.uint64(29)
_SHIFT32 = np.uint64(32)

_BEGINS_WORD = np.zeros(len(Kind), np.bool_)
_BEGINS_WORD[[Kind.HAN, Kind.LATIN, Kind.KANA, Kind.HANGUL, Kind.LETTER, Kind.DIGIT]] = True


def shingle_hash(data: bytes) -> int:
    """Hash one shingle to 32 bits: give it to datasketch as `hashfunc` to make signatures like ours.

    The upper half of a 64-bit polynomial over individually mixed code points, mixed once more.

    Args:
        data: the shingle as UTF-8.

    Raises:
        UnicodeDecodeError: bytes that are no UTF-8.
    """
    total = 0
    for char in data.decode():
        spread = (ord(char) + 1) * _SPREAD & _MASK
        total = (total * _POWER + (spread ^ spread >> 29)) & _MASK
    return ((total ^ total >> 32) * _FINISH & _MASK) >> 32


@njit(cache=True, nogil=True, inline="always")
def _spread(code: np.uint32) -> np.uint64:
    """Mix one code point, so that the polynomial is not linear in the characters."""
    spread = (np.uint64(code) + _ONE64) * _SPREAD64
    return spread ^ (spread >> _SHIFT29)


@njit(cache=True, nogil=True)
def _roll(values: NDArray[np.uint32], start: int, count: int, shingle: int, out: NDArray[np.uint64]) -> None:
    """Write the hashes of the shingles that begin at start … start + count - 1 to the first `count` of `out`."""
    leaving = _ONE64  # what the character that leaves the window was multiplied by, once more
    for _ in range(shingle):
        leaving *= _POWER64
    total = np.uint64(0)
    for i in range(start, start + shingle - 1):
        total = total * _POWER64 + _spread(values[i])
    before = np.uint64(0)
    for i in range(count):
        total = total * _POWER64 + _spread(values[start + i + shingle - 1]) - before * leaving
        before = _spread(values[start + i])
        out[i] = (total ^ (total >> _SHIFT32)) * _FINISH64


def shingle_counts(offsets: NDArray[np.int64], shingle: int) -> NDArray[np.int64]:
    """Count the shingles of characters of every text, repeated ones too: int64[texts], 0 for one shorter than that."""
    return np.asarray(np.maximum(np.diff(offsets) - shingle + 1, 0), np.int64)


def word_shingle_counts(values: NDArray[np.uint32], offsets: NDArray[np.int64], shingle: int) -> NDArray[np.int64]:
    """Count the shingles of words of every text, repeated ones too: int64[texts], 0 for one of fewer words."""
    blanks = np.concatenate([np.zeros(1, np.int64), np.cumsum(values == BLANK)])[offsets]
    words = np.diff(blanks) + (np.diff(offsets) > 0)
    return np.asarray(np.maximum(words - shingle + 1, 0), np.int64)


@njit(cache=True, nogil=True)
def _hash_shingles(
    values: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    shingle: int,
    hashes: NDArray[np.uint64],
    at: NDArray[np.int64],
) -> None:
    for text in range(len(at) - 1):
        count = at[text + 1] - at[text]
        if count:
            _roll(values, offsets[text], count, shingle, hashes[at[text] : at[text + 1]])


@njit(cache=True, nogil=True)
def _hash_word_shingles(
    values: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    shingle: int,
    hashes: NDArray[np.uint64],
    at: NDArray[np.int64],
) -> None:
    for text in range(len(at) - 1):
        start = offsets[text]
        for place in range(at[text], at[text + 1]):
            total = np.uint64(0)
            left = shingle
            after = start
            i = start
            while i < offsets[text + 1]:  # about three characters a word: nothing is gained by rolling
                if values[i] == BLANK:
                    if left == shingle:
                        after = i + 1
                    left -= 1
                    if left == 0:
                        break
                total = total * _POWER64 + _spread(values[i])
                i += 1
            hashes[place] = (total ^ (total >> _SHIFT32)) * _FINISH64
            start = after


def shingle_hashes(
    values: NDArray[np.uint32], offsets: NDArray[np.int64], shingle: int, unit: Unit = "characters"
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Hash every shingle of every text to 64 bits, of which `shingle_hash` is the upper half.

    Two different shingles share a hash with chance 2^-64.

    Args:
        values: code points of the texts as `shingled` gives them, uint32[total].
        offsets: int64[texts + 1]; text i is values[offsets[i]:offsets[i + 1]].
        shingle: its width.
        unit: what that is counted in.

    Returns:
        uint64[shingles], in the order of the text, and int64[texts + 1] offsets into it.
    """
    words = unit == "words"
    counts = word_shingle_counts(values, offsets, shingle) if words else shingle_counts(offsets, shingle)
    at = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    hashes = np.empty(at[-1], np.uint64)
    (_hash_word_shingles if words else _hash_shingles)(values, offsets, shingle, hashes, at)
    return hashes, at


def shingled(texts: Texts, unit: Unit) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the folded texts as shingles are taken from them: code points, uint32[total], and int64[texts + 1].

    Cut into words, a text is its folded words with single blanks between them. A token that does not begin with a
    letter, a Han character or a digit is no word: punctuation alone makes no two texts alike.
    """
    if unit == "characters":
        return texts.folded.values, texts.folded.offsets
    words = texts.words
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(words.lengths)])
    folded = fold(texts.code_points, starts)
    lengths = np.diff(folded.offsets)
    chosen = np.zeros(len(lengths), np.bool_)
    there = np.flatnonzero(words.lengths)
    chosen[there] = _BEGINS_WORD[texts.kinds[starts[there]]]
    chosen &= lengths > 0
    lengths = lengths[chosen]
    # Each word takes its characters and the blank behind it, but for the last of its text.
    of_text = np.repeat(np.arange(len(texts)), np.diff(words.offsets))[chosen]
    last = np.ones(len(lengths), np.bool_)
    last[:-1] = of_text[1:] != of_text[:-1]
    takes = lengths + ~last
    ends = np.cumsum(takes)
    values = np.full(int(takes.sum()), BLANK, np.uint32)
    letters = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    values[letters + np.repeat(ends - takes, lengths)] = folded.values[np.repeat(chosen, np.diff(folded.offsets))]
    per_text = np.bincount(of_text, takes, len(texts)).astype(np.int64)
    return values, np.concatenate([np.zeros(1, np.int64), np.cumsum(per_text)])
