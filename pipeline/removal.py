"""Removing documents from the parts of a run, and keeping them out when a shard is read again."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.identity import place_id
from pipeline.passage_stages import BETWEEN
from pipeline.schema import INPUT_ID
from pipeline.store import (
    PASSAGES,
    PartWriter,
    RunFolder,
    digest_file,
    fingerprint,
    read_batches,
    read_json,
    read_schema,
    read_table,
    withdraw,
    write_json,
)
from pipeline.twins import FOLDER

Named: TypeAlias = frozenset[tuple[str, str]]
"""Source and id of documents."""

LIST = "takedowns.json"

_TABLES = ("corpus", "verdicts", "attributes", "signatures", "documents")
"""Tables of a part that name documents or hold their text."""

_DERIVED = (
    *(f"{name}.parquet" for name in ("clusters", "pairs", "earlier", "survivors", "standing")),
    *("run.json", "report.html"),
)

_SHARED = (PASSAGES, *BETWEEN, FOLDER)
"""Folders of a run with what its documents have in common, and excerpts of them."""


def removed(workspace: Path) -> Named:
    """Return what has been taken out of a workspace."""
    stored = read_json(workspace / LIST) or {"documents": []}
    return frozenset((one["source"], one["id"]) for one in stored["documents"])


def add_removed(workspace: Path, documents: Named) -> None:
    """Put documents on the list of what has been taken out."""
    whole = sorted(removed(workspace) | documents)
    write_json(workspace / LIST, {"documents": [{"source": source, "id": identity} for source, identity in whole]})


def remove_documents(folder: RunFolder, numbers: Iterable[int], documents: Named) -> list[dict[str, Any]]:
    """Write the parts that hold any of some documents anew without them, and take back all that follows from them.

    All records of a source are meant that have the id, gave it up to an earlier one, or stand at the place it names.

    Returns:
        Part, table, digest before and after, of every file that was written anew.
    """
    proof: list[dict[str, Any]] = []
    for number in numbers:
        rows = _rows_of(folder, number, documents)
        if not len(rows):
            continue
        receipt = read_json(folder.receipt("scan", number))
        # What the receipts say is taken back first: a part that we are stopped at is scanned again by the next run. The
        # documents come last: until they are written, the same command finds what it has to do.
        withdraw(
            folder.receipt("scan", number), *(folder.receipt(stage, number) for stage in ("judge", "write")),
            *(folder.whole_receipt(stage) for stage in ("ids", "earlier", "dedup", "elect", "index")),
        )  # fmt: skip
        _forget_derived(folder)
        ids = set(read_table(folder.part("documents", number), ["id"])["id"].take(rows).to_pylist())
        written = [one for table in _TABLES for one in _without(folder, table, number, ids)]
        _shift_replaced(folder, number, rows)
        proof += written
        if receipt is not None:
            receipt["documents"] -= len(rows)
            receipt["in"] -= len(rows)
            receipt["taken_down"] = receipt.get("taken_down", 0) + len(rows)
            for one in written:
                if one["table"] in receipt["outputs"]:
                    receipt["outputs"][one["table"]] = one["after"]
            write_json(folder.receipt("scan", number), receipt)
    return proof


def keep_removed(folder: RunFolder, workspace: Path, scans: Mapping[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Remove what has been taken out of the workspace from parts that were scanned since; return the receipts."""
    documents = removed(workspace)
    if not documents:
        return dict(scans)
    listed = fingerprint(sorted(documents))
    kept = {}
    for number, scan in scans.items():
        receipt = dict(scan)
        if scan.get("removed") != listed:
            remove_documents(folder, [number], documents)
            receipt = (read_json(folder.receipt("scan", number)) or {}) | {"removed": listed}
            write_json(folder.receipt("scan", number), receipt)
        kept[number] = receipt
    return kept


def _forget_derived(folder: RunFolder) -> None:
    """Remove what names documents of a run, or follows from them, and is made again by the next run."""
    for name in _DERIVED:
        (folder.path / name).unlink(missing_ok=True)
    for path in (folder.path / "earlier").glob("*"):
        path.unlink()
    for name in _SHARED:  # receipts first, so that nothing seems done
        shutil.rmtree(folder.path / "receipts" / name, ignore_errors=True)
        shutil.rmtree(folder.path / name, ignore_errors=True)


def _rows_of(folder: RunFolder, number: int, documents: Named) -> NDArray[np.int64]:
    """Return the rows of a part that hold any of some documents."""
    found, begin = [], 0
    sources = {source for source, _ in documents}
    for batch in read_batches(folder.part("documents", number), ["source", "id", "file", "record", "meta"]):
        for row in np.flatnonzero(np.isin(batch["source"].to_pylist(), list(sources))).tolist():
            one = batch.slice(row, 1).to_pylist()[0]
            gave_up = [value for key, value in one["meta"] if key == INPUT_ID]
            own = {one["id"], place_id(one["source"], one["file"], one["record"]), *gave_up}
            if any((one["source"], identity) in documents for identity in own):
                found.append(begin + row)
        begin += batch.num_rows
    return np.array(found, np.int64)


def _without(folder: RunFolder, table: str, number: int, ids: set[str]) -> list[dict[str, Any]]:
    """Write a table of a part anew without the rows of some ids."""
    path = folder.part(table, number)
    if not path.exists():
        return []
    before, schema = digest_file(path), read_schema(path)
    with PartWriter([(path, schema)]) as writer:
        for batch in read_batches(path):
            staying = np.array([identity not in ids for identity in batch["id"].to_pylist()], np.bool_)
            for piece in batch.filter(staying).cast(schema).combine_chunks().to_batches():
                writer.write(piece)
    return [{"part": number, "table": table, "before": before, "after": digest_file(path)}]


def _shift_replaced(folder: RunFolder, number: int, rows: NDArray[np.int64]) -> None:
    """Keep the log of replaced ids right, which names documents of a part by their rows."""
    log = folder.path / "receipts/ids/replaced.json"
    entries = (read_json(log) or {}).get("replaced", [])
    gone = set(rows.tolist())
    kept = [one for one in entries if one["part"] != number or one["row"] not in gone]
    for one in kept:
        if one["part"] == number:
            one["row"] -= int(np.searchsorted(rows, one["row"]))
    if entries:
        write_json(log, {"replaced": kept})
