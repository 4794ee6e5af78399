"""Many terms as one table, found in one pass whatever their number.

Every beginning of every term stands in it by its hash, so a walk through a text ends as soon as no term goes on.

Most walks do not even begin: a sieve of bits says which two characters begin a term at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BASE = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Reduced:
    """Terms without what they are found in spite of, end to end; breaks are 0."""

    at: NDArray[np.int64]
    """int64[terms + 1]: the characters of term t are those from at[t] to at[t + 1]."""
    skeleton: NDArray[np.uint32]
    letter: NDArray[np.uint32]
    """Folded, before look-alikes are made one."""
    run: NDArray[np.int32]
    """How often it stands there in a row; digits are never put together."""
    gap: NDArray[np.uint8]
    """What stood between it and the character before."""


@dataclass(frozen=True, slots=True)
class TermIndex:
    """Patterns: the reduced forms of terms, each with what it may differ by."""

    sieve: NDArray[np.uint64]
    keys: NDArray[np.uint64]
    rows: NDArray[np.int32]
    """Of each slot: -1 free, -2 a beginning only, else the first pattern that ends there."""
    following: NDArray[np.int32]
    """The next pattern with the same skeleton, -1 behind the last."""
    patterns: Reduced
    allowed: NDArray[np.uint8]
    """Bits that a hit of the pattern may have."""
    unlike: NDArray[np.uint8]
    """Bits that it must have."""
    heard: bool
    """Whether Han characters are compared by their sound."""


def build_index(patterns: Reduced, allowed: Sequence[int], unlike: Sequence[int], *, heard: bool = False) -> TermIndex:
    """Index patterns; those that are reduced to a single character (哈哈哈) are found nowhere."""
    at, skeleton = patterns.at, patterns.skeleton.astype(np.uint64)
    lengths = np.diff(at)
    ends, key = np.zeros(len(lengths), np.uint64), np.zeros(len(lengths), np.uint64)
    beginnings = [np.empty(0, np.uint64)]
    with np.errstate(over="ignore"):
        for place in range(int(lengths.max(initial=0))):
            longer = np.flatnonzero(lengths > place)
            key[longer] = (key[longer] + skeleton[at[longer] + place] + np.uint64(1)) * BASE
            if place > 0:
                beginnings.append(key[longer])
            ending = longer[lengths[longer] == place + 1]
            ends[ending] = key[ending]
    keys, rows = _table(np.unique(np.concatenate(beginnings)))
    usable = np.flatnonzero(lengths > 1)
    following = _chain(keys, rows, ends, usable)
    return TermIndex(
        _sieve(skeleton, at[usable]),
        keys,
        rows,
        following,
        patterns,
        np.array(allowed, np.uint8),
        np.array(unlike, np.uint8),
        heard,
    )


def _slot(key: int, room: int) -> int:
    return key >> 32 & (room - 1)


def _table(unique: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Put hashes into an open-addressing table at most a quarter full; all at once, round by round."""
    room = 1 << max(6, (4 * len(unique)).bit_length())
    keys, rows = np.zeros(room, np.uint64), np.full(room, -1, np.int32)
    left, slots = unique, (unique >> np.uint64(32) & np.uint64(room - 1)).astype(np.int64)
    while len(left):
        free = rows[slots] == -1
        _, first = np.unique(slots, return_index=True)
        winners = first[free[first]]
        keys[slots[winners]], rows[slots[winners]] = left[winners], -2
        keep = np.ones(len(left), np.bool_)
        keep[winners] = False
        left, slots = left[keep], (slots[keep] + 1) & (room - 1)
    return keys, rows


def _chain(
    keys: NDArray[np.uint64], rows: NDArray[np.int32], ends: NDArray[np.uint64], usable: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Enter the patterns by the hash of their whole; those that share one are chained."""
    following = np.full(len(ends), -1, np.int32)
    for pattern, key in zip(usable.tolist(), ends[usable].tolist(), strict=True):
        slot = _slot(key, len(keys))
        while int(keys[slot]) != key or rows[slot] == -1:
            slot = (slot + 1) & (len(keys) - 1)
        following[pattern] = max(rows[slot], -1)
        rows[slot] = pattern
    return following


def _sieve(skeleton: NDArray[np.uint64], at: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Bits of the pairs that begin a pattern: at least 16 for each."""
    first, second = skeleton[at], skeleton[at + 1]
    bits = 1 << max(12, (16 * len(first)).bit_length())
    with np.errstate(over="ignore"):
        pair = ((first * BASE + second) * BASE >> np.uint64(24)) & np.uint64(bits - 1)
    sieve = np.zeros(bits // 64, np.uint64)
    np.bitwise_or.at(sieve, (pair >> np.uint64(6)).astype(np.int64), np.uint64(1) << (pair & np.uint64(63)))
    return sieve
