"""The rows of a release, read from what runs wrote: text as it was masked, and what was measured of it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.errors import LedgerError
from pipeline.preference import LICENCE, QUALITY
from pipeline.recipe import stored_recipe
from pipeline.release.merging import Merged
from pipeline.release.plan import Part, Plan
from pipeline.release.selection import chosen, drawn
from pipeline.removal import rows_of
from pipeline.schema import INPUT_ID
from pipeline.store import read_batches, read_schema, read_table
from pipeline.veiled import hidden_ids, hide_addresses, identifiers, veiled_in

DOMAIN, LECT, HANT, WORDS, SPANS = (
    "domain.top", "language.lect", "script.hant_ratio", "words.count", "personal.spans"
)  # fmt: skip

ENTRY = pa.struct([pa.field("key", pa.string(), nullable=False), pa.field("value", pa.string())])

RELEASED = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("url", pa.string()),
        pa.field("licence", pa.string()),
        pa.field("domain", pa.string()),
        pa.field("script", pa.string()),
        pa.field("quality", pa.float64()),
        pa.field("characters", pa.int32(), nullable=False),
        pa.field("run", pa.string(), nullable=False),
        pa.field("meta", pa.list_(ENTRY), nullable=False),
    ]
)
"""licence: SPDX, what the document says of itself, else its recipe of its source, else the registry. script: Hans,
Hant, or Hani where no character tells. quality: from 0 to 1. characters: code points of the text. meta: the
input's other fields; a list of key and value, not Parquet's map, which `datasets` does not read."""

MEASURES = pa.schema([pa.field("words", pa.int64())])
"""Beside the rows, for statistics: words of the text, by the run that measured it; null where the text is another one
since, masked, or where the run did not count, or not by jieba's own dictionary."""


@dataclass
class Left:
    """Why documents that runs kept are not in a release, with how many."""

    reasons: Counter[str] = field(default_factory=Counter)
    veiled: Counter[str] = field(default_factory=Counter)
    """Of those that are in it: whose `ids` and `urls` were identifiers, and are replaced."""

    def take(self, takes: NDArray[np.bool_], also: NDArray[np.bool_], reason: str) -> NDArray[np.bool_]:
        """Return what is left of `takes`, and count what `also` takes away."""
        self.reasons[reason] += int(np.count_nonzero(takes & ~also))
        return takes & also


def released_rows(part: Part, plan: Plan, merged: Merged, left: Left) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Yield the rows of a release that are of one part, in order, a batch at a time: `RELEASED` and `MEASURES`.

    Args:
        part: of the plan's.
        plan: of the release.
        merged: which documents stay where runs share some.
        left: counts what is left out.

    Raises:
        LedgerError: a corpus and what was measured are not of the same documents.
    """
    path = part.path("corpus")
    attributes = _attributes(part, plan)
    stays = merged.stays[part.run.name, part.number]
    gone = _taken_down(part, plan, len(stays))
    renamed = merged.renamed.get((part.run.name, part.number), {})
    begin = 0
    for batch in read_batches(path):
        here = attributes.slice(begin, batch.num_rows)
        if here["id"] != batch["id"]:
            raise LedgerError(f"{path}: its rows are not those of the verdicts; run the recipe again")
        measured = here.drop_columns(["id"])
        rows = batch.append_column("domain", measured["domain"]).append_column("script", measured["script"])
        rows = rows.append_column("quality", measured["quality"])
        here_on = slice(begin, begin + batch.num_rows)
        takes = _takes(rows, stays[here_on], gone[here_on], plan, left)
        if takes.any():
            names = {int(np.count_nonzero(takes[: row - begin])): name for row, name in renamed.items()
                     if begin <= row < begin + batch.num_rows and takes[row - begin]}  # fmt: skip
            if not takes.all():
                which = pa.array(np.flatnonzero(takes))
                rows, measured = rows.take(which), measured.take(which)
            yield _released(rows, measured, names, part, plan.salt, left), measured.select(["words"])
        begin += batch.num_rows


def eligible_rows(part: Part, plan: Plan) -> NDArray[np.bool_]:
    """bool[rows of its corpus]: which documents of a part may be released, before runs are merged and shares drawn."""
    rows = read_table(part.path("corpus"), ["id", "source"])
    attributes = _attributes(part, plan)
    for name in ("domain", "script", "quality"):
        rows = rows.append_column(name, attributes[name])
    takes = chosen(rows, plan.form.selection) & ~_taken_down(part, plan, rows.num_rows)
    return takes & (part.source not in plan.barred)


def _takes(
    rows: pa.Table, stays: NDArray[np.bool_], gone: NDArray[np.bool_], plan: Plan, left: Left
) -> NDArray[np.bool_]:
    takes = left.take(np.ones(rows.num_rows, np.bool_), stays, "another run's document stands for it")
    takes = left.take(takes, ~gone, "taken down")
    if plan.barred:
        barred = pc.is_in(rows["source"], pa.array(sorted(plan.barred), pa.string())).to_numpy()
        takes = left.take(takes, ~barred, "its source is barred")
    takes = left.take(takes, chosen(rows, plan.form.selection), "not selected")
    mixture = plan.form.mixture
    if mixture.domains or mixture.sources:
        takes = left.take(takes, drawn(rows, mixture), "not drawn for the mixture")
    return takes


def _taken_down(part: Part, plan: Plan, kept: int) -> NDArray[np.bool_]:
    """bool[kept]: which documents were taken down. Their run has lost them, unless the takedown was killed."""
    if not plan.removed:
        return np.zeros(kept, np.bool_)
    keep = read_table(part.path("verdicts"), ["verdict.keep"])["verdict.keep"].to_numpy()
    named = np.zeros(len(keep), np.bool_)
    removed = plan.removed | veiled_in(part.path("documents"), plan.removed, plan.salt)
    named[rows_of(part.run.folder, part.number, removed)] = True
    return np.asarray(named[keep])


def _attributes(part: Part, plan: Plan) -> pa.Table:
    """Read what was measured of a part's kept documents, under the names that rows have."""
    path = part.path("attributes")
    there = set(read_schema(path).names)
    wanted = [name for name in (DOMAIN, LECT, HANT, QUALITY, LICENCE, WORDS, SPANS) if name in there]
    keep = read_table(part.path("verdicts"), ["verdict.keep"])["verdict.keep"]
    table = read_table(path, ["id", *wanted]).filter(keep)
    no = pa.nulls(table.num_rows, pa.string())

    def column(name: str, kind: pa.DataType) -> pa.ChunkedArray:
        return table[name] if name in wanted else pa.chunked_array([pa.nulls(table.num_rows, kind)])

    form = stored_recipe(part.run.folder.path / "recipe.toml")
    licence = next((source.licence for source in form.sources if source.name == part.source), None)
    licence = licence or plan.licences.get(part.source)
    words = column(WORDS, pa.int64())
    if form.segment.dictionaries:
        words = pa.nulls(table.num_rows, pa.int64())
    elif SPANS in wanted:
        changed = pc.greater(pc.fill_null(pc.list_value_length(table[SPANS]), 0), 0)
        words = pc.if_else(changed, pa.scalar(None, pa.int64()), words)
    own = column(LICENCE, pa.string())
    return pa.table({
        "id": table["id"],
        "domain": column(DOMAIN, pa.string()),
        "script": _script(column(LECT, pa.string()), column(HANT, pa.float64())) if HANT in wanted else no,
        "quality": column(QUALITY, pa.float64()),
        "licence": own if licence is None else pc.fill_null(own, licence),
        "words": words,
    })  # fmt: skip


def _script(lect: pa.ChunkedArray, hant: pa.ChunkedArray) -> pa.ChunkedArray:
    """Say which script Chinese is written in: by its lect, else by the characters that only one script has."""
    by_chars = pc.if_else(pc.greater(hant, 0.5), "Hant", pc.if_else(pc.less(hant, 0.5), "Hans", "Hani"))
    return pc.case_when(
        pc.make_struct(pc.equal(lect, "cmn_Hans").fill_null(False), pc.equal(lect, "cmn_Hant").fill_null(False)),
        pa.scalar("Hans"), pa.scalar("Hant"), by_chars,
    )  # fmt: skip


def _released(
    rows: pa.Table, measured: pa.Table, names: dict[int, str], part: Part, salt: bytes, left: Left
) -> pa.Table:
    """Put the columns of a release together; ids and addresses that are somebody's identifiers are replaced."""
    veiled = hidden_ids(salt, rows["source"], rows["id"])
    names = {row: name for row, name in names.items() if row not in veiled}  # else the old id would stand in its meta
    ids, meta = rows["id"].combine_chunks(), _entries(_given_up(rows["meta"].combine_chunks()), names, rows["id"])
    if names or veiled:
        replaced = names | veiled
        new = pa.array([replaced[row] for row in sorted(replaced)], pa.string())
        mask = np.zeros(rows.num_rows, np.bool_)
        mask[list(replaced)] = True
        ids = pc.replace_with_mask(ids, pa.array(mask), new)
    urls, changed = hide_addresses(rows["url"].combine_chunks())
    left.veiled.update({"ids": len(veiled), "urls": changed})
    characters = pc.utf8_length(rows["text"]).cast(pa.int32())
    run = pa.repeat(pa.scalar(part.run.name), rows.num_rows)
    return pa.table(
        [ids, rows["text"], rows["source"], urls, measured["licence"], measured["domain"], measured["script"],
         measured["quality"], characters, run, meta],
        schema=RELEASED,
    )  # fmt: skip


def _given_up(maps: pa.MapArray) -> pa.MapArray:
    """Leave out of maps the ids that documents gave up to others where these are identifiers."""
    if not pc.any(pc.equal(maps.keys, INPUT_ID)).as_py():
        return maps
    kept = [
        [(key, one) for key, one in row if key != INPUT_ID or not identifiers([one])[0]] for row in maps.to_pylist()
    ]
    return pa.array(kept, maps.type)


def _entries(maps: pa.MapArray, names: dict[int, str], ids: pa.ChunkedArray) -> pa.ListArray:
    """Turn maps into lists of key and value; a row that gives its id up keeps it there."""
    if names:
        whole = maps.to_pylist()
        for row in names:
            whole[row] = [*whole[row], (INPUT_ID, ids[row].as_py())]
        maps = pa.array(whole, maps.type)
    begin, end = maps.offsets[0].as_py(), maps.offsets[-1].as_py()
    entries = pa.StructArray.from_arrays(
        [maps.keys.slice(begin, end - begin), maps.items.slice(begin, end - begin)], fields=list(ENTRY)
    )
    return pa.ListArray.from_arrays(pc.subtract(maps.offsets, begin), entries, RELEASED.field("meta").type)
