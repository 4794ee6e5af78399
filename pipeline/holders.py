"""Who holds what: hashes with the documents they stand in, written part by part and counted by ranges of hashes."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.store import PartWriter, RunFolder, digest_file, read_between, withdraw, write_json

HOLDERS = pa.schema(
    [
        pa.field("hash", pa.uint64(), nullable=False),
        pa.field("cluster", pa.uint64(), nullable=False),
        pa.field("order", pa.int64(), nullable=False),
    ]
)
"""One row for a hash and a document that it stands in: the document's cluster (duplicates count once), and its place
among all documents, the one that one would rather keep first."""

COMMON = pa.schema(
    [
        pa.field("part", pa.int64(), nullable=False),
        pa.field("hash", pa.uint64(), nullable=False),
        pa.field("owner", pa.uint64(), nullable=False),
    ]
)
"""What enough clusters hold: a row for every part that it stands in. owner: cluster of the best document."""

ROWS_IN_GROUP = 1 << 16
"""Rows of a row group, 1.5 MB: what a range reads too much at either end of a run."""

ROWS_IN_RUN = 1 << 21
"""Rows that are sorted together before they are written: 48 MB, and as much again for the order."""

BYTES_PER_ROW = 128
"""What a row costs while it is counted: 28 bytes as read, as many end to end, sorted, and counted."""


@dataclass(frozen=True, slots=True)
class Holders:
    """Hashes, and the documents that hold them; columns of `HOLDERS`."""

    hashes: NDArray[np.uint64]
    clusters: NDArray[np.uint64]
    orders: NDArray[np.int64]

    def distinct(self) -> "Holders":
        """Return them by hash and cluster, of each two the best document."""
        order = np.lexsort((self.orders, self.clusters, self.hashes))
        hashes, clusters = self.hashes[order], self.clusters[order]
        new = np.ones(len(hashes), np.bool_)
        new[1:] = (hashes[1:] != hashes[:-1]) | (clusters[1:] != clusters[:-1])
        return Holders(hashes[new], clusters[new], self.orders[order][new])


def write_holders(path: Path, found: Iterable[Holders]) -> int:
    """Write rows as runs that are sorted by hash, and return how many they are."""
    rows = waiting = 0
    run: list[Holders] = []

    def flush() -> int:
        columns = [np.concatenate(c) for c in zip(*((h.hashes, h.clusters, h.orders) for h in run), strict=True)]
        sorted_run = Holders(*columns).distinct()
        for begin in range(0, len(sorted_run.hashes), ROWS_IN_GROUP):
            piece = slice(begin, begin + ROWS_IN_GROUP)
            values = (sorted_run.hashes[piece], sorted_run.clusters[piece], sorted_run.orders[piece])
            writer.write(pa.record_batch([pa.array(value) for value in values], schema=HOLDERS))
        run.clear()
        return len(sorted_run.hashes)

    with PartWriter([(path, HOLDERS)]) as writer:
        for holders in found:
            run.append(holders)
            waiting += len(holders.hashes)
            if waiting >= ROWS_IN_RUN:
                rows, waiting = rows + flush(), 0
        if run:
            rows += flush()
    return rows


def among(hashes: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Say which hashes are among `known`, which ascends: bool[hashes]."""
    if not len(known):
        return np.zeros(len(hashes), np.bool_)
    return np.asarray(known[np.minimum(np.searchsorted(known, hashes), len(known) - 1)] == hashes, np.bool_)


def _repeated(hashes: NDArray[np.uint64], least: int) -> NDArray[np.uint64]:
    """Find the hashes that occur so many times at least, ascending."""
    ascending = np.sort(hashes)
    behind = ascending[least - 1 :]
    return np.unique(behind[behind == ascending[: len(behind)]])


def bounds(number: int, ranges: int) -> tuple[int, int]:
    """Return the first and the last hash of one of equal ranges of all hashes."""
    return (number << 64) // ranges, ((number + 1) << 64) // ranges - 1


def count_holders(
    folder: RunFolder, stage: str, tables: tuple[str, str], parts: Sequence[int], number: int, ranges: int,
    least: int, fingerprint: str,
) -> dict[str, Any]:  # fmt: skip
    """Find what enough clusters hold, in one range of hashes.

    Args:
        folder: of the run.
        stage: whose receipt this is.
        tables: of `HOLDERS`, by part, that is read, and of `COMMON`, by range, that is written.
        parts: numbers of the parts.
        number: of the range.
        ranges: how many there are.
        least: clusters.
        fingerprint: of the receipt.
    """
    begun = time.process_time()
    withdraw(folder.receipt(stage, number))
    low, high = bounds(number, ranges)
    columns: list[list[NDArray[Any]]] = [[np.empty(0, np.uint64)], [np.empty(0, np.uint64)], [np.empty(0, np.int64)]]
    sizes = []
    for part in parts:
        table = read_between(folder.part(tables[0], part), "hash", low, high)
        for values, name in zip(columns, HOLDERS.names, strict=True):
            values.append(table[name].to_numpy())
        sizes.append(table.num_rows)
    hashes, clusters, orders = (np.concatenate(values) for values in columns)
    ends = np.cumsum(sizes).tolist()
    chosen = among(hashes, _repeated(hashes, least))  # most stand in one place: those need no sorting by cluster
    found = Holders(hashes[chosen], clusters[chosen], orders[chosen]).distinct()
    first = np.flatnonzero(np.concatenate([[True], found.hashes[1:] != found.hashes[:-1]])[: len(found.hashes)])
    counts = np.diff(np.append(first, len(found.hashes)))
    best = np.lexsort((found.orders, found.hashes))[first]  # of each hash the row with the best document
    enough = counts >= least
    common, owners = found.hashes[first][enough], found.clusters[best][enough]
    path = folder.part(tables[1], number)
    with PartWriter([(path, COMMON)]) as writer:
        for part, size, end in zip(parts, sizes, ends, strict=True):
            mine = hashes[end - size : end]
            here = np.unique(mine[among(mine, common)])
            shared = (np.full(len(here), part), here, owners[np.searchsorted(common, here)])
            writer.write(pa.record_batch([pa.array(value) for value in shared], schema=COMMON))
    receipt = {
        "stage": stage,
        "part": number,
        "fingerprint": fingerprint,
        "rows": len(hashes),
        "common": len(common),
        "outputs": {tables[1]: digest_file(path)},
        "cpu_seconds": round(time.process_time() - begun, 3),
    }
    write_json(folder.receipt(stage, number), receipt)
    return receipt


def common_of(folder: RunFolder, table: str, ranges: int, part: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Read what is common in a part: hashes, ascending, and the cluster that owns each."""
    hashes, owners = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)]
    for number in range(ranges):
        mine = read_between(folder.part(table, number), "part", part, part)
        hashes.append(mine["hash"].to_numpy())
        owners.append(mine["owner"].to_numpy())
    return np.concatenate(hashes), np.concatenate(owners)
