"""Candidate pairs where signatures do not fit into memory: band keys in partitions, then what these pair."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.arrays import array_writer, map_array, read_array, write_array
from pipeline.candidates import agreement, band_keys, candidate_pairs, least_agreement
from pipeline.executor import report
from pipeline.scratch import TEXT, Scratch
from pipeline.store import read_batches
from pipeline.union import packed, unpacked

LOCAL = np.uint64(28)
"""Bits of a row number in one cell of a partition; the other 36 of a word are the key's."""

ROW_BYTES = 64
"""What a row costs while its partition is paired: key, position, the sorted word and copies on the way."""

ROWS_IN_PARTITION = 30_000_000
"""What a partition takes on, cell by cell: some ten seconds of work, so that a billion documents make 470 tasks."""

PAIR_BYTES = 48
"""What a pair costs while partitions are united: its code in every partition that has it, sorted, and its ends."""

_HIGH = np.uint64(32)


def cut_bands(bands: int, texts: int, memory: int) -> tuple[int, list[range]]:
    """Choose into how many ranges the keys of a band are cut, and which cells (a range of a band) make a partition.

    Args:
        bands: of a signature.
        texts: rows of every band.
        memory: bytes that a worker may use; the rows of a cell, which are paired at once, take half of it.

    Returns:
        The number of ranges; the cells of each partition, numbered band by band.
    """
    ranges = max(1, -(-texts * ROW_BYTES // max(1, memory // 2)))
    cells = bands * ranges
    together = max(1, ROWS_IN_PARTITION * ranges // max(1, texts))
    return ranges, [range(first, min(first + together, cells)) for first in range(0, cells, together)]


def write_keys(scratch: Scratch, group: int, ranges: int, fingerprint: str) -> dict[str, Any]:
    """Write the signatures of a group of parts, row by row, and their band keys, cell by cell."""
    begun = time.process_time()
    low, high = scratch.groups[group], scratch.groups[group + 1]
    position = read_array(scratch.order("position"), np.uint32, low, high)
    texts = np.flatnonzero(read_array(scratch.order("kind"), np.uint8, low, high) == TEXT)
    signing = scratch.signing
    signatures = np.empty((high - low, signing.permutations), np.uint32)
    at = 0
    for number, _ in scratch.parts.within(low, high):
        for batch in read_batches(scratch.parts.folder.part("signatures", number), ["signature"]):
            rows = fixed_width(batch["signature"].combine_chunks(), np.dtype(np.uint32), signing.permutations)
            signatures[at : at + len(rows)] = rows
            at += len(rows)
            report(len(rows))
    write_array(scratch.path("signatures", group), signatures)
    cuts = [np.zeros(1, np.int64)]
    keys_path = scratch.path("keys", group)
    with array_writer(keys_path) as keys_file, array_writer(keys_path.with_suffix(".positions")) as positions_file:
        for keys in band_keys(signatures, signing, texts).T:
            # Equal slices of the key's upper half: 2^32 times as many values as there are ranges, at least.
            cell = ((keys >> _HIGH) * np.uint64(ranges) >> _HIGH).astype(np.uint16)
            order = np.argsort(cell, kind="stable") if ranges > 1 else np.arange(len(keys))
            keys_file.add(keys[order])
            positions_file.add(position[texts[order]])
            cuts.append(cuts[-1][-1] + np.cumsum(np.bincount(cell, minlength=ranges)))
    write_array(keys_path.with_suffix(".cuts"), np.concatenate(cuts).astype(np.int64))
    return scratch.receipt("keys", group, fingerprint, begun, texts=len(texts))


def fixed_width(column: Any, dtype: np.dtype[Any], width: int) -> NDArray[Any]:  # noqa: ANN401 - pyarrow has no types
    """View an Arrow array of fixed-size binaries as rows of numbers."""
    size = column.type.byte_width
    data = np.frombuffer(column.buffers()[1], np.uint8)
    return data[column.offset * size : (column.offset + len(column)) * size].view(dtype).reshape(-1, width)


def pair_partition(scratch: Scratch, number: int, cells: range, fingerprint: str) -> dict[str, Any]:
    """Write the pairs of texts that share a key in the cells of one partition: sorted codes, no pair twice."""
    begun = time.process_time()
    groups = range(len(scratch.groups) - 1)
    cuts = [map_array(scratch.path("keys", group).with_suffix(".cuts"), np.int64) for group in groups]
    found = np.empty(0, np.uint64)
    rows = 0
    for cell in cells:
        keys, positions = [], []
        for group in groups:
            begin, end = int(cuts[group][cell]), int(cuts[group][cell + 1])
            path = scratch.path("keys", group)
            keys.append(read_array(path, np.uint64, begin, end))
            positions.append(read_array(path.with_suffix(".positions"), np.uint32, begin, end))
        cell_keys = np.concatenate(keys)
        keys.clear()
        found = distinct(np.concatenate([found, cell_pairs(cell_keys, np.concatenate(positions))]))
        rows += len(cell_keys)
        report(len(cell_keys))
    write_array(scratch.path("pairs", number), found)
    return scratch.receipt("pairs", number, fingerprint, begun, rows=rows, pairs=len(found))


def cell_pairs(keys: NDArray[np.uint64], positions: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Pair the texts of one cell that share a key: codes, not sorted."""
    if len(keys) > 1 << int(LOCAL):
        raise ValueError(f"{len(keys)} rows in a cell; there is room for {1 << int(LOCAL)}")
    # Most keys stand alone. Sorting words of 36 bits of key and 28 of row finds those that do not, at a sixth of what
    # ordering rows by the whole key costs; the few that only share the 36 bits are told apart below.
    words = (keys << LOCAL) | np.arange(len(keys), dtype=np.uint64)
    words.sort()
    alike = np.flatnonzero((words[1:] ^ words[:-1]) >> LOCAL == 0)
    several = np.zeros(len(words), np.bool_)
    several[alike] = True
    several[alike + 1] = True
    rows = (words[several] & ((np.uint64(1) << LOCAL) - np.uint64(1))).astype(np.int64)
    del words, several, alike
    rows = rows[np.argsort(positions[rows])]
    pairs = candidate_pairs(keys[rows])
    places = positions[rows].astype(np.int64)
    return packed(places[pairs[:, 0]], places[pairs[:, 1]])


def distinct(codes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Sort pairs, in place, and return them without repetitions."""
    codes.sort()
    new = np.ones(len(codes), np.bool_)
    new[1:] = codes[1:] != codes[:-1]
    return codes[new]


def cut_codes(scratch: Scratch, partitions: int, pairs: int) -> NDArray[np.uint64]:
    """Choose where the pairs of all partitions are cut, so that what lies between two cuts fits into memory.

    Which cuts are chosen changes no result.
    """
    slabs = max(1, -(-pairs * PAIR_BYTES // max(1, scratch.memory // 4)))
    if slabs == 1:
        return np.empty(0, np.uint64)
    samples = []
    for number in range(partitions):
        codes = map_array(scratch.path("pairs", number), np.uint64)
        samples.append(np.array(codes[:: max(1, len(codes) // 4096)]))
    sample = np.sort(np.concatenate(samples))
    return np.unique(sample[np.arange(1, slabs) * len(sample) // slabs])


def keep_likely(
    scratch: Scratch, number: int, partitions: int, bounds: tuple[int, int], fingerprint: str
) -> dict[str, Any]:
    """Write those pairs of a range of codes whose signatures agree in enough places, sorted, from all partitions."""
    begun = time.process_time()
    pieces = []
    for partition in range(partitions):
        path = scratch.path("pairs", partition)
        codes = map_array(path, np.uint64)
        begin = int(np.searchsorted(codes, np.uint64(bounds[0])))
        end = int(np.searchsorted(codes, np.uint64(bounds[1] - 1), "right"))
        pieces.append(read_array(path, np.uint64, begin, end))
    whole = distinct(np.concatenate(pieces))
    pieces.clear()
    kept = 0
    with array_writer(scratch.path("likely", number)) as writer:
        for begin in range(0, len(whole), pairs_at_once(scratch)):
            end = min(begin + pairs_at_once(scratch), len(whole))
            likely = agreeing(scratch, whole[begin:end])
            writer.add(likely)
            kept += len(likely)
            report(end - begin)
    return scratch.receipt("likely", number, fingerprint, begun, compared=len(whole), pairs=kept)


def pairs_at_once(scratch: Scratch) -> int:
    """Return for how many pairs the signatures of both ends take an eighth of the memory at most."""
    return max(1, scratch.memory // 8 // (2 * 4 * scratch.signing.permutations))


def agreeing(scratch: Scratch, codes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the pairs whose signatures agree in enough places, in their order."""
    pairs = unpacked(codes)
    positions, places = np.unique(pairs, return_inverse=True)
    agreed = agreement(scratch.signatures(positions), places.reshape(-1, 2))
    return codes[agreed >= least_agreement(scratch.signing, scratch.threshold)]
