"""The tables of clusters: written and read part by part, with memory for those documents only that are not alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.clusters import Clusters
from pipeline.earlier import JointParts
from pipeline.election import Election, elect
from pipeline.parts import Parts
from pipeline.schema import CLUSTERS, EARLIER_CLUSTERS, PAIRS
from pipeline.store import PartWriter, RunFolder, read_batches, read_table, write_table

PAIRS_AT_ONCE = 1 << 20
"""Pairs in a row group: 24 MB."""

_REPEATED = ("rank", "size", "of", "jaccard", "place")
"""Columns whose values repeat; ids hardly do."""


@dataclass(frozen=True, slots=True)
class Grouped:
    """Clusters of several documents; of those that are alone there is nothing to know."""

    rows: NDArray[np.int64]
    """int64[members], ascending: which rows of the run are in them."""
    clusters: Clusters
    """Of the members, numbered by their places in `rows`."""
    kept: NDArray[np.bool_]
    """bool[members]: those that an earlier run kept, which stay whatever else is found."""


def grouped(clusters: Clusters, parts: Parts) -> Grouped:
    """Leave out the documents that are alone."""
    rows = np.flatnonzero(clusters.size > 1)
    place = np.full(len(clusters.size), -1, np.int64)
    place[rows] = np.arange(len(rows))
    return Grouped(
        rows,
        Clusters(
            place[clusters.cluster[rows]], clusters.rank[rows], clusters.size[rows], place[clusters.exact_group[rows]],
            place[clusters.edges], clusters.edge_jaccard,
        ),
        kept_among(parts, rows),
    )  # fmt: skip


def kept_among(parts: Parts, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """bool[rows]: which of these rows are documents that an earlier run kept."""
    kept = np.zeros(len(rows), np.bool_)
    if isinstance(parts, JointParts):
        behind = rows >= parts.own.rows
        kept[behind] = parts.take("documents", rows[behind], ["kept"])["kept"].to_numpy() if behind.any() else False
    return kept


def write_clusters(parts: Parts, found: Grouped) -> list[str]:
    """Write clusters.parquet, as if every document passed every other rule, and pairs.parquet.

    Of earlier documents, if there are any, earlier.parquet says the same.

    Returns:
        The names of the tables.
    """
    rows, clusters = found.rows, found.clusters
    election = elect(clusters, np.ones(len(rows), np.bool_) & ~(rows >= _own(parts).rows), found.kept)
    ids = parts.take("documents", rows, ["id"])["id"].combine_chunks() if len(rows) else pa.array([], pa.string())
    labels = _labels(parts, found, ids)
    folder = parts.folder.path
    with PartWriter([(folder / "clusters.parquet", CLUSTERS)], dictionaries=_REPEATED) as writer:
        for number, begin in _own(parts).within(0, parts.rows):
            column = read_table(parts.folder.part("documents", number), ["id"])["id"].combine_chunks()
            columns = [column, *_columns(column, begin, found, election, ids, labels)]
            writer.write(pa.record_batch([pa.array(values) for values in columns], schema=CLUSTERS))
    _write_pairs(folder / "pairs.parquet", found)
    if not isinstance(parts, JointParts):
        (folder / "earlier.parquet").unlink(missing_ok=True)
        return ["clusters", "pairs"]
    earlier = read_table(parts.folder.part("documents", parts.numbers[-1])).combine_chunks()
    column = earlier["id"].combine_chunks()
    found_out = _columns(column, parts.own.rows, found, election, ids, labels)
    write_table(folder / "earlier.parquet", pa.table([*earlier.columns, *found_out], schema=EARLIER_CLUSTERS))
    return ["clusters", "pairs", "earlier"]


def _write_pairs(path: Path, found: Grouped) -> None:
    edges, similarity = found.clusters.edges, found.clusters.edge_jaccard
    with PartWriter([(path, PAIRS)]) as writer:
        for begin in range(0, len(edges), PAIRS_AT_ONCE):
            some = slice(begin, begin + PAIRS_AT_ONCE)
            ends = found.rows[edges[some]]
            columns = [pa.array(ends[:, 0]), pa.array(ends[:, 1]), pa.array(similarity[some])]
            writer.write(pa.record_batch(columns, schema=PAIRS))


def _own(parts: Parts) -> Parts:
    return parts.own if isinstance(parts, JointParts) else parts


def _labels(parts: Parts, found: Grouped, ids: pa.Array) -> pa.Array:
    """Name each member's cluster: by the smallest id that the run itself has in it.

    Ids are unique in a run only, so an earlier run's may be another document's here; a cluster of earlier documents
    alone has source and id for a name.
    """
    cluster = found.clusters.cluster
    own = np.flatnonzero(found.rows < _own(parts).rows)
    order = np.empty(len(ids), np.int64)
    order[pc.sort_indices(ids).to_numpy()] = np.arange(len(ids))
    best = own[np.lexsort((order[own], cluster[own]))]
    first = np.ones(len(best), np.bool_)
    first[1:] = cluster[best[1:]] != cluster[best[:-1]]
    named = np.arange(len(ids))
    named[cluster[best[first]]] = best[first]
    elsewhere = np.ones(len(ids), np.bool_)
    elsewhere[cluster[own]] = False
    names = ids
    if elsewhere[cluster].any():
        sources = parts.take("documents", found.rows, ["source"])["source"].combine_chunks()
        whole = pc.binary_join_element_wise(sources, ids, "\0")
        names = pc.if_else(pa.array(elsewhere), whole, ids)
    return names.take(pa.array(named[cluster]))


def _columns(
    column: pa.Array, begin: int, found: Grouped, election: Election, ids: pa.Array, labels: pa.Array
) -> list[Any]:
    """Return the columns of `CLUSTERS` behind the id, for documents of some ids whose first row is `begin`."""
    rows, clusters = found.rows, found.clusters
    n = len(column)
    low, high = np.searchsorted(rows, [begin, begin + n])
    members, inside = slice(low, high), rows[low:high] - begin
    of = _scattered(n, inside, election.of[members], -1)
    alone = of < 0
    member = _scattered(n, inside, np.arange(low, high), -1)
    return [
        pc.coalesce(labels.take(pa.array(member, mask=member < 0)), column),
        _scattered(n, inside, election.rank[members], 0),
        _scattered(n, inside, clusters.size[members], 1),
        ids.take(pa.array(of, mask=alone)),
        pa.array(_scattered(n, inside, election.jaccard[members], np.nan), mask=alone),
        _scattered(n, inside, clusters.rank[members], 0),
        _scattered(n, inside, rows[clusters.exact_group[members]], np.arange(begin, begin + n)),
    ]


def _scattered(n: int, places: NDArray[np.int64], values: NDArray[Any], rest: Any) -> NDArray[Any]:  # noqa: ANN401 - a number, or one each
    """Put values at their places among n, and `rest` everywhere else."""
    whole = np.empty(n, values.dtype)
    whole[:] = rest
    whole[places] = values
    return whole


def read_clusters(folder: RunFolder) -> Grouped:
    """Read the clusters of several documents, those of earlier runs behind the run's own."""
    rows, columns, kept, begin = [], [], [], 0
    named = ["cluster", "size", "place", "group"]
    for name, wanted in (("clusters", named), ("earlier", [*named, "kept"])):
        path = folder.path / f"{name}.parquet"
        for batch in read_batches(path, wanted) if path.exists() else ():
            inside = np.flatnonzero(batch["size"].to_numpy() > 1)
            rows.append(inside + begin)
            columns.append(batch.select(named).take(inside))
            none = np.zeros(len(inside), np.bool_)
            kept.append(batch["kept"].to_numpy()[inside] if name == "earlier" else none)
            begin += batch.num_rows
    if not rows:
        no = np.empty(0, np.int64)
        empty = Clusters(no, no, no, no, no.reshape(0, 2), np.empty(0, np.float64))
        return Grouped(no, empty, np.empty(0, np.bool_))
    whole, table = np.concatenate(rows), pa.concat_tables(columns)
    pairs = read_table(folder.path / "pairs.parquet")
    edges = np.stack([pairs["a"].to_numpy(), pairs["b"].to_numpy()], axis=1)
    labels = table["cluster"].combine_chunks().dictionary_encode()
    clusters = Clusters(
        labels.indices.to_numpy().astype(np.int64), table["place"].to_numpy(), table["size"].to_numpy(),
        np.searchsorted(whole, table["group"].to_numpy()), np.searchsorted(whole, edges),
        pairs["jaccard"].to_numpy(),
    )  # fmt: skip
    return Grouped(whole, clusters, np.concatenate(kept))
