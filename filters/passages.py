"""Texts cut into passages of a few sentences, each scored alone: a vile paragraph must not drown in a long text."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from filters.characters import CODE_POINTS
from filters.tokens import LINE_END, Tokens

LEAST_TOKENS, MOST_TOKENS = 64, 160
"""A passage ends at the first end of a sentence or line behind so many tokens, at the latest after so many."""

PASSAGES_VERSION = f"1/{LEAST_TOKENS}/{MOST_TOKENS}"


@dataclass(frozen=True, slots=True)
class Passages:
    """The passages of a batch of tokenised texts, as texts of their own."""

    tokens: Tokens
    """Those of the passages, end to end; the last passage of a text may begin before the one before it ends."""
    offsets: NDArray[np.int64]
    """int64[texts + 1]: text i has the passages offsets[i] up to offsets[i + 1]; none if it has no tokens."""

    def highest(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return float64[texts, columns]: the highest score, float64[passages, columns], of each text's passages.

        0 for a text without any.
        """
        found = np.zeros((len(self.offsets) - 1, scores.shape[1]), np.float64)
        some = np.flatnonzero(np.diff(self.offsets))
        if len(some):
            found[some] = np.maximum.reduceat(scores, self.offsets[some], axis=0)
        return found


@cache
def sentence_ends() -> NDArray[np.bool_]:
    """bool[CODE_POINTS]: the tokens that end a sentence or a line."""
    ends = np.zeros(CODE_POINTS, np.bool_)
    ends[[LINE_END, *map(ord, "。!?;…")]] = True
    return ends


@njit(cache=True, nogil=True)
def _cut(
    values: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    ends: NDArray[np.bool_],
    least: int,
    most: int,
    out: NDArray[np.uint32],
    bounds: NDArray[np.int64],
    passages: NDArray[np.int64],
) -> tuple[int, int]:
    """Write the passages' tokens, where each begins, and each text's first; return how many tokens and passages."""
    written, number = 0, 0
    for text in range(len(offsets) - 1):
        passages[text] = number
        begin, end = offsets[text], offsets[text + 1]
        start = begin
        while start < end:
            stop = min(start + most, end)
            for i in range(min(start + least, end) - 1, stop):
                if ends[values[i]]:
                    stop = i + 1
                    break
            if end - stop < least // 2:
                stop = end if end - start <= most else stop
            if stop == end and end - start < least:
                start = max(begin, end - least)
            bounds[number] = written
            number += 1
            for i in range(start, stop):
                out[written] = values[i]
                written += 1
            start = stop
    passages[len(offsets) - 1] = number
    bounds[number] = written
    return written, number


def cut_passages(tokens: Tokens) -> Passages:
    """Cut tokenised texts into passages."""
    lengths = np.diff(tokens.offsets)
    most = int((lengths // LEAST_TOKENS + 1).sum())
    out = np.empty(len(tokens.values) + LEAST_TOKENS * len(lengths), np.uint32)
    bounds = np.empty(most + 1, np.int64)
    offsets = np.empty(len(tokens.offsets), np.int64)
    written, number = _cut(
        tokens.values, tokens.offsets, sentence_ends(), LEAST_TOKENS, MOST_TOKENS, out, bounds, offsets
    )
    return Passages(Tokens(out[:written], bounds[: number + 1]), offsets)
