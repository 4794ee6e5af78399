"""Fetching answers: every revision of the server's journal once, checked, and kept with what came before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from annotation.credentials import Credentials, locked
from annotation.history import FORGED, LATE, History, naive
from annotation.label_studio.client import LabelStudio, Revision
from annotation.push import check_seat
from annotation.standing import form_of
from pipeline.database import record, session
from pipeline.registry import (
    Answer,
    Assignment,
    Contributor,
    Engine,
    Feed,
    Item,
    Round,
    Seat,
    Session,
    select,
)

PAGE = 1000
OVERLAP = 100
"""Revisions read again each time: on a busy database a number can become visible after a higher one."""

CLOCKS = 5.0
"""Seconds by which a browser's clock may run ahead of the server's over one task."""

Result = Sequence[Mapping[str, Any]]
Read = Callable[[Round, str, Result], tuple[dict[str, Any] | None, str | None]]
"""Reads the result of a round about a document: the answer, or why it is none."""
Advance = Callable[[int], None]


@dataclass(slots=True)
class Pulled:
    """What a pull brought."""

    revisions: int = 0
    answers: int = 0
    """Valid ones, edited ones again."""
    refused: dict[str, int] = field(default_factory=dict)
    """By reason."""
    strange: int = 0
    """Of projects and tasks that no round knows."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What an answer is checked against."""

    assignment: Assignment
    round: Round
    document: str
    account: int | None
    floor: float
    credentials: Credentials | None
    """Of a locked round."""


def pull(engine: Engine, studio: LabelStudio, read: Read, advance: Advance) -> Pulled:
    """Fetch what is new, a page at a time: answers, and how far we are, go into the registry together or not at all."""
    pulled = Pulled()
    server = studio.transport.url
    with session(engine) as opened:
        feed = opened.get(Feed, server)
        after = 0 if feed is None else feed.sequence
    start, titles = max(0, after - OVERLAP), dict[str, int]()
    while page := studio.revisions(start, PAGE):
        start = page[-1].sequence
        if start > after:
            titles = titles or {row.title: row.id for row in studio.projects()}
            _check_seats(engine, studio, page, titles)
            _learn_tasks(engine, studio, page)
            with session(engine) as opened:
                _store(opened, page, read, pulled)
                feed = opened.get(Feed, server) or Feed(server=server)
                opened.add(feed)
                after = feed.sequence = start
        advance(len(page))
        if len(page) < PAGE:
            break
    return pulled


def _check_seats(engine: Engine, studio: LabelStudio, page: Sequence[Revision], titles: Mapping[str, int]) -> None:
    with session(engine) as opened:
        for seat in opened.scalars(select(Seat).where(Seat.project.in_({row.project for row in page}))):
            check_seat(seat, titles, studio.transport.url)


def _learn_tasks(engine: Engine, studio: LabelStudio, page: Sequence[Revision]) -> None:
    """Fill the map where a push was killed between sending tasks and writing down which they became."""
    with session(engine) as opened:
        known = set(opened.scalars(select(Assignment.task).where(Assignment.task.in_({row.task for row in page}))))
        unknown = {row.project for row in page if row.task not in known}
        seats = opened.scalars(select(Seat).where(Seat.project.in_(unknown))).all()
        waiting = {
            seat.project: set(opened.scalars(
                select(Assignment.key).join(Item, Item.id == Assignment.item).where(
                    Item.round == seat.round, Assignment.contributor == seat.contributor,
                    Assignment.role == seat.role, Assignment.task.is_(None),
                )
            )) for seat in seats
        }  # fmt: skip
    for project, keys in waiting.items():
        if not keys or project is None:
            continue
        there = studio.task_keys(project)
        with session(engine) as opened:
            for row in opened.scalars(select(Assignment).where(Assignment.key.in_(keys & there.keys()))):
                row.project, row.task = project, there[row.key]


def _store(opened: Session, page: Sequence[Revision], read: Read, pulled: Pulled) -> None:
    asked = _asked(opened, page)
    history = History(opened, [one.assignment.id for one in asked.values()])
    for revision in page:
        one = asked.get(revision.task)
        if one is None or one.assignment.project != revision.project:
            pulled.strange += 1
            continue
        if history.has(one.assignment, revision):
            continue
        answer = _answer(revision, one, read, judged=history.judged_before(one.assignment, naive(revision.at)))
        history.add(opened, one.assignment, answer)
        pulled.revisions += 1
        pulled.answers += answer.valid
        if answer.refusal is not None:
            pulled.refused[answer.refusal] = pulled.refused.get(answer.refusal, 0) + 1
            by = {"assignment": one.assignment.id, "account": revision.user}
            if answer.refusal.startswith((FORGED, LATE)):
                record(opened, "qingyuan", "answer refused", why=answer.refusal, **by)
            elif answer.deleted and revision.user != one.account:
                record(opened, "qingyuan", "answer deleted", **by)  # its author is asked again
    opened.flush()


def _asked(opened: Session, page: Sequence[Revision]) -> dict[int, _Asked]:
    rows = opened.execute(
        select(Assignment, Round, Contributor.account, Item.document)
        .join(Item, Item.id == Assignment.item)
        .join(Round, Round.id == Item.round)
        .join(Contributor, Contributor.id == Assignment.contributor)
        .where(Assignment.task.in_({row.task for row in page}))
    ).all()
    rounds = {row[1].id: row[1] for row in rows}
    floors = {number: form_of(round_).people.floor_seconds for number, round_ in rounds.items()}
    locks = {number: locked(opened, round_) for number, round_ in rounds.items()}
    return {
        row.task or 0: _Asked(row, round_, document, account, floors[round_.id], locks[round_.id])
        for row, round_, account, document in rows
    }


def _answer(revision: Revision, one: _Asked, read: Read, *, judged: bool) -> Answer:
    """Turn a revision into an answer, or into a refusal that says why and keeps what was sent."""
    seconds = None if revision.served_at is None else (revision.at - revision.served_at).total_seconds()
    label, why = None, _forged(revision, one)
    result = revision.result or []
    if why is None and revision.action == "deleted":
        why = "deleted"
    if why is None and judged:
        why = f"{LATE}: changed after it was judged"
    if why is None and revision.was_cancelled:
        why = "skipped"
    if why is None and one.credentials is not None and not one.credentials.held(
        one.assignment.contributor, naive(revision.at)
    ):  # fmt: skip
        why = "no credential in force"
    if why is None:
        label, why = read(one.round, one.document, result)
    if why is None and one.floor and (seconds is None or seconds < one.floor):
        why = f"too fast: below {one.floor:g} s" if seconds is not None else "too fast: never opened"
    return Answer(
        assignment=one.assignment.id, annotation=revision.annotation, sequence=revision.sequence,
        label=label if why is None else None, raw=None if why is None or not result else {"result": _bare(result)},
        server_seconds=seconds, client_seconds=revision.lead_time, submitted_by=revision.user,
        claimed_by=revision.completed_by, at=naive(revision.at), cancelled=revision.was_cancelled,
        deleted=revision.action == "deleted", valid=why is None, refusal=None if why is None else why[:255],
        flags=" ".join(_flags(revision, seconds)),
    )  # fmt: skip


def _flags(revision: Revision, seconds: float | None) -> list[str]:
    """Return what to look at: nobody was seen to send it; more time is claimed than the server saw pass."""
    over = revision.lead_time is not None and seconds is not None and revision.lead_time > seconds + CLOCKS
    return ["unwitnessed"] * (revision.user is None and revision.action != "deleted") + ["overclaimed"] * over


def _forged(revision: Revision, one: _Asked) -> str | None:
    """Say what is wrong with who sent it. Whoever deletes is no matter: then nothing is left that could count."""
    if revision.action == "deleted":
        return None
    if revision.completed_by != one.account:
        return f"{FORGED}: in the name of account {revision.completed_by}, which was not asked"
    if revision.user is not None and revision.user != one.account:
        return f"{FORGED}: sent by account {revision.user}, not by the one that was asked"
    return None


def _bare(result: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the words that spans quote: the registry holds no text."""
    return [
        {**row, "value": {name: value for name, value in row["value"].items() if name != "text"}}
        if isinstance(row.get("value"), Mapping) else dict(row)
        for row in result
    ]  # fmt: skip
