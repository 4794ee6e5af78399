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
from annotation.round_check import refuse_other
from annotation.round_file import RoundHead, RoundPlan
from annotation.round_tables import ITEMS, round_folder
from annotation.sample_file import read_sample
from pipeline.database import now, record
from pipeline.errors import RecipeError
from pipeline.registry import OPEN, VOID, Item, Round, Session, select
from pipeline.request.void import is_blank, note_void
from pipeline.runs import Run, open_run
from pipeline.store import write_table

Suggest: TypeAlias = Callable[[Run, NDArray[np.int64]], tuple[list[dict[str, Any] | None], str]]
"""Returns the answers that a run suggests of some of its rows, and by which version of what it measured them."""


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
        refuse_other(there, form, f"round {plan.path}, round.name")
        return there
    golds = [] if plan.gold_file is None else read_gold(plan.gold_file, read_label, fields, masked=masked)
    found = Drawn([], np.zeros(0, np.int64), {}) if head.purpose == "exam" else _draw(head, plan, workspace)
    chosen, by = found.items, ""
    if suggest is not None and len(found.rows):
        measured, by = suggest(open_run(head.names[0], workspace), found.rows)
        for row, label in zip(chosen, measured, strict=True):
            row["measured"] = label
    if masked and head.release is None:
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
            state=VOID if is_blank(row["text"]) else OPEN,
        ))  # fmt: skip
    _note_gone(opened, made)
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


def _note_gone(opened: Session, made: Round) -> None:
    """Enter which items are void from the start: of a sample that was drawn before documents of it were taken down."""
    opened.flush()
    gone = opened.scalars(select(Item).where(Item.round == made.id, Item.state == VOID)).all()
    if gone:
        note_void(opened, made.name, gone, withdrawn=0)


def _draw(head: RoundHead, plan: RoundPlan, workspace: Path) -> Drawn:
    if plan.sample_file is not None:
        rows = read_sample(plan.sample_file)
        population = round(1 / rows[0]["probability"] * len(rows)) if rows else 0
        return Drawn([{**row, "stratum": ""} for row in rows], np.zeros(0, np.int64), {"": population})
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
