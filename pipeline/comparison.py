"""Comparing candidates that do not fit into memory: which hang together, their texts, and who resembles whom."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.arrays import array_writer, map_array, read_array, write_array
from pipeline.banding import agreeing, pairs_at_once
from pipeline.clusters import COMPLETE, LEADERS, pairs_within
from pipeline.executor import report
from pipeline.scratch import Scratch, codes_of
from pipeline.shingles import shingle_counts
from pipeline.union import link, packed, settle, unpacked
from pipeline.verify import verify_pairs

TEXT_SHARE = 12
"""Part of a worker's memory for texts that are compared at once."""

SMALL, LARGE, LEADING = "small", "large", "leading"
"""Whose pairs a task compares: all of small components, the candidates of large ones, their leaders with the rest."""

TEXTS_IN_BATCH = 1024
"""Texts folded at once."""

BATCH_PAIRS = 1 << 20
"""Pairs of small components listed at once."""


def _components(scratch: Scratch, kind: str, files: int) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Join documents along the pairs in numbered files: those that are in any, and the best one of each's component.

    Returns:
        int64[joined] by component and then by position; uint32[documents], by position.
    """
    root = np.arange(scratch.parts.rows, dtype=np.uint32)
    joined = np.zeros(len(root), np.bool_)
    for number in range(files):
        for codes in codes_of(scratch.path(kind, number)):
            link(root, codes)
            joined[unpacked(codes).ravel()] = True
    settle(root)
    members = np.flatnonzero(joined)
    return members[np.argsort(root[members], kind="stable")], root


def _starts(roots: NDArray[np.uint32]) -> NDArray[np.int64]:
    """int64[components + 1]: where each component begins among members that are sorted by it."""
    new = np.flatnonzero(roots[1:] != roots[:-1]) + 1
    return np.concatenate([np.zeros(min(len(roots), 1), np.int64), new, [len(roots)]])


def split_components(scratch: Scratch, slabs: int, fingerprint: str) -> dict[str, Any]:
    """Sort out what hangs together by likely pairs: small components by their members, large ones by their pairs."""
    begun = time.process_time()
    members, root = _components(scratch, "likely", slabs)
    rows = np.sort(map_array(scratch.order("row"), np.uint32)[members])
    write_array(scratch.order("involved"), rows)
    roots = root[members]
    starts = _starts(roots)
    large = np.diff(starts) > COMPLETE
    is_large = np.zeros(len(root), np.bool_)
    is_large[roots[starts[:-1][large]]] = True
    small = ~is_large[roots]
    write_array(scratch.order("members"), members[small].astype(np.uint32))
    write_array(scratch.order("starts"), np.cumsum(np.concatenate([[0], np.diff(starts)[~large]]), dtype=np.int64))
    codes = np.concatenate([np.empty(0, np.uint64), *_pairs_of(scratch, slabs, root, is_large)])
    # One component after the other, and within it in the order of the codes: what is compared in a row shares texts.
    codes = codes[np.argsort(root[unpacked(codes)[:, 0]], kind="stable")]
    write_array(scratch.order("large"), codes)
    counts = np.diff(starts)[~large]
    return scratch.receipt(
        "split", 0, fingerprint, begun, members=int(np.count_nonzero(small)), involved=len(members),
        components=len(counts), pairs=int((counts * (counts - 1) // 2).sum()), large=len(codes),
    )  # fmt: skip


def _pairs_of(
    scratch: Scratch, slabs: int, root: NDArray[np.uint32], is_large: NDArray[np.bool_]
) -> Iterator[NDArray[np.uint64]]:
    for number in range(slabs):
        for codes in codes_of(scratch.path("likely", number)):
            yield codes[is_large[root[unpacked(codes)[:, 0]]]]


def write_texts(scratch: Scratch, group: int, fingerprint: str) -> dict[str, Any]:
    """Write the folded texts of those documents of a group of parts that are to be compared."""
    begun = time.process_time()
    involved = map_array(scratch.order("involved"), np.uint32)
    cuts = np.searchsorted(involved, scratch.groups[group : group + 2])
    rows = np.array(involved[cuts[0] : cuts[1]], np.int64)
    path = scratch.path("texts", group)
    ends = [np.zeros(1, np.int64)]
    at = 0
    with array_writer(path) as writer:
        for begin in range(0, len(rows), TEXTS_IN_BATCH):
            batch = rows[begin : begin + TEXTS_IN_BATCH]
            values, bounds = scratch.parts.load_folded(batch)
            # Two bytes for each code point where that is enough; of a batch with one of Extension B and the like four.
            wide = bool(len(values)) and int(values.max()) >= 1 << 16
            writer.add(values if wide else values.astype(np.uint16))
            behind = at + bounds[1:] * (4 if wide else 2)
            at = int(behind[-1])
            ends.append(-behind if wide else behind)
            report(len(batch))
    write_array(path.with_suffix(".rows"), rows)
    write_array(path.with_suffix(".offsets"), np.concatenate(ends))
    return scratch.receipt("texts", group, fingerprint, begun, texts=len(rows), bytes=at)


def compare(scratch: Scratch, number: int, kind: str, bounds: tuple[int, int], fingerprint: str) -> dict[str, Any]:
    """Write the pairs that reach the threshold, with their similarity, of a slice of those that are to be compared."""
    begun = time.process_time()
    path = scratch.path("edges", number)
    compared = 0
    with array_writer(path) as edges, array_writer(path.with_suffix(".similarity")) as similarities:
        for codes in _batches(scratch, kind, *bounds):
            likely = codes if kind == LARGE else agreeing(scratch, codes)
            similarity = _similarity(scratch, likely)
            reached = similarity >= scratch.threshold
            edges.add(likely[reached])
            similarities.add(similarity[reached])
            compared += len(likely)
            report(len(codes))
    return scratch.receipt("compare", number, fingerprint, begun, compared=compared, edges=edges.rows)


def _batches(scratch: Scratch, kind: str, begin: int, end: int) -> Iterator[NDArray[np.uint64]]:
    """List the pairs of a slice: [begin, end) are components for SMALL, else pairs."""
    room = pairs_at_once(scratch)
    if kind != SMALL:
        for first in range(begin, end, room):
            yield read_array(scratch.order(kind), np.uint64, first, min(first + room, end))
        return
    starts = read_array(scratch.order("starts"), np.int64, begin, end + 1)
    counts = np.diff(starts)
    ahead = np.concatenate([[0], np.cumsum(counts * (counts - 1) // 2)])
    first = 0
    while first < len(counts):
        behind = max(first + 1, int(np.searchsorted(ahead, ahead[first] + min(room, BATCH_PAIRS), "right")) - 1)
        members = read_array(scratch.order("members"), np.uint32, int(starts[first]), int(starts[behind]))
        component = np.repeat(np.arange(behind - first), counts[first:behind])
        pairs = members[pairs_within(component, 0)]
        yield packed(pairs[:, 0], pairs[:, 1])
        first = behind


def _similarity(scratch: Scratch, codes: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Compare pairs exactly, in their order."""
    positions, places = np.unique(unpacked(codes), return_inverse=True)
    shingle = scratch.signing.shingle
    counts = shingle_counts(np.concatenate([[0], np.cumsum(scratch.text_lengths(positions))]), shingle)

    def load(documents: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        return scratch.texts(positions[documents])

    return verify_pairs(
        places.reshape(-1, 2), counts, load, shingle, scratch.memory // TEXT_SHARE, scratch.signing.unit
    )


def lead(scratch: Scratch, files: int, fingerprint: str) -> dict[str, Any]:
    """List the pairs that are still to be compared: in large components of the edges, the best with all others."""
    begun = time.process_time()
    members, root = _components(scratch, "edges", files)
    roots = root[members]
    starts = _starts(roots)
    large = np.repeat(np.diff(starts) > COMPLETE, np.diff(starts))
    chosen = members[large]
    pairs = chosen[pairs_within(root[chosen].astype(np.int64), LEADERS)]
    codes = packed(pairs[:, 0], pairs[:, 1])
    compared = np.sort(read_array(scratch.order(LARGE), np.uint64))
    if len(compared):
        place = np.minimum(np.searchsorted(compared, codes), len(compared) - 1)
        codes = codes[compared[place] != codes]
    write_array(scratch.order(LEADING), codes)
    return scratch.receipt("lead", 0, fingerprint, begun, pairs=len(codes))
