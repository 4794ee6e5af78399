"""The questions of benchmarks as arrays that a kernel can search: characters, parts, and anchors that lead to them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from filters.benchmark_items import Item
from filters.characters import Kind, kind_table
from filters.fold import Folded
from filters.frequency import character_log_frequency
from filters.texts import Texts

ANCHOR = 6
"""Characters of an anchor: short, so that 《红楼梦》的作者是 has one; the rare are chosen, so that few lead nowhere."""
GRAM = 5
"""Coverage is counted in 5-grams, as resemblance is in deduplication; a shorter option is looked for as a whole."""
ANCHORS_AN_ITEM = 6
SHARED = 8
"""An anchor that more items have is a stock phrase (下列说法正确的是) and leads to none of them."""
LEAST_CHARS = 12
SLACK = 64
"""Characters around an item that option letters, numbers, an answer or a hint may take."""
_CONTENT = (Kind.HAN, Kind.LATIN, Kind.KANA, Kind.HANGUL, Kind.LETTER, Kind.DIGIT)
_BASE = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Index:
    """Items as arrays. Part p is chars[part_offsets[p]:part_offsets[p + 1]]; an item's first part is its question."""

    names: tuple[tuple[str, str], ...]
    """Benchmark and id of each item."""
    chars: NDArray[np.uint32]
    part_offsets: NDArray[np.int64]
    item_offsets: NDArray[np.int64]
    """int64[items + 1]: item i has the parts item_offsets[i] up to item_offsets[i + 1]."""
    keys: NDArray[np.uint64]
    """Hashes of anchors, an open-addressing table; `rows` has the first anchor of each, -1 where a slot is free."""
    rows: NDArray[np.int32]
    anchor_item: NDArray[np.int32]
    anchor_at: NDArray[np.int32]
    """Where each anchor begins in `chars`."""
    next_anchor: NDArray[np.int32]
    """The next anchor with the same hash, or -1."""
    sieve: NDArray[np.uint8]
    """bool by 16 to 24 bits of the hash: no for nearly all that are no anchor."""
    unfindable: int
    """Items left out: too short, or without an anchor of their own."""


@njit(cache=True, nogil=True)
def _keep(
    values: NDArray[np.uint32], offsets: NDArray[np.int64], kept: NDArray[np.bool_], out: NDArray[np.uint32],
    out_offsets: NDArray[np.int64],
) -> int:  # fmt: skip
    written = 0
    for text in range(len(offsets) - 1):
        out_offsets[text] = written
        for i in range(offsets[text], offsets[text + 1]):
            out[written] = values[i]
            written += kept[values[i]]
    out_offsets[len(offsets) - 1] = written
    return written


@njit(cache=True, nogil=True)
def gram_hashes(values: NDArray[np.uint32], size: int, base: np.uint64) -> NDArray[np.uint64]:
    """uint64[total]: hash of the n-gram that begins at each code point; 0 where fewer than `size` are left.

    A polynomial modulo 2^64, mixed so that its upper and middle bits serve as an address.
    """
    hashes = np.zeros(len(values), np.uint64)
    power = np.uint64(1)
    for _ in range(size):
        power *= base
    key = np.uint64(0)
    for i in range(len(values)):
        key = key * base + np.uint64(values[i]) + np.uint64(1)
        if i >= size:
            key -= power * (np.uint64(values[i - size]) + np.uint64(1))
        if i >= size - 1:
            mixed = (key ^ (key >> np.uint64(29))) * base
            hashes[i - size + 1] = mixed ^ (mixed >> np.uint64(32))
    return hashes


def content(folded: Folded) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Keep of folded texts the letters, digits and Han characters: uint32[total] and int64[texts + 1]."""
    out = np.empty(len(folded.values) + 1, np.uint32)
    offsets = np.empty(len(folded.offsets), np.int64)
    written = _keep(folded.values, folded.offsets, np.isin(kind_table(), _CONTENT), out, offsets)
    return out[:written], offsets


def build_index(items: Sequence[Item]) -> Index:
    """Lay items out for searching."""
    parts = [part for item in items for part in (item.stem, *item.options)]
    chars, part_offsets = content(Texts(pa.array(parts, pa.large_string())).folded)
    hashes = gram_hashes(chars, ANCHOR, _BASE).tolist()
    rarity = np.concatenate([[0.0], np.cumsum(character_log_frequency()[chars], dtype=np.float64)])
    names: list[tuple[str, str]] = []
    kept: list[list[int]] = []
    spans: list[list[range]] = []
    part = 0
    for item in items:
        mine = [
            p for p in range(part, part + 1 + len(item.options)) if p == part or part_offsets[p + 1] > part_offsets[p]
        ]
        part += 1 + len(item.options)
        places = [range(int(part_offsets[p]), int(part_offsets[p + 1]) - ANCHOR + 1) for p in mine]
        whole = sum(int(part_offsets[p + 1] - part_offsets[p]) for p in mine)
        if whole >= LEAST_CHARS and part_offsets[mine[0] + 1] > part_offsets[mine[0]]:
            names.append((item.benchmark, item.name))
            kept.append(mine)
            spans.append(places)
    holders: Counter[int] = Counter(key for places in spans for key in {hashes[at] for r in places for at in r})
    anchors: list[tuple[int, int]] = []
    found: list[int] = []
    for number, places in enumerate(spans):
        mine_at = _choose(places, hashes, holders, rarity)
        if mine_at:
            anchors += [(len(found), at) for at in mine_at]
            found.append(number)
    return _lay_out(
        [names[n] for n in found],
        [kept[n] for n in found],
        anchors,
        hashes,
        chars,
        part_offsets,
        len(items) - len(found),
    )


def _choose(
    places: Sequence[range], hashes: Sequence[int], holders: Counter[int], rarity: NDArray[np.float64]
) -> list[int]:
    """Choose an item's anchors: the rarest by its characters in each stretch of the question, none of a stock phrase.

    Options are often phrases of everyday; only where the question has nothing of its own do they have to serve.
    """
    own = [at for at in places[0] if holders[hashes[at]] <= SHARED]
    own = own or [at for stretch in places[1:] for at in stretch if holders[hashes[at]] <= SHARED]
    step = max(1, -(-len(own) // ANCHORS_AN_ITEM))
    stretches = (own[i : i + step] for i in range(0, len(own), step))
    return [min(stretch, key=lambda at: (rarity[at + ANCHOR] - rarity[at], at)) for stretch in stretches]


def _lay_out(
    names: Sequence[tuple[str, str]],
    kept: Sequence[Sequence[int]],
    anchors: Sequence[tuple[int, int]],
    hashes: Sequence[int],
    chars: NDArray[np.uint32],
    part_offsets: NDArray[np.int64],
    unfindable: int,
) -> Index:
    """Copy the kept parts together and put the anchors into their tables."""
    flat, at, item_at, moved = [np.zeros(0, np.uint32)], [0], [0], {}
    for parts in kept:
        for p in parts:
            moved[p] = at[-1] - int(part_offsets[p])
            flat.append(chars[part_offsets[p] : part_offsets[p + 1]])
            at.append(at[-1] + len(flat[-1]))
        item_at.append(len(at) - 1)
    starts = np.sort(np.array(list(moved), np.int64))
    places = np.array([place for _, place in anchors], np.int64)
    holding = starts[np.searchsorted(part_offsets[starts], places, side="right") - 1] if len(anchors) else places
    anchor_at = places + np.array([moved[p] for p in holding.tolist()], np.int64)
    keys, rows, following = _table([hashes[place] for place in places.tolist()])
    bits = min(24, max(16, 4 + len(anchors).bit_length()))
    sieve = np.zeros(1 << bits, np.uint8)
    sieve[(keys[rows >= 0] >> np.uint64(40)) & np.uint64(len(sieve) - 1)] = 1
    return Index(
        tuple(names), np.concatenate(flat), np.array(at, np.int64), np.array(item_at, np.int64), keys, rows,
        np.array([item for item, _ in anchors], np.int32), anchor_at.astype(np.int32), following, sieve, unfindable,
    )  # fmt: skip


def _table(hashes: Iterable[int]) -> tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.int32]]:
    wanted = list(hashes)
    room = 16
    while room < 2 * len(wanted):
        room *= 2
    keys, rows = np.zeros(room, np.uint64), np.full(room, -1, np.int32)
    following = np.full(len(wanted), -1, np.int32)
    slots: dict[int, int] = {}
    for row, key in enumerate(wanted):
        slot = slots.get(key, -1)
        if slot < 0:
            slot = (key >> 20) & (room - 1)
            while rows[slot] >= 0:
                slot = (slot + 1) & (room - 1)
            slots[key] = slot
        keys[slot] = key
        following[row], rows[slot] = rows[slot], row
    return keys, rows, following
