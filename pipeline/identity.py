"""Ids that are unique in the run: of two documents with one id, the later one is named by its place instead."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import LedgerError
from pipeline.parts import Parts
from pipeline.schema import DOCUMENTS, INPUT_ID
from pipeline.store import (
    PartWriter,
    digest_file,
    read_batches,
    read_json,
    read_schema,
    read_table,
    withdraw,
    write_json,
)

IDENTITY_VERSION = "2"

_TABLES = ("documents", "attributes", "signatures")

_ATTEMPTS = 100
"""Suffixes that are tried for a place which is the id of another document; more would mean that something is wrong."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """A document whose id an earlier one has."""

    part: int
    row: int
    scan: str
    """Fingerprint of the scan that the row belongs to."""
    id: str
    now: str


def place_id(source: str, file: str, record: int) -> str:
    """Return the id that a document has by its place."""
    return f"{source}:{file}#{record}"


def settle_ids(parts: Parts, scans: Mapping[int, str], fingerprint: str) -> dict[str, Any]:
    """Give every document an id of its own, rewriting the parts that hold a later one of two.

    Args:
        parts: the scanned parts.
        scans: fingerprint of each part's scan.
        fingerprint: of this stage.

    Returns:
        The receipt: `replaced`, how many ids were, and the digests of the parts that were written anew.

    Raises:
        LedgerError: no name that is free can be found for a document.
    """
    begun = time.process_time()
    withdraw(parts.folder.whole_receipt("ids"))
    log = parts.folder.path / "receipts" / "ids" / "replaced.json"
    # What an earlier run replaced is put back first: whether it must be replaced depends on all the documents there
    # are now. An entry counts only for the very scan that it was made from.
    logged = [Replacement(**entry) for entry in (read_json(log) or {}).get("replaced", [])]
    known = {(entry.part, entry.row): entry for entry in logged if scans.get(entry.part) == entry.scan}
    current = {number: _ids(parts, number, "documents") for number in parts.numbers}
    ids = {number: list(part) for number, part in current.items()}
    taken_back: dict[int, set[int]] = {number: set() for number in parts.numbers}
    for (number, row), entry in known.items():
        if ids[number][row] == entry.now:
            ids[number][row] = entry.id
            taken_back[number].add(row)
    replaced = _later_ones(parts, ids, scans)
    both = {(entry.part, entry.row): entry for entry in (*known.values(), *replaced)}
    if both or logged:
        write_json(log, {"replaced": [asdict(entry) for entry in both.values()]})  # before any part changes
    given_up: dict[int, dict[int, str]] = {number: {} for number in parts.numbers}
    for entry in replaced:
        given_up[entry.part][entry.row] = entry.id
    outputs = {}
    for number in parts.numbers:
        others = (_ids(parts, number, table) for table in _TABLES[1:])
        if ids[number] != current[number] or any(other != ids[number] for other in others):
            _rewrite(parts, number, ids[number], given_up[number], taken_back[number])
        if given_up[number] or taken_back[number]:
            outputs[str(number)] = {t: digest_file(parts.folder.part(t, number)) for t in _TABLES}
    receipt = {
        "stage": "ids",
        "fingerprint": fingerprint,
        "replaced": len(replaced),
        "outputs": outputs,
        "cpu_seconds": round(time.process_time() - begun, 3),
    }
    write_json(parts.folder.whole_receipt("ids"), receipt)
    return receipt


def _ids(parts: Parts, number: int, table: str) -> list[str]:
    ids: list[str] = read_table(parts.folder.part(table, number), ["id"])["id"].to_pylist()
    return ids


def _repeated(ids: Iterable[list[str]]) -> set[str]:
    counts = pc.value_counts(pa.chunked_array([pa.array(part, pa.string()) for part in ids], pa.string()))
    return set(counts.field("values").filter(pc.greater(counts.field("counts"), 1)).to_pylist())


def _later_ones(parts: Parts, ids: dict[int, list[str]], scans: Mapping[int, str]) -> list[Replacement]:
    """Name the documents whose id an earlier one has by their places, in `ids`; ~2 follows where that is taken."""
    found: dict[tuple[int, int], Replacement] = {}
    for attempt in range(1, _ATTEMPTS):
        repeated = _repeated(ids.values())
        if not repeated:
            return list(found.values())
        seen: set[str] = set()
        for number, part in ids.items():
            rows = [row for row, one in enumerate(part) if one in repeated]
            later = []
            for row in rows:
                if part[row] in seen:
                    later.append(row)
                seen.add(part[row])
            if not later:
                continue
            places = read_table(parts.folder.part("documents", number), ["source", "file", "record"]).take(later)
            for row, place in zip(later, places.to_pylist(), strict=True):
                before = found.get((number, row))
                named = place_id(**place) + (f"~{attempt}" if attempt > 1 else "")
                own = part[row] if before is None else before.id
                found[number, row] = Replacement(number, row, scans[number], own, named)
                part[row] = named
    raise LedgerError(f"ids that two documents have even when named by their place: {sorted(repeated)[:5]}")


def _rewrite(parts: Parts, number: int, ids: list[str], given_up: dict[int, str], taken_back: set[int]) -> None:
    """Write the three scanned tables of a part with other ids; a document keeps the id it gave up in its meta."""
    paths = [parts.folder.part(table, number) for table in _TABLES]
    schemas = [DOCUMENTS, *(read_schema(path) for path in paths[1:])]
    with PartWriter(list(zip(paths, schemas, strict=True))) as writer:
        begin = 0
        for tables in zip(*(read_batches(path) for path in paths), strict=True):
            end = begin + tables[0].num_rows
            column = pa.array(ids[begin:end], pa.string())
            batches = []
            for table, schema in zip(tables, schemas, strict=True):
                renamed = table.set_column(0, schema.field("id"), column)
                if "meta" in table.column_names:
                    renamed = _with_meta(renamed, begin, given_up, taken_back)
                batches.append(renamed.cast(schema).combine_chunks().to_batches()[0])
            writer.write(*batches)
            begin = end


def _with_meta(documents: pa.Table, begin: int, given_up: dict[int, str], taken_back: set[int]) -> pa.Table:
    metas = documents["meta"].to_pylist()
    for row in range(begin, begin + documents.num_rows):
        meta = metas[row - begin]
        if row in taken_back:
            # Ours is the last of that name: the input may have one of its own.
            ours = max((place for place, (key, _) in enumerate(meta) if key == INPUT_ID), default=None)
            meta = [item for place, item in enumerate(meta) if place != ours]
        metas[row - begin] = [*meta, (INPUT_ID, given_up[row])] if row in given_up else meta
    place = documents.schema.get_field_index("meta")
    return documents.set_column(place, DOCUMENTS.field("meta"), pa.array(metas, DOCUMENTS.field("meta").type))
