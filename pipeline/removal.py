"""Removing documents from the parts of a run, and keeping them out when a shard is read again."""

import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.identity import place_id
from pipeline.passage_stages import BETWEEN
from pipeline.removed import load_removed, restate_places
from pipeline.request.bans import banned_documents
from pipeline.request.places import settle_places
from pipeline.salt import salt_of
from pipeline.schema import INPUT_ID
from pipeline.store import (
    ANSWERS,
    PASSAGES,
    PartWriter,
    RunFolder,
    digest_file,
    read_batches,
    read_json,
    read_schema,
    read_table,
    withdraw,
    write_json,
)
from pipeline.twins import FOLDER
from pipeline.veiled import Named, veiled_in

_TABLES = ("corpus", "verdicts", "attributes", "signatures", "documents")
"""Tables of a part that name documents or hold their text."""

_BETWEEN_VALUES = re.compile(rb'"\s*:\s*|[\t\r\n,;{}\[\]"]')
"""What stands between the values of a record that could not be read, in JSON or in a table."""

_DERIVED = (
    *(f"{name}.parquet" for name in ("clusters", "pairs", "earlier", "survivors", "standing")),
    *("run.json", "report.html"),
)

_COPIES = ("dedup", "split")
"""Folders with copies of texts: of a deduplication that was killed, and of compressed input, decompressed; they
are made again where a run needs them."""

_SHARED = (PASSAGES, ANSWERS, *BETWEEN, FOLDER)
"""Folders of a run with what its documents have in common, and excerpts of them."""


def remove_documents(
    folder: RunFolder,
    numbers: Iterable[int],
    documents: Named,
    note: Callable[[list[dict[str, Any]]], None] = lambda _: None,
) -> None:
    """Write the parts that hold any of some documents anew without them, and take back all that follows from them.

    All records of a source are meant that have the id, gave it up to an earlier one, or stand at the place it names;
    of those that could not be read, which may be they, the bytes are removed.

    Args:
        folder: of the run.
        numbers: of the parts.
        documents: source and id of each.
        note: told of the files of a part before they are written anew, and again after: part, table, digest before,
            and digest after, which is empty at first.
    """
    sources = {source for source, _ in documents}
    for number in numbers:
        receipt = read_json(folder.receipt("scan", number))
        if receipt is not None and receipt["source"] not in sources:
            continue
        rows = rows_of(folder, number, documents)
        unread = _unread_of(folder, number, documents)
        if not len(rows) and not any(map(len, unread)):
            continue
        # What the receipts say is taken back first: a part that we are stopped at is scanned again by the next run. The
        # documents come last: until they are written, the same command finds what it has to do.
        withdraw(
            folder.receipt("scan", number), *(folder.receipt(stage, number) for stage in ("judge", "write")),
            *(folder.whole_receipt(stage) for stage in ("ids", "earlier", "dedup", "elect", "index")),
        )  # fmt: skip
        _forget_derived(folder)
        ids = set(read_table(folder.part("documents", number), ["id"])["id"].take(rows).to_pylist())
        tables = [table for table in _TABLES if len(rows) and folder.part(table, number).exists()]
        if any(map(len, unread)):
            tables.insert(0, "quarantine")
        before = {table: digest_file(folder.part(table, number)) for table in tables}
        files: list[dict[str, Any]] = [
            {"part": number, "table": table, "before": before[table], "after": ""} for table in tables
        ]
        note(files)
        for table in tables:
            if table == "quarantine":
                _without_bytes(folder, number, unread)
            else:
                _without(folder, table, number, ids)
        _shift_replaced(folder, number, rows)
        files = [one | {"after": digest_file(folder.part(one["table"], number))} for one in files]
        note(files)
        if receipt is not None:
            receipt["documents"] -= len(rows)
            receipt["in"] -= len(rows)
            receipt["taken_down"] = receipt.get("taken_down", 0) + len(rows)
            for one in files:
                if one["table"] in receipt["outputs"]:
                    receipt["outputs"][one["table"]] = one["after"]
            write_json(folder.receipt("scan", number), receipt)


def keep_removed(folder: RunFolder, workspace: Path, scans: Mapping[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Remove what has been taken out of the workspace from parts that were scanned since; return the receipts."""
    removed = load_removed(workspace)
    if not removed.documents and not removed.bans:
        return dict(scans)
    listed = removed.fingerprint()
    salt = salt_of(workspace)
    kept = {}
    for number, scan in scans.items():
        receipt = dict(scan)
        if scan.get("removed") != listed:
            path = folder.part("documents", number)
            places = settle_places(path, removed, salt)
            named = (removed.documents - places.others) | frozenset(places.moved)
            named |= veiled_in(path, named, salt) | banned_documents(path, removed, salt)
            if places.others or places.moved:
                restate_places(workspace, places.others, places.moved)
            remove_documents(folder, [number], named)
            receipt = (read_json(folder.receipt("scan", number)) or {}) | {"removed": listed}
            receipt["places"] = {name: sorted(identity for _, identity in ones) for name, ones in (
                ("others", places.others), ("moved", places.moved), ("unknown", places.unknown)) if ones}  # fmt: skip
            write_json(folder.receipt("scan", number), receipt)
        kept[number] = receipt
    if any(receipt.get("taken_down") for receipt in kept.values()):
        forget_copies(folder)
    return kept


def forget_traces(folder: RunFolder, documents: Named) -> bool:
    """Remove what a run keeps of documents that are no longer in the index: it found them there, as earlier ones.

    Its next run looks again, and judges its own documents without them. Until then its verdicts go on saying, of a
    document that was dropped as a copy, the id it was a copy of.
    """
    found = False
    for path in (folder.path / "earlier.parquet", folder.path / "earlier/documents.parquet"):
        for batch in read_batches(path, ["source", "id"]) if path.exists() else ():
            pairs = zip(batch["source"].to_pylist(), batch["id"].to_pylist(), strict=True)
            found = found or any(pair in documents for pair in pairs)
    if found:
        withdraw(*(folder.whole_receipt(stage) for stage in ("earlier", "dedup", "elect", "index")))
        _forget_derived(folder)
    return found


def forget_copies(folder: RunFolder) -> None:
    """Remove copies of texts that lie outside the tables of a run: they are made again where they are needed."""
    for name in _COPIES:
        shutil.rmtree(folder.path / name / "receipts", ignore_errors=True)  # first, so that nothing seems done
        shutil.rmtree(folder.path / name, ignore_errors=True)
    for path in folder.path.rglob("*.partial"):
        path.unlink(missing_ok=True)


def _forget_derived(folder: RunFolder) -> None:
    """Remove what names documents of a run, or follows from them, and is made again by the next run."""
    for name in _DERIVED:
        (folder.path / name).unlink(missing_ok=True)
    for path in (folder.path / "earlier").glob("*"):
        path.unlink()
    for name in _SHARED:  # receipts first, so that nothing seems done
        shutil.rmtree(folder.path / "receipts" / name, ignore_errors=True)
        shutil.rmtree(folder.path / name, ignore_errors=True)


def rows_of(folder: RunFolder, number: int, documents: Named) -> NDArray[np.int64]:
    """Return the rows of a part that hold any of some documents."""
    found, begin = [np.empty(0, np.int64)], 0
    ids = pa.array(sorted({identity for _, identity in documents}), pa.string())
    by_place = any(identity.startswith(f"{source}:") for source, identity in documents)
    for batch in read_batches(folder.part("documents", number), ["source", "id", "file", "record", "meta"]):
        likely = pc.is_in(batch["id"], ids).to_numpy()
        if by_place:
            named = pc.binary_join_element_wise(batch["source"], ":", batch["file"], "")
            likely |= pc.is_in(
                pc.binary_join_element_wise(named, batch["record"].cast(pa.string()), "#"), ids
            ).to_numpy()
        meta = batch["meta"].combine_chunks()
        gave_up = pc.and_(pc.equal(meta.keys, INPUT_ID), pc.is_in(meta.items, ids))
        places = np.flatnonzero(gave_up.to_numpy(zero_copy_only=False))
        likely[np.searchsorted(meta.offsets.to_numpy(), places, "right") - 1] = True
        rows = np.flatnonzero(likely)
        ours = [_is_meant(one, documents) for one in batch.take(rows).to_pylist()]
        found.append(begin + rows[np.array(ours, np.bool_)])
        begin += batch.num_rows
    return np.concatenate(found)


def _is_meant(row: dict[str, Any], documents: Named) -> bool:
    gave_up = [value for key, value in row["meta"] if key == INPUT_ID]
    own = {row["id"], place_id(row["source"], row["file"], row["record"]), *gave_up}
    return any((row["source"], identity) in documents for identity in own)


def _unread_of(folder: RunFolder, number: int, documents: Named) -> list[NDArray[np.int64]]:
    """Return the rows of each row group of the quarantine whose bytes are there and may be of some documents."""
    path = folder.part("quarantine", number)
    if not path.exists():
        return []
    found = []
    for batch in read_batches(path, ["source", "file", "record", "raw"]):
        rows = enumerate(batch.to_pylist())
        found.append(np.array([row for row, one in rows if one["raw"] and _may_be(one, documents)], np.int64))
    return found


def _may_be(row: dict[str, Any], documents: Named) -> bool:
    """Say whether an unreadable record stands at the place of a document, or has its id for a value."""
    source = row["source"]
    values = {one.strip() for one in _BETWEEN_VALUES.split(row["raw"].replace(b"\0", b""))}
    return (source, place_id(source, row["file"], row["record"])) in documents or any(
        (source, one.decode(errors="replace")) in documents for one in values
    )


def _without_bytes(folder: RunFolder, number: int, unread: list[NDArray[np.int64]]) -> None:
    """Write the quarantine of a part anew without the bytes of some of its rows."""
    path = folder.part("quarantine", number)
    schema = read_schema(path)
    with PartWriter([(path, schema)]) as writer:
        for batch, rows in zip(read_batches(path), unread, strict=True):
            raw = batch["raw"].to_pylist()
            for row in rows.tolist():
                raw[row] = b""
            place = batch.schema.get_field_index("raw")
            changed = batch.set_column(place, schema.field("raw"), pa.array(raw, schema.field("raw").type))
            writer.write(changed.cast(schema).combine_chunks().to_batches()[0])


def _without(folder: RunFolder, table: str, number: int, ids: set[str]) -> None:
    """Write a table of a part anew without the rows of some ids."""
    path = folder.part(table, number)
    schema = read_schema(path)
    gone = pa.array(sorted(ids), pa.string())
    with PartWriter([(path, schema)]) as writer:
        for batch in read_batches(path):
            for piece in (
                batch.filter(pc.invert(pc.is_in(batch["id"], gone))).cast(schema).combine_chunks().to_batches()
            ):
                writer.write(piece)


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
