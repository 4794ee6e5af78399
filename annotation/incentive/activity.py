"""What people sent, asked and passed, from the registry: the tables that metrics are made of."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

from annotation.history import FORGED, LATE
from annotation.incentive.answers import SUFFIX, Reference, References
from annotation.incentive.contributor_tables import ACTIVITY, APPEALS, EXAMS
from annotation.standing import Reading
from pipeline.registry import (
    WITHDRAWN,
    Answer,
    Assignment,
    Item,
    Qualification,
    Request,
    Round,
    Session,
    select,
)


def activity(
    opened: Session, begin: datetime, end: datetime, references: References, readings: Callable[[str], Reading]
) -> pa.Table:
    """Return what was sent in rounds of work from `begin` until before `end`, as ACTIVITY.

    What was changed later by its author is there once, as it stands; what was refused as another's or as too late is
    there besides.
    """
    rows = opened.execute(
        select(Answer, Assignment, Item, Round)
        .join(Assignment, Assignment.id == Answer.assignment)
        .join(Item, Item.id == Assignment.item)
        .join(Round, Round.id == Item.round)
        .where(Round.purpose == "work", Answer.at >= begin, Answer.at < end)
        .order_by(Answer.sequence)
    ).all()
    judged = _judgements(opened, readings)
    told: list[dict[str, Any]] = []
    for answer, held, item, round_ in rows:
        outcome = outcome_of(answer)
        of_returned_batch = held.role == "reviewer" and held.state == WITHDRAWN
        if not (answer.latest or of_returned_batch or outcome in {"forged", "late"}):
            continue
        said = None if answer.label is None else readings(round_.kind).category(answer.label)
        over = judged.get((item.id, held.role))
        told.append({
            "item": f"{round_.name}/{item.id}", "contributor": held.contributor,
            "kind": round_.kind + SUFFIX[held.role], "round": round_.name, "at": answer.at, "outcome": outcome,
            "chars": references.get((round_.name, item.document), Reference()).chars,
            "server_seconds": answer.server_seconds, "flags": answer.flags,
            "rejected": outcome == "valid" and over is not None and over != said,
        })  # fmt: skip
    return pa.Table.from_pylist(told, ACTIVITY)


def outcome_of(answer: Answer) -> str:
    """Return what became of a submission, one of OUTCOMES."""
    why = answer.refusal
    if why is None:
        return "valid"
    for name in (FORGED, LATE):
        if why.startswith(name):
            return name
    if answer.deleted:
        return "deleted"
    return "skipped" if answer.cancelled else "refused"


def _judgements(opened: Session, readings: Callable[[str], Reading]) -> Mapping[tuple[int, str], str]:
    """Return what those above said of an item, by item and the role below them: the last adjudicator, else reviewer."""
    rows = opened.execute(
        select(Assignment.item, Assignment.role, Round.kind, Answer.label)
        .join(Answer, (Answer.assignment == Assignment.id) & Answer.latest & Answer.valid)
        .join(Item, Item.id == Assignment.item)
        .join(Round, Round.id == Item.round)
        .where(Assignment.role != "annotator", Assignment.state != WITHDRAWN)
        .order_by(Answer.sequence)
    ).all()
    found: dict[tuple[int, str], str] = {}
    below = {"reviewer": ("annotator",), "adjudicator": ("annotator", "reviewer")}
    for item, role, kind, label in sorted(rows, key=lambda row: row[1] == "adjudicator"):
        found |= {(item, one): readings(kind).category(label or {}) for one in below[role]}
    return found


def appeals(opened: Session, begin: datetime, end: datetime) -> pa.Table:
    """Return the appeals that were opened from `begin` until before `end`, as APPEALS."""
    rows = opened.execute(
        select(Request.contributor, Round.kind, Request.decision)
        .join(Item, Item.id == Request.item)
        .join(Round, Round.id == Item.round)
        .where(Request.kind == "appeal", Request.opened_at >= begin, Request.opened_at < end)
        .order_by(Request.id)
    ).all()
    return pa.Table.from_pylist([dict(zip(APPEALS.names, row, strict=True)) for row in rows], APPEALS)


def exams(opened: Session, at: datetime) -> pa.Table:
    """Return everybody's last exam in each kind and role as it stands at a time, as EXAMS."""
    last: dict[tuple[str, str], Qualification] = {}
    for exam in opened.scalars(select(Qualification).order_by(Qualification.taken_at, Qualification.id)):
        if exam.taken_at <= at:
            last[exam.contributor, exam.kind + SUFFIX[exam.role]] = exam
    rows = [
        {"contributor": person, "kind": kind, "state": _state(exam, at), "until": exam.valid_until}
        for (person, kind), exam in sorted(last.items())
    ]
    return pa.Table.from_pylist(rows, EXAMS)


def _state(exam: Qualification, at: datetime) -> str:
    if exam.revoked_at is not None and exam.revoked_at <= at:
        return "revoked"
    if not exam.passed:
        return "failed"
    return "valid" if exam.valid_until > at else "expired"
