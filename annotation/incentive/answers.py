"""What people have answered, from the registry: the table that is scored, and the work that is paid."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from annotation.history import FORGED, LATE
from annotation.incentive.tables import ANSWERS
from annotation.standing import Reading
from pipeline.registry import VOID, WITHDRAWN, Answer, Assignment, Audit, Item, Round, Session, select

WINDOW = timedelta(days=90)
WINDOW_ANSWERS = 2000
"""Somebody is measured by his answers of the last 90 days, at most 2,000 of a kind (incentive reference, 5.0)."""
REVIEW, ADJUDICATION = "review", "adjudication"
ACCEPT, REJECT = "accept", "reject"
SUFFIX = {"annotator": "", "reviewer": f"/{REVIEW}", "adjudicator": f"/{ADJUDICATION}"}


@dataclass(frozen=True, slots=True)
class Given:
    """One person's answer to one item, as it stood at its deadline."""

    assignment: int
    contributor: str
    role: str
    kind: str
    """Of the round, with the role behind it."""
    round: Round
    item: Item
    label: Mapping[str, Any]
    shown: Mapping[str, Any] | None
    at: datetime
    server_seconds: float | None
    client_seconds: float | None
    flags: str


def load_given(opened: Session, until: datetime) -> list[Given]:
    """Return every valid answer of rounds of work, as it stood at its deadline, in the order of their numbers.

    What counts is a person's last revision before the round was closed and before anybody decided about the item:
    whoever changes an answer afterwards changes nothing. Who was asked after the round was closed, to judge an appeal,
    has until now. A revision that was refused or a deletion takes the place of
    what was said before; forged ones are nobody's, late ones change nothing, and one that no session was seen to send
    counts when its author sends it again. Answers of a batch that came back count when they are given anew;
    reviews of it were work, and count as they are.

    Args:
        opened: the transaction.
        until: answers from this moment on do not exist yet.
    """
    rounds = {one.id: one for one in opened.scalars(select(Round).where(Round.purpose == "work"))}
    items = {one.id: one for one in opened.scalars(select(Item).where(Item.round.in_(rounds)))}
    closed = closings(opened)
    rows = opened.execute(
        select(
            Assignment.id, Assignment.item, Assignment.contributor, Assignment.role, Assignment.state,
            Assignment.shown, Assignment.issued_at, Answer.annotation, Answer.sequence, Answer.latest, Answer.valid,
            Answer.refusal, Answer.label, Answer.at, Answer.server_seconds, Answer.client_seconds, Answer.flags,
        )
        .join(Answer, Answer.assignment == Assignment.id)
        .join(Item, Item.id == Assignment.item)
        .where(Item.round.in_(rounds), Answer.at < until)
        .order_by(Assignment.id, Answer.sequence)
    ).all()  # fmt: skip
    revisions: dict[int, dict[int, list[Any]]] = defaultdict(lambda: defaultdict(list))
    decided: dict[int, datetime] = {}
    for row in rows:
        if (row.refusal or "").startswith((FORGED, LATE)) or "unwitnessed" in row.flags.split():
            continue
        revisions[row.id][row.annotation].append(row)
        if row.role == "adjudicator" and row.valid:
            decided[row.item] = min(decided.get(row.item, row.at), row.at)
    given = []
    for assignment, annotations in sorted(revisions.items()):
        first = next(iter(annotations.values()))[0]
        item = items[first.item]
        round_ = rounds[item.round]
        closing = closed.get(round_.name, until)
        appealed = first.role == "adjudicator" and first.issued_at >= closing
        deadline = until if appealed else closing
        if first.role != "adjudicator":
            deadline = min(deadline, decided.get(item.id, until))
        said = _standing(annotations.values(), deadline, withdrawn_review=_withdrawn_review(first))
        if said is not None:
            given.append(Given(
                assignment, said.contributor, said.role, round_.kind + SUFFIX[said.role], round_, item, said.label,
                said.shown, said.at, said.server_seconds, said.client_seconds, said.flags,
            ))  # fmt: skip
    return given


def closings(opened: Session) -> dict[str, datetime]:
    """Return when each round was closed; adjudications issued from then on are of appeals."""
    rows = opened.scalars(select(Audit).where(Audit.action == "round closed").order_by(Audit.seq))
    return {row.detail["round"]: row.at for row in rows}


def _withdrawn_review(row: Any) -> bool:  # noqa: ANN401 - a row of the database
    return bool(row.role == "reviewer" and row.state == WITHDRAWN)


def _standing(annotations: Iterable[Sequence[Any]], deadline: datetime, *, withdrawn_review: bool) -> Any | None:  # noqa: ANN401
    """Return the revision that counts; of several annotations by one person the last one's."""
    found = None
    for revisions in annotations:
        if not withdrawn_review and not any(row.latest for row in revisions):
            continue  # of a batch that came back: it is to be answered anew
        before = [row for row in revisions if row.at <= deadline]
        if before and before[-1].valid and (found is None or found.sequence < before[-1].sequence):
            found = before[-1]
    return found


@dataclass(frozen=True, slots=True)
class Reference:
    """What a round's files say of a document."""

    chars: int = 0
    prelabel: str = ""
    """Label by the filters, shown or not; empty where none was made."""


References = Mapping[tuple[str, str], Reference]
"""Of (round, document)."""


def answers_table(
    given: Sequence[Given], references: References, readings: Callable[[str], Reading], end: datetime
) -> pa.Table:
    """Return the answers that people are measured by, as `ANSWERS`; those of void batches are left out.

    Gold is what was known beforehand, what an appeal has made gold, and what an adjudicator has decided. A reviewer's
    answer is accept or reject of what he was shown; its gold says whether that was right.

    Args:
        given: of `load_given`.
        references: of documents.
        readings: kind of round -> what its answers mean.
        end: of the period; what lies more than 90 days before is not looked at.
    """
    verdicts = {one.item.id: one.label for one in given if one.role == "adjudicator"}
    rows: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for one in given:
        if one.role == "adjudicator" or one.item.state == VOID or one.at < end - WINDOW:
            continue
        reading = readings(one.round.kind)
        truth, revision = _truth(one.item, verdicts, reading)
        said, spans = reading.category(one.label), _spans(one.label, reading)
        if one.role == "reviewer":
            shown = None if one.shown is None else reading.category(one.shown)
            said, spans = (ACCEPT if said == shown else REJECT), None
            truth = None if truth is None else (ACCEPT if truth == shown else REJECT)
        reference = references.get((one.round.name, one.item.document), Reference())
        rows[one.contributor, one.kind].append({
            "item": f"{one.round.name}/{one.item.id}", "contributor": one.contributor, "kind": one.kind,
            "round": one.round.name, "rule_version": one.round.rule_version, "domain": domain_of(one.round),
            "label": said, "spans": spans, "stratum": "" if one.role == "reviewer" else reference.prelabel,
            "chars": reference.chars, "gold": truth, "gold_revision": revision,
            "planted": one.item.probability is None, "at": one.at, "server_seconds": one.server_seconds,
            "client_seconds": one.client_seconds, "flags": one.flags,
        })  # fmt: skip
    kept = []
    for _, some in sorted(rows.items()):
        newest = sorted(some, key=lambda row: (row["at"], row["item"]))[-WINDOW_ANSWERS:]
        kept += sorted(newest, key=lambda row: row["item"])
    return pa.Table.from_pylist(kept, ANSWERS)


def _truth(item: Item, verdicts: Mapping[int, Mapping[str, Any]], reading: Reading) -> tuple[str | None, int]:
    if item.gold is not None:
        return reading.category(item.gold), item.gold_revision
    if item.id in verdicts:
        return reading.category(verdicts[item.id]), 1
    return None, 0


def _spans(label: Mapping[str, Any], reading: Reading) -> list[dict[str, Any]] | None:
    """Return the spans of an answer to a question that is about them; evidence that need not be marked is none."""
    if not any(getattr(control, "name", "") == "spans" for control in getattr(reading, "controls", ())):
        return None
    return [{"start": start, "end": end, "type": kind} for start, end, kind in label.get("spans", ())]


def domain_of(round_: Round) -> str:
    """Return the domain that a round is locked to; empty if it is open to all."""
    return str(round_.design["file"]["round"].get("domain_locked") or "")
