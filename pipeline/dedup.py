"""The stage that finds out which documents are the same: once over all parts, before anything is judged."""

import time
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.arrays import map_array, read_array, write_array
from pipeline.banding import fixed_width
from pipeline.cluster_table import Grouped, grouped, kept_among, write_clusters
from pipeline.clusters import assemble, exact_groups, find_clusters
from pipeline.comparison import TEXT_SHARE
from pipeline.earlier import JointParts
from pipeline.errors import ShardError
from pipeline.form import Deduplication
from pipeline.parts import Parts
from pipeline.preference import Preference, rank
from pipeline.preference import order_keys as keys_of
from pipeline.scratch import TEXT, Scratch
from pipeline.segment import ORDER_KEYS
from pipeline.signing import EMPTY_DIGEST, Signing, mismatch
from pipeline.store import digest_file, read_schema, withdraw, write_json
from pipeline.union import MOST_DOCUMENTS

DEDUP_VERSION = "1"

_HALF, _LOW = np.uint64(32), np.uint64(0xFFFF_FFFF)

BYTES_IN_MEMORY = 1200
"""What a document costs where signatures, keys and pairs are in memory: its signature twice, 112 places of 4 bytes."""


def fits(documents: int, memory: int) -> bool:
    """Say whether a run is deduplicated in memory: 625,000 documents in 1.5 GB."""
    return documents * BYTES_IN_MEMORY <= memory // 2


def find_duplicates(
    parts: Parts,
    dedup: Deduplication,
    signing: Signing,
    preference: Preference,
    fingerprint: str,
    memory: int,
) -> dict[str, Any]:
    """Write clusters.parquet and pairs.parquet for the whole run, all of it in memory but the texts.

    Raises:
        ShardError: a part's signatures were made in another way than this run's.
    """
    begun = time.process_time()
    _check_headers(parts, signing)
    ids = parts.column("documents", "id").combine_chunks()
    exact = _fixed(parts.column("signatures", "exact"), np.dtype(np.uint64), 2)
    signatures = _fixed(parts.column("signatures", "signature"), np.dtype(np.uint32), signing.permutations)
    shingles = parts.column("signatures", "shingles").to_numpy()
    if not dedup.exact:
        exact = np.broadcast_to(EMPTY_DIGEST, exact.shape)  # which stands for no text to be the same as another
    clusters = find_clusters(
        exact, signatures, shingles if dedup.near else np.zeros_like(shingles), _order(ids),
        rank(order_keys(parts, preference)), load=parts.load_folded, signing=signing,
        threshold=dedup.threshold, memory_bytes=memory // TEXT_SHARE,
    )  # fmt: skip
    return store_clusters(parts, grouped(clusters, parts), fingerprint, begun, 0.0)


def store_clusters(parts: Parts, found: Grouped, fingerprint: str, begun: float, before: float) -> dict[str, Any]:
    """Write the tables of clusters, and the receipt.

    Args:
        parts: of the run.
        found: the clusters.
        fingerprint: of the stage.
        begun: CPU time of this process when the stage's last step began.
        before: CPU seconds that the steps before it took.
    """
    withdraw(parts.folder.whole_receipt("dedup"))
    tables = write_clusters(parts, found)
    receipt = {
        "stage": "dedup",
        "fingerprint": fingerprint,
        "documents": (parts.own if isinstance(parts, JointParts) else parts).rows,
        "clusters_of_several": int(np.count_nonzero(found.clusters.rank == 0)),
        "documents_in_them": len(found.rows),
        "outputs": {name: digest_file(parts.folder.path / f"{name}.parquet") for name in tables},
        "cpu_seconds": round(before + time.process_time() - begun, 3),
    }
    write_json(parts.folder.whole_receipt("dedup"), receipt)
    return receipt


def rank_documents(scratch: Scratch, dedup: Deduplication, preference: Preference, fingerprint: str) -> dict[str, Any]:
    """Write the position of every document in base order, and which are copies of a better one.

    Raises:
        ShardError: a part's signatures were made in another way than this run's.
    """
    begun = time.process_time()
    parts = scratch.parts
    if parts.rows >= MOST_DOCUMENTS:
        raise ShardError(f"{parts.rows} documents in one run; the limit is {MOST_DOCUMENTS}: split it by sources")
    _check_headers(parts, scratch.signing)
    # One array after the other goes to disk: of the ids, the keys of the order and the digests only one is in memory.
    ids = parts.column("documents", "id").cast(pa.large_string()).combine_chunks()
    place = _order(ids).astype(np.uint32)
    del ids
    write_array(scratch.order("id_place"), place)
    row = np.lexsort((place, rank(order_keys(parts, preference)))).astype(np.uint32)
    del place
    write_array(scratch.order("row"), row)
    position = np.empty_like(row)
    position[row] = np.arange(len(row), dtype=np.uint32)
    del row
    write_array(scratch.order("position"), position)
    copies = _copies(parts, position) if dedup.exact else np.empty((0, 2), np.uint32)
    write_array(scratch.order("copies"), copies)
    shingles = parts.column("signatures", "shingles").to_numpy()
    kind = np.where((shingles > 0) & dedup.near, TEXT, 0).astype(np.uint8)
    kind[map_array(scratch.order("row"), np.uint32)[copies[:, 0]]] = 0
    write_array(scratch.order("kind"), kind)
    return scratch.receipt("order", 0, fingerprint, begun, copies=len(copies), texts=int(np.count_nonzero(kind)))


def _copies(parts: Parts, position: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """uint32[copies, 2]: positions of the documents that are not the best with their text, each with that best."""
    halves = _fixed(parts.column("signatures", "exact"), np.dtype(np.uint64), 2)
    first = np.sort(halves[:, 0])
    repeated = np.unique(first[1:][first[1:] == first[:-1]])
    del first
    if not len(repeated):
        return np.empty((0, 2), np.uint32)
    place = np.minimum(np.searchsorted(repeated, halves[:, 0]), len(repeated) - 1)
    rows = np.flatnonzero(repeated[place] == halves[:, 0])
    rows = rows[np.argsort(position[rows])]
    group = exact_groups(halves[rows])
    copies = np.flatnonzero(group != np.arange(len(rows)))
    return np.stack([position[rows[copies]], position[rows[group[copies]]]], axis=1)


def join_clusters(scratch: Scratch, tasks: int, fingerprint: str, before: float) -> dict[str, Any]:
    """Put the clusters together from copies and edges, and write them."""
    begun = time.process_time()
    codes, similarity = _edges(scratch, tasks)
    copies = map_array(scratch.order("copies"), np.uint32, 2)
    joined = np.zeros(scratch.parts.rows, np.bool_)
    for numbers in (codes >> _HALF, codes & _LOW, copies[:, 0], copies[:, 1]):
        joined[numbers] = True
    members = np.flatnonzero(joined)
    del joined
    edges = np.empty((len(codes), 2), np.int64)
    edges[:, 0] = np.searchsorted(members, (codes >> _HALF).astype(np.int64))
    edges[:, 1] = np.searchsorted(members, (codes & _LOW).astype(np.int64))
    del codes
    group = np.arange(len(members))
    group[np.searchsorted(members, copies[:, 0])] = np.searchsorted(members, copies[:, 1])
    rows_of = scratch.rows_of(members)
    rows = np.sort(rows_of)
    id_order = map_array(scratch.order("id_place"), np.uint32)[rows].astype(np.int64)
    clusters = assemble(np.searchsorted(rows, rows_of), group, edges, similarity, id_order)
    del edges, similarity
    return store_clusters(
        scratch.parts, Grouped(rows, clusters, kept_among(scratch.parts, rows)), fingerprint, begun, before
    )


def _check_headers(parts: Parts, signing: Signing) -> None:
    for number in parts.numbers:
        path = parts.folder.part("signatures", number)
        wrong = mismatch(read_schema(path).metadata, signing)
        if wrong is not None:
            raise ShardError(f"{path}: {wrong}")


def _edges(scratch: Scratch, tasks: int) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
    """Read all edges, sorted by the better end: uint64[edges], that end in the upper half; float64[edges]."""
    paths = [scratch.path("edges", number) for number in range(tasks)]
    sizes = [path.stat().st_size // 8 for path in paths]
    codes, similarity = np.empty(sum(sizes), np.uint64), np.empty(sum(sizes), np.float64)
    at = 0
    for path, size in zip(paths, sizes, strict=True):
        codes[at : at + size] = read_array(path, np.uint64)
        similarity[at : at + size] = read_array(path.with_suffix(".similarity"), np.float64)
        at += size
    codes = codes << _HALF | codes >> _HALF
    order = np.argsort(codes)
    codes = codes[order]
    return codes, similarity[order]


def _fixed(column: pa.ChunkedArray, dtype: np.dtype[Any], width: int) -> NDArray[Any]:
    """View a column of fixed-size binaries as rows of numbers."""
    pieces = [fixed_width(chunk, dtype, width) for chunk in column.chunks]
    return np.concatenate(pieces) if pieces else np.empty((0, width), dtype)


def _order(ids: pa.Array) -> NDArray[np.int64]:
    """int64[n]: the place of each id among the sorted ids."""
    place = np.empty(len(ids), np.int64)
    place[pc.sort_indices(ids).to_numpy()] = np.arange(len(ids))
    return place


def order_keys(parts: Parts, preference: Preference) -> NDArray[np.int64]:
    """Work out whom one would rather keep, also among earlier documents: int64[n, ORDER_KEYS], smaller is better."""
    if isinstance(parts, JointParts):
        return np.concatenate([order_keys(parts.own, preference), parts.order])
    keys = keys_of(parts, preference)
    return np.pad(keys, ((0, 0), (0, ORDER_KEYS - keys.shape[1])))
