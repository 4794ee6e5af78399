"""Texts of documents that lie beside runs: in rounds of labelling, samples, training data, candidates of releases.

Of a round, a text that goes is blanked, character by character, and its row stays: what people said of it is counted
and paid by its length as before. Its item is void, whoever has yet to answer it is asked no more, and the next sync
takes its task out of Label Studio.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters.texts import Texts
from pipeline.database import open_registry, session
from pipeline.disposition import EVERYTHING
from pipeline.lock import PATIENCE, locked
from pipeline.masking import Masker
from pipeline.registry import ISSUED, VOID, WITHDRAWN, Assignment, Item, Round, select
from pipeline.removal import rows_of
from pipeline.request.demand import folded_hashes
from pipeline.request.releases import search_release
from pipeline.request.search import numbers_of, runs_of
from pipeline.request.void import BLANK, is_blank, note_void
from pipeline.salt import salt_of, salted
from pipeline.store import digest_file, read_rows, read_schema, read_table, write_table
from pipeline.veiled import Named, with_hidden

TEXTS = ("text", "right")
"""Columns of texts in the tables of rounds and samples."""
ROUNDS, SAMPLES, CANDIDATES, MERGING = "rounds", "samples", "releases/.candidates", "releases/.merging"

Note = Callable[[str, str, str, int], None]
"""Told of a file beside runs: its path in the workspace, its digest before and after, and how many texts went."""


@contextmanager
def alone_at_rounds(workspace: Path) -> Iterator[None]:
    """Keep the commands that talk to Label Studio away from the tables of rounds; they take the same lock.

    Raises:
        BusyError: one is at work, for longer than we wait.
    """
    if not (workspace / ROUNDS).is_dir():
        yield
        return
    busy = f"another command is at work on the rounds of {workspace}; wait for it"
    with locked(workspace / ROUNDS / ".lock", busy, PATIENCE):
        yield


def inputs_of(workspace: Path, documents: Named) -> list[dict[str, Any]]:
    """Say where in the raw input documents stand: which files are the operator's to clean."""
    columns = ["source", "file", "record", "offset"]
    found = [
        {"run": folder.path.name, **row}
        for folder in runs_of(workspace) for number in numbers_of(folder)
        for path in [folder.part("documents", number)]
        for row in read_rows(path, rows_of(folder, number, documents), columns).to_pylist()
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one["run"], one["source"], one["file"], one["record"]))


def tokens_of(workspace: Path, documents: Named) -> frozenset[str]:
    """Return the salted hashes of the documents' texts, as they are and as people are shown them: masked."""
    salt, masker = salt_of(workspace), Masker(EVERYTHING)
    found: set[str] = set()
    for folder in runs_of(workspace):
        for number in numbers_of(folder):
            rows = rows_of(folder, number, documents)
            texts = read_rows(folder.part("documents", number), rows, ["text"])["text"].combine_chunks()
            for column in (texts, masker.strings(texts)) if len(texts) else ():
                found |= set(_tokens(salt, column))
    return frozenset(found)


def _tokens(salt: bytes, texts: pa.Array) -> list[str]:
    folded = Texts(texts.cast(pa.large_string())).folded
    return [salted(salt, "hash", one) for one in folded_hashes(folded.values, folded.offsets)]


def forget_beside(workspace: Path, documents: Named, tokens: frozenset[str], note: Note) -> None:
    """Take the texts of documents out of all that lies beside runs; done again, it ends what was begun.

    Args:
        workspace: of all of it.
        documents: source and id of each, by every name.
        tokens: salted hashes of their texts, by which copies are found that go by other names, as in gold.
        note: told of every file that changes, before and after.
    """
    named = with_hidden(workspace, documents)
    for folder in sorted(path for path in (workspace / ROUNDS).glob("*") if path.is_dir()):
        meant: set[str] = set()
        # items say which documents are meant: tables of the round that name no source follow them.
        for path in sorted(folder.glob("*.parquet"), key=lambda one: (one.name != "items.parquet", one.name)):
            meant |= _blank(workspace, path, named, tokens, meant, note)
        _void(workspace, folder.name, meant)
    for path in sorted((workspace / SAMPLES).glob("*.parquet")):
        _blank(workspace, path, named, tokens, set(), note)
    for folder in sorted((workspace / CANDIDATES).glob("*")):
        if _may_hold(folder, named):  # it is made again without them when it is asked for
            _remove(workspace, folder, note)
    for folder in sorted((workspace / MERGING).glob("*")):
        _remove(workspace, folder, note)


def _may_hold(candidate: Path, documents: Named) -> bool:
    """Say whether a candidate holds any of some documents; one whose writing was killed may."""
    if not (candidate / "manifest.json").exists():
        return True
    try:
        return bool(search_release(candidate, documents))
    except (pa.ArrowException, OSError):
        return True


def _remove(workspace: Path, folder: Path, note: Note) -> None:
    (folder / "manifest.json").unlink(missing_ok=True)  # first, so that nothing seems done
    shutil.rmtree(folder / "receipts", ignore_errors=True)
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        before, name = digest_file(path), path.relative_to(workspace).as_posix()
        path.unlink()
        note(name, before, "removed", 0)
    shutil.rmtree(folder, ignore_errors=True)


def _blank(
    workspace: Path, path: Path, documents: Named, tokens: frozenset[str], also: set[str], note: Note
) -> set[str]:
    """Blank the texts of a table that are meant, or take the rows out of one to train on; return their names."""
    schema = read_schema(path)
    columns = [name for name in TEXTS if name in schema.names]
    key = next((name for name in ("document", "id") if name in schema.names), None)
    if not columns or key is None:
        return set()
    table = read_table(path)
    names = table[key].to_pylist()
    sources = table["source"].to_pylist() if "source" in schema.names else [None] * len(names)
    rows = np.array([
        name in also or any((source, one) in documents for one in (name, name.partition("/")[2]))
        for source, name in zip(sources, names, strict=True)
    ], np.bool_)  # fmt: skip
    if key == "document":  # of a takedown that was killed before their items were void
        rows |= np.array([any(is_blank(one or "") for one in texts) for texts in zip(
            *(table[column].to_pylist() for column in columns), strict=True)], np.bool_)  # fmt: skip
    unnamed = np.array([source is None for source in sources], np.bool_)
    for column in columns if unnamed.any() else ():
        rows |= unnamed & _among(salt_of(workspace), table[column].combine_chunks(), tokens)
    changed = table if key == "document" else table.filter(pa.array(~rows))
    for column in columns if key == "document" else ():
        changed = _blanked(changed, column, rows)
    if not changed.equals(table):
        before, name = digest_file(path), path.relative_to(workspace).as_posix()
        note(name, before, "", int(rows.sum()))
        write_table(path, changed.cast(schema))
        note(name, before, digest_file(path), int(rows.sum()))
    return {names[row] for row in np.flatnonzero(rows).tolist()}


def _among(salt: bytes, texts: pa.Array, tokens: frozenset[str]) -> NDArray[np.bool_]:
    filled = pc.fill_null(texts, "")
    hits = np.fromiter((one in tokens for one in _tokens(salt, filled)), np.bool_, len(texts))
    there = ~texts.is_null().to_numpy(zero_copy_only=False) & (pc.utf8_length(filled).to_numpy() > 0)
    return np.asarray(hits & there)


def _blanked(table: pa.Table, column: str, rows: NDArray[np.bool_]) -> pa.Table:
    texts = table[column].combine_chunks()
    mask = rows & ~texts.is_null().to_numpy(zero_copy_only=False)
    lengths = pc.utf8_length(texts.filter(pa.array(mask))).to_pylist()
    blank = pa.array([BLANK * length for length in lengths], texts.type)
    place = table.schema.get_field_index(column)
    return table.set_column(place, table.schema.field(column), pc.replace_with_mask(texts, pa.array(mask), blank))


def _void(workspace: Path, name: str, documents: Sequence[str] | set[str]) -> None:
    """Make the items of a round about documents void, and take back what nobody has answered yet."""
    if not documents:
        return
    with session(open_registry(workspace)) as opened:
        asked = select(Item).join(Round, Round.id == Item.round).where(Round.name == name, Item.state != VOID)
        items = [one for one in opened.scalars(asked) if one.document in documents]
        numbers = [one.id for one in items]
        for one in items:
            one.state = VOID
        waiting = opened.scalars(
            select(Assignment).where(Assignment.item.in_(numbers), Assignment.state == ISSUED)
        ).all()  # fmt: skip
        for assignment in waiting:
            assignment.state = WITHDRAWN
        if items:
            note_void(opened, name, items, withdrawn=len(waiting))
