"""Every place where one of some hundred or thousand fixed phrases stands in folded text, in one pass."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from filters.fold import Folded, fold_segment

_FACTOR, _MASK = np.uint32(40_503), np.uint32((1 << 16) - 1)
_STEP = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class PhraseTable:
    """Folded phrases as a tree whose edges lie in a hash table; node 0 is the root."""

    phrases: tuple[str, ...]
    """As given; a hit names one by its place here."""
    pairs: NDArray[np.uint8]
    """uint8[8192]: a bit for each hash of two characters, set where a phrase begins with such; small enough for the
    fastest cache, so that text without phrases costs next to nothing."""
    keys: NDArray[np.uint64]
    """Edges: node << 32 | character, open addressing; 0 where free."""
    nodes: NDArray[np.int32]
    """Where the edge leads."""
    ends: NDArray[np.int32]
    """int32[nodes]: the phrase that ends there, -1 if none."""


def _slot(key: int, room: int) -> int:
    return ((key * int(_STEP)) & 0xFFFFFFFFFFFFFFFF) >> 32 & (room - 1)


def table_of(phrases: Iterable[str]) -> PhraseTable:
    """Make the table of phrases of two folded characters or more.

    Raises:
        ValueError: a phrase is shorter, or stands twice.
    """
    given = tuple(phrases)
    edges: dict[int, int] = {}
    ends = [-1]
    pairs = np.zeros((1 << 16) >> 3, np.uint8)
    for number, phrase in enumerate(given):
        codes = fold_segment(phrase)
        if len(codes) < 2:  # noqa: PLR2004 - a pair is looked for first
            raise ValueError(f"a phrase has two characters or more: {phrase!r}")
        node = 0
        for code in codes:
            key = node << 32 | code
            if key not in edges:
                edges[key] = len(ends)
                ends.append(-1)
            node = edges[key]
        if ends[node] >= 0:
            raise ValueError(f"a phrase stands twice: {phrase!r}")
        ends[node] = number
        pair = (codes[0] * int(_FACTOR) + codes[1]) & int(_MASK)
        pairs[pair >> 3] |= 1 << (pair & 7)
    room = 1 << (2 * len(edges)).bit_length()
    keys, nodes = np.zeros(room, np.uint64), np.zeros(room, np.int32)
    for key, node in edges.items():
        slot = _slot(key, room)
        while keys[slot]:
            slot = (slot + 1) & (room - 1)
        keys[slot], nodes[slot] = key, node
    return PhraseTable(given, pairs, keys, nodes, np.array(ends, np.int32))


@njit(cache=True, nogil=True)
def _candidates(values: NDArray[np.uint32], pairs: NDArray[np.uint8], places: NDArray[np.int64]) -> int:
    """Write the places where two characters stand that may begin a phrase; return how many."""
    written = 0
    for i in range(len(values) - 1):
        pair = np.uint32(values[i] * _FACTOR + values[i + 1]) & _MASK
        # Without a branch: written where it is one, overwritten by the next where it is none.
        places[written] = i
        written += (pairs[pair >> np.uint32(3)] >> np.uint8(pair & np.uint32(7))) & 1
    return written


@njit(cache=True, nogil=True)
def _match(
    values: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    keys: NDArray[np.uint64],
    nodes: NDArray[np.int32],
    ends: NDArray[np.int32],
    places: NDArray[np.int64],
    found: NDArray[np.int64],
) -> int:
    """Write found[·] = text, phrase, place behind the text's beginning; return how many."""
    hits, text, free = 0, 0, 0
    room = np.uint64(len(keys) - 1)
    for place in places:
        if place < free:
            continue
        while place >= offsets[text + 1]:
            text += 1
        node, best = 0, -1
        for k in range(place, offsets[text + 1]):
            key = np.uint64(node) << np.uint64(32) | np.uint64(values[k])
            slot = (key * _STEP) >> np.uint64(32) & room
            while keys[slot] != 0 and keys[slot] != key:
                slot = (slot + np.uint64(1)) & room
            if keys[slot] == 0:
                break
            node = nodes[slot]
            if ends[node] >= 0:
                best, free = ends[node], k + 1
        if best >= 0:
            found[hits, 0], found[hits, 1], found[hits, 2] = text, best, place - offsets[text]
            hits += 1
    return hits


def search(folded: Folded, table: PhraseTable) -> NDArray[np.int64]:
    """Find the longest phrase at each place, places ascending and without overlap.

    Returns:
        int64[hits, 3]: text, phrase (its number in the table), place in the folded text.
    """
    places = np.empty(len(folded.values) + 1, np.int64)
    places = places[: _candidates(folded.values, table.pairs, places)]
    found = np.empty((len(places), 3), np.int64)
    hits = _match(folded.values, folded.offsets, table.keys, table.nodes, table.ends, places, found)
    return found[:hits]
