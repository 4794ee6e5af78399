"""A round comes to be: documents drawn from a run, gold beside them, rows in the registry and their texts in a file."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from annotation.drawing import Drawn, draw_documents, draw_pairs
from annotation.gold_file import ReadLabel, read_gold
from annotation.masked import mask_texts, move_label
from annotation.round_file import RoundFile, RoundHead, RoundPlan
from pipeline.database import now, record
from pipeline.errors import RecipeError
from pipeline.registry import Item, Round, Session, select
from pipeline.runs import Run, open_run
from pipeline.store import read_table, write_table

ROUNDS = "rounds"
ITEMS = pa.schema(
    [
        pa.field("document", pa.string(), nullable=False),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("source", pa.string()),
        pa.field("kept", pa.bool_()),
        pa.field("reason", pa.string()),
        pa.field("failed", pa.list_(pa.string()), nullable=False),
        pa.field("stratum", pa.string(), nullable=False),
        pa.field("probability", pa.float64()),
        pa.field("suggestion", pa.string()),
        pa.field("right", pa.large_string()),
        pa.field("left_run", pa.string()),
        pa.field("other_kept", pa.bool_()),
        pa.field("other_failed", pa.list_(pa.string())),
        pa.field("measured", pa.string()),
    ]
)
"""What a round asks about. A gold document has no probability, and no run says anything of it. measured: the answer
that filters would give, JSON; suggestion: the same, where people are shown it.

Where two runs are compared, `text` stands left and `right` right, `left_run` is the run of the left one, `kept`,
`reason` and `failed` are the verdict of the run that the round's file names first, `other_…` that of the other."""

Suggest: TypeAlias = Callable[[Run, NDArray[np.int64]], tuple[list[dict[str, Any] | None], str]]
"""Returns the answers that a run suggests of some of its rows, and by which version of what it measured them."""


def round_folder(workspace: Path, name: str) -> Path:
    """Return where a round's tables lie; closed to other users, for they hold texts."""
    folder = workspace / ROUNDS / name
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def open_round(
    opened: Session, plan: RoundPlan, workspace: Path, read_label: ReadLabel, *, review: str,
    suggest: Suggest | None = None, masked: bool = True, fields: Sequence[str] = ("text",),
) -> Round:  # fmt: skip
    """Draw a round's documents and enter them; a round that is there already stays as it is.

    Args:
        opened: the transaction.
        plan: the round's file.
        workspace: where its run and its tables lie.
        read_label: reads the labels of the gold.
        review: what is looked at again: every item, an audit of each batch, or none.
        suggest: makes answers of what was measured; people see them if the round's file says so.
        masked: whether people see placeholders in the place of personal data, in gold too.
        fields: how a gold file calls the texts that people see: one, or two to compare.

    Raises:
        RecipeError: the round exists with other settings; the run, an attribute or the gold file is not there or wrong.
    """
    form, head = plan.form, plan.form.round
    there = opened.scalars(select(Round).where(Round.name == head.name)).first()
    if there is not None:
        if RoundFile.model_validate(there.design["file"]) != form:
            raise RecipeError(
                f'round "{head.name}" was opened with other settings; what was drawn and dealt cannot change: '
                "say what you had, or give the new round a name of its own"
            )
        return there
    golds = [] if plan.gold_file is None else read_gold(plan.gold_file, read_label, fields, masked=masked)
    found = Drawn([], np.zeros(0, np.int64), {}) if head.purpose == "exam" else _draw(head, plan, workspace)
    chosen, by = found.items, ""
    if suggest is not None and chosen:
        measured, by = suggest(open_run(head.names[0], workspace), found.rows)
        for row, label in zip(chosen, measured, strict=True):
            row["measured"] = label
    if masked:
        chosen = _mask(chosen)
    if found.items and not chosen:
        raise RecipeError(f'round "{head.name}": the texts drawn of the two runs differ in personal data alone')
    design = {
        "file": form.model_dump(mode="json"), "population": found.population, "suggested_by": by,
        "pairs": found.pairs and {**found.pairs, "drawn": len(found.items), "asked about": len(chosen)},
    }  # fmt: skip
    drawn = {row["document"] for row in chosen}
    golds = [gold for gold in golds if gold["document"] not in drawn]
    made = Round(
        name=head.name, kind=head.kind, rule_version=head.rule_version, purpose=head.purpose, review=review,
        run=head.names[0] if head.names else None, seed=head.seed, opened_at=now(),
        design=design,
    )  # fmt: skip
    opened.add(made)
    opened.flush()
    order = np.random.default_rng(head.seed).permutation(len(chosen))
    for row, place in zip(chosen, order, strict=True):
        opened.add(Item(
            round=made.id, document=row["document"], probability=row["probability"], stratum=row["stratum"],
            overlap=head.overlap, batch=int(place) // form.review.batch,
        ))  # fmt: skip
    for gold in golds:
        opened.add(Item(
            round=made.id, document=gold["document"], overlap=0, is_gold=True, gold=gold["gold"], gold_revision=1,
        ))  # fmt: skip
    record(opened, "operator", "round opened", round=head.name, items=len(chosen), gold=len(golds))
    rows = [dict.fromkeys(ITEMS.names) | {"failed": [], "stratum": ""} | row for row in (*chosen, *golds)]
    for row in rows:
        row["measured"] = None if row["measured"] is None else orjson.dumps(row["measured"]).decode()
        row["suggestion"] = row["measured"] if head.show_predictions else None
    table = pa.Table.from_pylist([{name: row[name] for name in ITEMS.names} for row in rows], ITEMS)
    write_table(round_folder(workspace, head.name) / "items.parquet", table)
    return made


def read_texts(workspace: Path, name: str) -> dict[str, str]:
    """Return the text of every document of a round."""
    table = read_table(round_folder(workspace, name) / "items.parquet", ["document", "text"])
    return dict(zip(table["document"].to_pylist(), table["text"].to_pylist(), strict=True))


def read_right_texts(workspace: Path, name: str) -> dict[str, str]:
    """Return the text that stands on the right of each document, of a round that compares two."""
    table = read_table(round_folder(workspace, name) / "items.parquet", ["document", "right"])
    pairs = zip(table["document"].to_pylist(), table["right"].to_pylist(), strict=True)
    return {document: text for document, text in pairs if text is not None}


def read_suggestions(workspace: Path, name: str) -> dict[str, dict[str, Any]]:
    """Return the answers that filters suggest, of the documents where a round shows one."""
    table = read_table(round_folder(workspace, name) / "items.parquet", ["document", "suggestion"])
    return {
        document: orjson.loads(label)
        for document, label in zip(table["document"].to_pylist(), table["suggestion"].to_pylist(), strict=True)
        if label is not None
    }


def _draw(head: RoundHead, plan: RoundPlan, workspace: Path) -> Drawn:
    runs = [open_run(name, workspace) for name in head.names]
    return draw_documents(runs[0], plan.form) if len(runs) == 1 else draw_pairs(runs[0], runs[1], plan.form)


def _mask(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put placeholders in the place of personal data, and leave out pairs that are alike from then on."""
    for field in ("text", "right"):
        having = [row for row in rows if row.get(field) is not None]
        shown, cuts = mask_texts([row[field] for row in having])
        for row, text, cut in zip(having, shown, cuts, strict=True):
            row[field] = text
            if row.get("measured") is not None:
                row["measured"] = move_label(row["measured"], cut)
    return [row for row in rows if row["text"] != row.get("right")]
