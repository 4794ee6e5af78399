"""What people said of a sample, once they have said it of every document of it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from annotation.kinds.risk_choice import risks_of
from annotation.questions import question_of
from annotation.standing import Reading, Standing, load_standing
from filters.risks import ILLEGAL
from pipeline.errors import LedgerError, RecipeError
from pipeline.registry import VOID, Draw, Round, Session, select
from pipeline.registry.sources import OF_SOURCES
from pipeline.request.beside import ROUNDS
from pipeline.request.void import is_blank, void_items
from pipeline.sources.machine import Found
from pipeline.store import read_table

KINDS = ("acceptance", "safety")
"""Kinds of round that can say whether a document is bad."""

WITHDRAWN = "withdrawn"
"""What is said of a document that was taken down before anybody had decided about it."""


def round_of(opened: Session, draw: Draw) -> Round | None:
    """Return the round of labelling that asks about a sample; None while it has not been pushed."""
    if draw.labels is None:
        return None
    return opened.scalars(select(Round).where(Round.name == draw.labels)).first()


def check_shown(workspace: Path, draw: Draw, rows: Iterable[Mapping[str, Any]]) -> None:
    """Hold the texts that people are shown against those that were drawn; one that was taken down is blank.

    The sample waits in a file until it is pushed: whoever puts other texts under its names is found here.

    Args:
        workspace: of the round, which may not be there yet.
        draw: of a release.
        rows: document and text of each that was drawn.

    Raises:
        LedgerError: they are others.
    """
    path = workspace / ROUNDS / str(draw.labels) / "items.parquet"
    if not path.exists():
        return
    table = read_table(path, ["document", "text"])
    shown = dict(zip(table["document"].to_pylist(), table["text"].to_pylist(), strict=True))
    for row in rows:
        text = shown.get(row["document"], "")
        if text != row["text"] and not is_blank(text):
            raise LedgerError(
                f"{path}: what it shows of {row['document']} is not what would be released: verdicts on another text "
                "say nothing of the sample"
            )


def read_verdicts(opened: Session, draw: Draw) -> Found | None:
    """Return what people found in a sample, None while anything of it waits for an answer, a review or a decision.

    Of a source, bad is what has a risk of A.1 to A.4 (违法不良信息); of a release, what has any of the 31 risks. A
    document counts for each risk that is named by an answer which the decision rests on. One that was taken down before
    it was decided about counts as bad: no takedown may help a sample to pass.

    Raises:
        RecipeError: the round asks another kind of question.
    """
    round_ = round_of(opened, draw)
    if round_ is None:
        return None
    if round_.kind not in KINDS:
        raise RecipeError(f'round "{round_.name}" is of kind {round_.kind}; a sample is judged by {" or ".join(KINDS)}')
    question = question_of(round_.kind)
    standing = [one for one in load_standing(opened, round_, question) if not one.is_planted]
    finals, gone = [one.final(question) for one in standing], void_items(opened)
    bad_groups = ILLEGAL if draw.phase in OF_SOURCES else frozenset(question.bad_classes)
    items: list[dict[str, Any]] = []
    counts: Counter[str] = Counter()
    for one, final in zip(standing, finals, strict=True):
        withdrawn = final is None and one.item.id in gone
        if (final is None and not withdrawn) or (one.item.state == VOID and one.item.id not in gone):
            return None
        bad = withdrawn or final in bad_groups
        named = sorted(_risks(one, final, question)) if bad and final is not None else []
        counts.update(named)
        items.append({
            "id": one.item.document, "final": WITHDRAWN if final is None else final, "bad": bad, "risks": named,
            "answers": len(one.said("annotator")), "reviewed": bool(one.said("reviewer")),
            "adjudicated": bool(one.said("adjudicator")),
        })  # fmt: skip
    people = {held.assignment.contributor for one in standing for held in one.held if held.answer is not None}
    basis = {
        "round": round_.name, "kind": round_.kind, "rule_version": round_.rule_version, "review": round_.review,
        "people": len(people), "reviewed": sum(item["reviewed"] for item in items),
    }  # fmt: skip
    return Found(len(items), sum(item["bad"] for item in items), 0, dict(sorted(counts.items())), items, basis)


def _risks(one: Standing, final: str, reading: Reading) -> set[str]:
    """Return the risks that the decision rests on: the last adjudicator's, else those of who said what was decided."""
    said = one.said("adjudicator")[-1:] or [*one.said("annotator"), *one.said("reviewer")]
    labels = [held.answer.label for held in said if held.answer is not None and held.answer.label is not None]
    return {risk for label in labels if reading.category(label) == final for risk in risks_of(label)}
