"""The tables of clusters: written and read part by part, with memory for those documents only that are not alone."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.clusters import Clusters
from pipeline.election import elect
from pipeline.parts import Parts
from pipeline.schema import CLUSTERS, PAIRS
from pipeline.store import PartWriter, RunFolder, read_batches, read_table, write_table


@dataclass(frozen=True, slots=True)
class Grouped:
    """Clusters of several documents; of those that are alone there is nothing to know."""

    rows: NDArray[np.int64]
    """int64[members], ascending: which rows of the run are in them."""
    clusters: Clusters
    """Of the members, numbered by their places in `rows`."""


def grouped(clusters: Clusters) -> Grouped:
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
    )  # fmt: skip


def write_clusters(parts: Parts, found: Grouped) -> None:
    """Write clusters.parquet, as if every document passed every other rule, and pairs.parquet."""
    rows, clusters = found.rows, found.clusters
    election = elect(clusters, np.ones(len(rows), np.bool_))
    ids = parts.take("documents", rows, ["id"])["id"].combine_chunks() if len(rows) else pa.array([], pa.string())
    with PartWriter([(parts.folder.path / "clusters.parquet", CLUSTERS)]) as writer:
        for number, begin in parts.within(0, parts.rows):
            column = read_table(parts.folder.part("documents", number), ["id"])["id"].combine_chunks()
            n = len(column)
            low, high = np.searchsorted(rows, [begin, begin + n])
            members, inside = slice(low, high), rows[low:high] - begin
            of = _scattered(n, inside, election.of[members], -1)
            alone = of < 0
            cluster = _scattered(n, inside, clusters.cluster[members], -1)
            columns = [
                column,
                pc.coalesce(ids.take(pa.array(cluster, mask=cluster < 0)), column),
                _scattered(n, inside, election.rank[members], 0),
                _scattered(n, inside, clusters.size[members], 1),
                ids.take(pa.array(of, mask=alone)),
                pa.array(_scattered(n, inside, election.jaccard[members], np.nan), mask=alone),
                _scattered(n, inside, clusters.rank[members], 0),
                _scattered(n, inside, rows[clusters.exact_group[members]], np.arange(begin, begin + n)),
            ]
            writer.write(pa.record_batch([pa.array(values) for values in columns], schema=CLUSTERS))
    a, b = rows[clusters.edges].T
    write_table(
        parts.folder.path / "pairs.parquet", pa.table([a, b, clusters.edge_jaccard], schema=PAIRS)
    )  # fmt: skip


def _scattered(n: int, places: NDArray[np.int64], values: NDArray[Any], rest: Any) -> NDArray[Any]:  # noqa: ANN401 - a number, or one each
    """Put values at their places among n, and `rest` everywhere else."""
    whole = np.empty(n, values.dtype)
    whole[:] = rest
    whole[places] = values
    return whole


def read_clusters(folder: RunFolder) -> Grouped:
    """Read the clusters of several documents."""
    rows, columns, begin = [], [], 0
    for batch in read_batches(folder.path / "clusters.parquet", ["cluster", "size", "place", "group"]):
        inside = np.flatnonzero(batch["size"].to_numpy() > 1)
        rows.append(inside + begin)
        columns.append(batch.take(inside))
        begin += batch.num_rows
    if not rows:
        none = np.empty(0, np.int64)
        return Grouped(none, Clusters(none, none, none, none, none.reshape(0, 2), np.empty(0, np.float64)))
    whole, table = np.concatenate(rows), pa.concat_tables(columns)
    pairs = read_table(folder.path / "pairs.parquet")
    edges = np.stack([pairs["a"].to_numpy(), pairs["b"].to_numpy()], axis=1)
    labels = table["cluster"].combine_chunks().dictionary_encode()
    return Grouped(
        whole,
        Clusters(
            labels.indices.to_numpy().astype(np.int64), table["place"].to_numpy(), table["size"].to_numpy(),
            np.searchsorted(whole, table["group"].to_numpy()), np.searchsorted(whole, edges),
            pairs["jaccard"].to_numpy(),
        ),
    )  # fmt: skip
