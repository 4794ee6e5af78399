"""Checking a release offline, on any copy of its folder: nothing is asked for but the files."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import orjson
import pyarrow as pa

from pipeline.audit import check_extract
from pipeline.errors import LedgerError
from pipeline.executor import nowhere
from pipeline.release import merkle
from pipeline.release.manifest import (
    DATA,
    FORMAT,
    NAME,
    SIGNATURE,
    digests,
    leaves_of,
    list_files,
    read_manifest,
    seal_of,
    sha256_of,
)
from pipeline.release.signature import check_signature
from pipeline.sources.drawing import digest_documents, root_of, stack
from pipeline.store import count_rows, read_batches, read_json

AUDIT = "evidence/audit.jsonl"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it was released."""

    path: str
    fault: str

    def __str__(self) -> str:
        return f"{self.path}: {self.fault}"


def check(
    folder: Path, advance: Callable[[int], None] = nowhere, key: Path | None = None, *, rows: bool = False
) -> list[Fault]:
    """Compare every file of a release with its manifest, and the manifest with its own digests.

    Whoever changes files and all digests with them is not found by this: that takes the root from elsewhere, as from
    the registry, or a signature.

    Args:
        folder: of the release, or of a candidate whose gates were evaluated.
        advance: told of the bytes that are read.
        key: public key by which the manifest must be signed; None if no signature is asked for.
        rows: also read every row, and derive from them the root over the documents and how many each source has.

    Returns:
        What is wrong, manifest first, then by path; nothing if all is well.

    Raises:
        RecipeError: the folder holds no release.
    """
    if (folder / NAME).exists() and read_json(folder / NAME) is None:
        return [Fault(NAME, "cannot be read: it is no JSON")]
    manifest = read_manifest(folder)
    if manifest.get("format") != FORMAT:
        return [Fault(NAME, f"is of format {manifest.get('format')!r}; this program knows {FORMAT}")]
    try:
        faults = _compare(folder, manifest, advance, key)
        return faults if faults or not rows else list(_of_rows(folder, manifest, advance))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return [Fault(NAME, f"is not what a manifest is: {error!r}")]


def _compare(
    folder: Path, manifest: Mapping[str, Any], advance: Callable[[int], None], key: Path | None
) -> list[Fault]:
    faults = list(_of_manifest(folder, manifest))
    files = {one["path"]: one for one in manifest["files"]}
    there = set(list_files(folder))
    faults += [Fault(path, "is not in the manifest") for path in sorted(there - files.keys())]
    for path, entry in sorted(files.items()):
        fault = _of_file(folder, path, entry)
        if fault is not None:
            faults.append(Fault(path, fault))
        advance(int(entry["bytes"]))
    faults += _of_audit(folder)
    if key is not None:
        wrong = check_signature(folder, key)
        faults += [] if wrong is None else [Fault(SIGNATURE, wrong)]
    return faults


def _of_audit(folder: Path) -> list[Fault]:
    """Check the chain of the audit's extract, if it is there: that it must be the manifest says."""
    path = folder / AUDIT
    try:
        if path.is_file() and not path.is_symlink():
            check_extract(path)
    except LedgerError as error:
        return [Fault(AUDIT, str(error).partition(", ")[2])]
    return []


def _of_manifest(folder: Path, manifest: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield what contradicts itself: every byte of the manifest is covered by its form or by its seal."""
    if (folder / NAME).read_bytes() != orjson.dumps(manifest, option=orjson.OPT_INDENT_2):
        yield Fault(NAME, "is not written as a manifest is: bytes were changed")
    if manifest.get("seal") != seal_of(manifest):
        yield Fault(NAME, "does not match its seal: something in it was changed")
    files = manifest["files"]
    if merkle.root_of(leaves_of(manifest)) != manifest["root"]:
        yield Fault(NAME, "its root is not that of the files it lists and of what it says")
    if merkle.root_of(digests(files, DATA)) != manifest["data_root"]:
        yield Fault(NAME, "its data_root is not that of the data files it lists")
    rows = sum(one["rows"] for one in files if one["path"].startswith(DATA) and "rows" in one)
    if rows != manifest["documents"]:
        yield Fault(NAME, f"says {manifest['documents']} documents, its data files have {rows}")


def _of_file(folder: Path, path: str, entry: Mapping[str, Any]) -> str | None:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts:
        return "is a path that leads out of the release"
    file = folder / path
    if file.is_symlink():
        return "is a link, not a file"
    if not file.is_file():
        return "is missing"
    size = file.stat().st_size
    if size != entry["bytes"]:
        return f"has {size} bytes, not {entry['bytes']}"
    if sha256_of(file) != entry["sha256"]:
        return "was changed: its sha256 is another"
    return _of_footer(file, entry["rows"]) if "rows" in entry and path.endswith(".parquet") else None


def _of_footer(file: Path, said: int) -> str | None:
    """Say what is wrong with the rows that a Parquet file says it has: whoever forged it made its digest fit."""
    try:
        there = count_rows(file)
    except (pa.ArrowException, OSError) as error:
        return f"is no Parquet that can be read: {error}"
    return None if there == said else f"has {there} rows, not {said}"


def _of_rows(folder: Path, manifest: Mapping[str, Any], advance: Callable[[int], None]) -> Iterator[Fault]:
    """Yield what the manifest says of its documents and the rows do not: files are known to be as it names them."""
    wanted = ["source", "id", "text"]
    documents: list[bytes] = []
    sources = Counter[str]()
    for entry in (one for one in manifest["files"] if one["path"].startswith(DATA)):
        rows = 0
        try:
            for table in read_batches(folder / entry["path"], wanted):
                documents.append(digest_documents(table, wanted))
                sources.update(table["source"].to_pylist())
                rows += table.num_rows
        except (pa.ArrowException, OSError, AttributeError, KeyError, TypeError) as error:
            yield Fault(entry["path"], f"its rows cannot be read: {error}")
        if rows != entry["rows"]:
            yield Fault(entry["path"], f"holds {rows} rows, not {entry['rows']}")
        advance(int(entry["bytes"]))
    root = root_of(stack(documents))
    if root != manifest["documents_root"]:
        yield Fault(NAME, f"its documents_root is not that of the documents in its files, which is {root}")
    said = {name: one["documents"] for name, one in manifest["sources"].items() if one["documents"]}
    for name in sorted({*said, *sources}):
        if said.get(name, 0) != sources[name]:
            yield Fault(NAME, f"says {said.get(name, 0)} documents of {name}, its files have {sources[name]}")
