"""The stage that finds out which documents are the same: once over all parts, before anything is judged."""

import time
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.clusters import Clusters, find_clusters
from pipeline.election import elect
from pipeline.errors import ShardError
from pipeline.form import Deduplication
from pipeline.parts import Parts
from pipeline.preference import Preference, base_order
from pipeline.schema import CLUSTERS, PAIRS
from pipeline.signing import EMPTY_DIGEST, Signing, mismatch
from pipeline.store import digest_file, read_schema, withdraw, write_json, write_table

DEDUP_VERSION = "1"


def find_duplicates(
    parts: Parts,
    dedup: Deduplication,
    signing: Signing,
    preference: Preference,
    fingerprint: str,
    memory: int,
) -> dict[str, Any]:
    """Write clusters.parquet and pairs.parquet for the whole run.

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
        base_order(parts, preference), load=parts.load_folded, signing=signing,
        threshold=dedup.threshold, memory_bytes=memory,
    )  # fmt: skip
    withdraw(parts.folder.whole_receipt("dedup"))
    write_table(parts.folder.path / "clusters.parquet", _cluster_table(ids, clusters))
    write_table(parts.folder.path / "pairs.parquet", _pair_table(clusters))
    receipt = {
        "stage": "dedup",
        "fingerprint": fingerprint,
        "documents": parts.rows,
        "clusters_of_several": int(np.count_nonzero((clusters.rank == 0) & (clusters.size > 1))),
        "prefer": preference.keys,
        "bands": f"{signing.bands} x {signing.rows}",
        "documents_in_them": int(np.count_nonzero(clusters.size > 1)),
        "outputs": {name: digest_file(parts.folder.path / f"{name}.parquet") for name in ("clusters", "pairs")},
        "cpu_seconds": round(time.process_time() - begun, 3),
    }
    write_json(parts.folder.whole_receipt("dedup"), receipt)
    return receipt


def _check_headers(parts: Parts, signing: Signing) -> None:
    for number in parts.numbers:
        path = parts.folder.part("signatures", number)
        wrong = mismatch(read_schema(path).metadata, signing)
        if wrong is not None:
            raise ShardError(f"{path}: {wrong}")


def _fixed(column: pa.ChunkedArray, dtype: np.dtype[Any], width: int) -> NDArray[Any]:
    """View a column of fixed-size binaries as rows of numbers."""
    pieces = []
    for chunk in column.chunks:
        size = chunk.type.byte_width
        data = chunk.buffers()[1]
        pieces.append(np.frombuffer(data, np.uint8)[chunk.offset * size : (chunk.offset + len(chunk)) * size])
    flat = np.concatenate(pieces) if pieces else np.empty(0, np.uint8)
    return flat.view(dtype).reshape(-1, width)


def _order(ids: pa.Array) -> NDArray[np.int64]:
    """int64[n]: the place of each id among the sorted ids."""
    place = np.empty(len(ids), np.int64)
    place[pc.sort_indices(ids).to_numpy()] = np.arange(len(ids))
    return place


def _cluster_table(ids: pa.Array, clusters: Clusters) -> pa.Table:
    """Lay the clusters out as if every document passed every other rule."""
    election = elect(clusters, np.ones(len(ids), np.bool_))
    alone = election.of < 0
    return pa.table(
        [
            ids,
            ids.take(pa.array(clusters.cluster)),
            pa.array(election.rank),
            pa.array(clusters.size),
            ids.take(pa.array(election.of, mask=alone)),
            pa.array(election.jaccard, mask=alone),
            pa.array(clusters.rank),
            pa.array(clusters.exact_group),
        ],
        schema=CLUSTERS,
    )


def _pair_table(clusters: Clusters) -> pa.Table:
    a, b = clusters.edges.T
    return pa.table([pa.array(a), pa.array(b), pa.array(clusters.edge_jaccard)], schema=PAIRS)
