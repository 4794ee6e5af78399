"""Where what a request names stands: in runs, in what they could not read, in indexes, in releases."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.identity import place_id
from pipeline.index import open_index, signing_of, standing
from pipeline.removal import rows_of
from pipeline.removed import Named
from pipeline.request.demand import Demand, Ids
from pipeline.segment import Segment, name_of
from pipeline.store import RunFolder, read_batches, read_json

DOCUMENT_COLUMNS = ("id", "source", "url", "text", "meta")
AT_ONCE = 4_096
"""Documents of an index whose texts are looked through at once."""

Report = Callable[[str, int], None]
"""Told what is looked through, and how many documents of it are done."""


@dataclass(frozen=True, slots=True)
class Found:
    """Documents that are meant, and where."""

    runs: dict[str, Named]
    """By name of the run; of a record that could not be read, its place is its id."""
    indexes: dict[str, Named]

    @property
    def documents(self) -> Named:
        """Return all of them."""
        return frozenset().union(*self.runs.values(), *self.indexes.values())


def silent(what: str, documents: int) -> None:
    """Report nothing."""


def numbers_of(folder: RunFolder) -> list[int]:
    """Return the numbers of a run's parts of documents."""
    return sorted(int(part.stem.removeprefix("part-")) for part in (folder.path / "documents").glob("part-*.parquet"))


def runs_of(workspace: Path) -> list[RunFolder]:
    """Return the runs of a workspace, ended or not."""
    return [RunFolder(path) for path in sorted((workspace / "runs").glob("*")) if (path / "documents").is_dir()]


def indexes_of(workspace: Path) -> list[Path]:
    """Return the indexes of a workspace that hold anything."""
    return [path for path in sorted((workspace / "index").glob("*")) if (path / "index.json").exists()]


def search(workspace: Path, demand: Demand, report: Report = silent) -> Found:
    """Look for what a request names in all runs and indexes."""
    runs = {folder.path.name: find_in_run(folder, demand, report) for folder in runs_of(workspace)}
    indexes = {path.name: _in_index(path, demand, report) for path in indexes_of(workspace)}
    return Found(
        {name: found for name, found in runs.items() if found},
        {name: found for name, found in indexes.items() if found},
    )


def find_in_run(folder: RunFolder, demand: Demand, report: Report = silent) -> Named:
    """Look for what a request names in a run, and in what it could not read."""
    found: set[tuple[str, str]] = set()
    for number in numbers_of(folder):
        path = folder.part("documents", number)
        if isinstance(demand, Ids):  # a document also has the id it gave up, and its place
            receipt = read_json(folder.receipt("scan", number))
            if receipt is not None and receipt["source"] not in {source for source, _ in demand.documents}:
                continue
            rows = rows_of(folder, number, demand.documents)
            begin = 0
            for batch in read_batches(path, ["source", "id"]):
                inside = rows[(rows >= begin) & (rows < begin + batch.num_rows)] - begin
                found |= _named(batch, inside)
                begin += batch.num_rows
        else:
            for batch in read_batches(path, DOCUMENT_COLUMNS):
                found |= _named(batch, np.flatnonzero(demand.in_documents(batch)))
                report(folder.path.name, batch.num_rows)
        found |= _unread(folder, number, demand)
    return frozenset(found)


def _named(table: pa.Table, rows: NDArray[np.int64]) -> set[tuple[str, str]]:
    chosen = table.select(["source", "id"]).take(rows)
    return set(zip(chosen["source"].to_pylist(), chosen["id"].to_pylist(), strict=True))


def _unread(folder: RunFolder, number: int, demand: Demand) -> set[tuple[str, str]]:
    """Name the records that could not be read and whose bytes may be meant, by their places."""
    path = folder.part("quarantine", number)
    found: set[tuple[str, str]] = set()
    if not path.exists():
        return found
    for batch in read_batches(path, ["source", "file", "record", "raw"]):
        rows = [row for row in batch.to_pylist() if row["raw"]]
        if not rows:
            continue
        places = [place_id(row["source"], row["file"], row["record"]) for row in rows]
        texts = pa.array([row["raw"].decode(errors="replace") for row in rows], pa.large_string())
        columns = {"id": pa.array(places), "source": pa.array([row["source"] for row in rows]), "text": texts}
        empty = pa.nulls(len(rows), pa.string())
        meant = demand.in_documents(pa.table(columns | {"url": empty}))
        found |= {(row["source"], place) for row, place, ours in zip(rows, places, meant, strict=True) if ours}
    return found


def _in_index(path: Path, demand: Demand, report: Report) -> Named:
    index = open_index(path, signing_of(path))
    wanted = {name_of(*one) for one in demand.documents} if isinstance(demand, Ids) else None
    found: set[tuple[str, str]] = set()
    for segment in index.open():
        for rows in portions(segment):
            if wanted is not None:
                found |= {pair_of(name) for name in segment.names(rows) if name in wanted}
                continue
            values, offsets = joined(segment.texts(rows))
            hits = rows[demand.in_folded(values, offsets)]
            found |= {pair_of(name) for name in segment.names(hits)} if len(hits) else set()
            report(path.name, len(rows))
    return frozenset(found)


def portions(segment: Segment) -> Iterator[NDArray[np.int64]]:
    """Yield the rows of a segment that stand, some at once."""
    rows = np.flatnonzero(standing(segment))
    for begin in range(0, len(rows), AT_ONCE):
        yield rows[begin : begin + AT_ONCE]


def pair_of(name: bytes) -> tuple[str, str]:
    """Return the source and the id of a document by its name in an index."""
    source, _, identity = name.decode().partition("\0")
    return source, identity


def joined(texts: list[NDArray[np.uint32]]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Lay folded texts end to end: their code points, and int64[texts + 1] where each ends."""
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    return np.concatenate([np.empty(0, np.uint32), *texts]), ends
