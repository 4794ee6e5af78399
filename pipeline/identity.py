"""Ids that are unique in the run: of two documents with one id, the later one is named by its place instead."""

import time
from collections import defaultdict
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
    read_range,
    read_schema,
    read_table,
    write_json,
)

IDENTITY_VERSION = "1"

_TABLES = ("documents", "attributes", "signatures")


def settle_ids(parts: Parts, scans: dict[int, str], fingerprint: str) -> dict[str, Any]:
    """Give every document an id of its own, rewriting the parts that hold a later one of two.

    Args:
        parts: the scanned parts.
        scans: fingerprint of each part's scan.
        fingerprint: of this stage.

    Returns:
        The receipt: `replaced`, how many ids were, and the digests of the parts that were written anew.

    Raises:
        LedgerError: a document's place is already the id of another one.
    """
    begun = time.process_time()
    log = parts.folder.path / "receipts" / "ids" / "replaced.json"
    known = (read_json(log) or {}).get("replaced", [])
    # What an earlier run replaced is put back first: whether it must be replaced depends on all the documents there
    # are now. An entry counts only for the very scan that it was made from.
    original = {(e["part"], e["row"]): e for e in known if scans.get(e["part"]) == e["scan"]}
    ids: dict[int, list[str]] = {}
    current: dict[int, list[str]] = {}
    for number in parts.numbers:
        current[number] = read_table(parts.folder.part("documents", number), ["id"])["id"].to_pylist()
        ids[number] = [
            original[number, row]["id"] if (number, row) in original and original[number, row]["now"] == now else now
            for row, now in enumerate(current[number])
        ]
    replaced = _later_ones(parts, ids, scans)
    if replaced or known:
        write_json(log, {"replaced": [*replaced, *(e for e in known if e not in replaced)]})  # before any part changes
    for entry in replaced:
        ids[entry["part"]][entry["row"]] = entry["now"]
    _check_unique(ids)
    given_up: dict[int, dict[int, str]] = defaultdict(dict)
    for entry in replaced:
        given_up[entry["part"]][entry["row"]] = entry["id"]
    outputs = {}
    for number in parts.numbers:
        if ids[number] != current[number]:
            _rewrite(parts, number, ids[number], given_up[number])
        if ids[number] != current[number] or given_up[number]:
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


def _repeated(ids: dict[int, list[str]]) -> set[str]:
    counts = pc.value_counts(pa.chunked_array([pa.array(part, pa.string()) for part in ids.values()], pa.string()))
    return set(counts.field("values").filter(pc.greater(counts.field("counts"), 1)).to_pylist())


def _later_ones(parts: Parts, ids: dict[int, list[str]], scans: dict[int, str]) -> list[dict[str, Any]]:
    """Find the documents whose id an earlier one has: their part, row, id, and the place they are named by now."""
    repeated = _repeated(ids)
    seen: set[str] = set()
    found = []
    for number, part in ids.items():
        rows = [row for row, one in enumerate(part) if one in repeated] if repeated else []
        for row in rows:
            if part[row] not in seen:
                seen.add(part[row])
                continue
            place = read_range(parts.folder.part("documents", number), row, row + 1).to_pylist()[0]
            now = f"{place['source']}:{place['file']}#{place['record']}"
            found.append({"part": number, "row": row, "id": part[row], "now": now, "scan": scans[number]})
    return found


def _check_unique(ids: dict[int, list[str]]) -> None:
    repeated = _repeated(ids)
    if repeated:
        raise LedgerError(f"ids that two documents have even when named by their place: {sorted(repeated)[:5]}")


def _rewrite(parts: Parts, number: int, ids: list[str], given_up: dict[int, str]) -> None:
    """Write the three scanned tables of a part with other ids; a document keeps the id it gave up in its meta."""
    paths = [parts.folder.part(table, number) for table in _TABLES]
    with PartWriter([(path, read_schema(path)) for path in paths]) as writer:
        begin = 0
        for tables in zip(*(read_batches(path) for path in paths), strict=True):
            end = begin + tables[0].num_rows
            column = pa.array(ids[begin:end], pa.string())
            batches = []
            for table in tables:
                renamed = table.set_column(0, table.schema.field("id"), column)
                if "meta" in table.column_names:
                    renamed = _with_meta(renamed, {row - begin: one for row, one in given_up.items()})
                batches.append(renamed.combine_chunks().to_batches()[0])
            writer.write(*batches)
            begin = end


def _with_meta(documents: pa.Table, given_up: dict[int, str]) -> pa.Table:
    metas = []
    for row, meta in enumerate(documents["meta"].to_pylist()):
        others = [(key, value) for key, value in meta if key != INPUT_ID]
        metas.append([*others, (INPUT_ID, given_up[row])] if row in given_up else others)
    place = documents.schema.get_field_index("meta")
    return documents.set_column(place, DOCUMENTS.field("meta"), pa.array(metas, DOCUMENTS.field("meta").type))
