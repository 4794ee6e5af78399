"""Who else is in the clusters of some documents, as far as the tables of a workspace's runs know."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.removal import rows_of
from pipeline.store import RunFolder, count_rows, read_range, read_rows, read_table
from pipeline.veiled import Named

_COLUMNS = ["source", "id", "cluster"]


def with_members(workspace: Path, documents: Named) -> tuple[Named, list[str]]:
    """Add to some documents all those in a cluster with them, in any run, and in a cluster with these, to the last.

    Returns:
        Source and id of all; the runs whose clusters are not known, as those of a run that is not done.
    """
    runs = [RunFolder(path) for path in sorted((workspace / "runs").glob("*")) if path.is_dir()]
    whole = set(documents)
    for folder in runs:  # an id that was given up, or a place, becomes the id that clusters are named by
        for number in _numbers(folder):
            path = folder.part("documents", number)
            own = read_rows(path, rows_of(folder, number, documents), ["source", "id"])
            whole |= {(one["source"], one["id"]) for one in own.to_pylist()}
    unknown = unknown_clusters(workspace)
    known = [folder for folder in runs if folder.path.name not in unknown]
    before = 0
    while before < len(whole):
        before = len(whole)
        ids = pa.array(sorted({identity for _, identity in whole}), pa.string())
        for folder in known:
            labels: set[str] = set()
            for table in _clustered(folder):
                likely = table.filter(pc.is_in(table["id"], ids)).to_pylist()
                labels |= {one["cluster"] for one in likely if (one["source"], one["id"]) in whole}
            wanted = pa.array(sorted(labels), pa.string())
            for table in _clustered(folder) if labels else ():
                members = table.filter(pc.is_in(table["cluster"], wanted)).to_pylist()
                whole |= {(one["source"], one["id"]) for one in members}
    return frozenset(whole), unknown


def unknown_clusters(workspace: Path) -> list[str]:
    """Return the runs whose clusters are not known, as those of a run that is not done."""
    runs = [RunFolder(path) for path in sorted((workspace / "runs").glob("*")) if path.is_dir()]
    return [folder.path.name for folder in runs if not _is_known(folder)]


def _numbers(folder: RunFolder) -> list[int]:
    return sorted(int(part.stem.removeprefix("part-")) for part in (folder.path / "documents").glob("part-*.parquet"))


def _is_known(folder: RunFolder) -> bool:
    """Say whether a run's clusters are there, and are of the documents that it has now."""
    path = folder.path / "clusters.parquet"
    if not path.exists():
        return False
    begin = 0
    for number in _numbers(folder):
        own = read_table(folder.part("documents", number), ["id"])["id"].combine_chunks()
        if not read_range(path, begin, begin + len(own))["id"].combine_chunks().equals(own):
            return False
        begin += len(own)
    return begin == count_rows(path)


def _clustered(folder: RunFolder) -> Iterator[pa.Table]:
    """Yield source, id and cluster of the documents that are not alone: the run's, then earlier ones."""
    begin = 0
    for number in _numbers(folder):
        own = read_table(folder.part("documents", number), ["source"])
        clusters = read_range(folder.path / "clusters.parquet", begin, begin + own.num_rows)
        begin += own.num_rows
        whole = clusters.append_column("source", own["source"])
        yield whole.filter(pc.greater(whole["size"], 1)).select(_COLUMNS)
    earlier = folder.path / "earlier.parquet"
    if earlier.exists():
        yield read_table(earlier, _COLUMNS)
