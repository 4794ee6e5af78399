"""Sending a round to Label Studio: each person's tasks into a project of his own, whatever was interrupted before."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from annotation.credentials import barred
from annotation.label_studio.client import LabelStudio, UncertainError
from annotation.standing import form_of
from pipeline.database import now, record, session
from pipeline.errors import RecipeError
from pipeline.registry import (
    ANSWERED,
    ISSUED,
    Answer,
    Assignment,
    Contributor,
    Engine,
    Item,
    Round,
    Seat,
    Session,
    func,
    select,
)

CHUNK = 500
"""Tasks in one request: within 10 % of the fastest, and a second's work lost at worst."""
TITLES = {"annotator": "标注", "reviewer": "审核", "adjudicator": "复核"}
Advance = Callable[[int], None]
Due = list[list[tuple[Assignment, str]]]
Afford = Callable[[Session, Due], set[int]]
"""Sets money aside for what people may have next; returns the assignments that it is there for."""


class Page(Protocol):
    """What a kind of question looks like in Label Studio."""

    def project(self, role: str) -> tuple[str, str, bool]:
        """Return labelling page, instructions, and whether answers are shown beforehand, in a role."""

    def task(self, document: str, text: str, key: str, role: str, shown: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return a task: only what its reader needs; `shown` is an answer that he is to approve."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did."""

    projects: int
    tasks: int
    found: int
    """Tasks that were there already though no answer had come that said so."""
    waiting: int
    """Assignments that wait until their person has answered others."""


def push(
    engine: Engine, studio: LabelStudio, name: str, page: Page, texts: Mapping[str, str], advance: Advance,
    afford: Afford | None = None,
) -> Pushed:  # fmt: skip
    """Send what each person may have now. Interrupted anywhere and run again, it sends nothing twice.

    What is about to be made is written down first, what was made at once afterwards; in between, the server is asked:
    a project is found again by its title, a task by the key that it carries. Where work is paid, nothing is sent that
    no money was set aside for.
    """
    projects = tasks = found = waiting = 0
    with session(engine) as opened:
        round_ = opened.scalars(select(Round).where(Round.name == name)).one()
        seats = _seats(opened, round_)
        paid = None if afford is None else afford(opened, [_due(opened, round_, seat)[0] for seat in seats])
    _close_seats(engine, studio, name)
    known = {row.title: row.id for row in studio.projects()} if seats else {}
    for seat in seats:
        account = _account(engine, studio, seat.contributor)
        if seat.project is None:
            projects += seat.title not in known
            _make_project(engine, studio, seat, page, known)
        check_seat(seat, known, studio.transport.url)
        assert seat.project is not None
        with session(engine) as opened:
            new, later = _due(opened, round_, seat)
        waiting += later
        new = new if paid is None else [(row, document) for row, document in new if row.id in paid]
        if not new:
            continue
        studio.seat(seat.project, account)
        there = studio.task_keys(seat.project)
        found += _write_map(engine, seat, {row.key: there[row.key] for row, _ in new if row.key in there})
        missing = [(row, document) for row, document in new if row.key not in there]
        for begin in range(0, len(missing), CHUNK):
            chunk = missing[begin : begin + CHUNK]
            ids = _import(
                studio, seat.project, [page.task(doc, texts[doc], row.key, seat.role, row.shown) for row, doc in chunk]
            )
            tasks += _write_map(engine, seat, {row.key: ids[row.key] for row, _ in chunk})
            advance(len(chunk))
    if projects or tasks or found:
        with session(engine) as opened:
            record(opened, "qingyuan", "pushed", round=name, projects=projects, tasks=tasks, found=found)
    return Pushed(projects, tasks, found, waiting)


def check_seat(seat: Seat, known: Mapping[str, int], url: str) -> None:
    """Make sure that a seat's project is where we think: numbers mean something else on another server.

    Raises:
        RecipeError: it is not.
    """
    if known.get(seat.title) != seat.project:
        raise RecipeError(
            f'project {seat.project} "{seat.title}" is not on the Label Studio at {url}: is that another server than'
            " the one this registry has worked with, or has somebody deleted or renamed the project?"
        )


def _close_seats(engine: Engine, studio: LabelStudio, name: str) -> None:
    """Shut out of their projects those who were suspended or whose credential has lapsed.

    The project stays closed for good, since what was taken back still lies in it; who returns gets a new one.
    """
    with session(engine) as opened:
        round_ = opened.scalars(select(Round).where(Round.name == name)).one()
        rows = opened.execute(
            select(Seat, Contributor.active)
            .join(Contributor, Contributor.id == Seat.contributor)
            .where(Seat.round == round_.id, Seat.project.is_not(None))
            .order_by(Seat.id)
        ).all()
        out = barred(opened, round_, [seat.contributor for seat, _ in rows], now())
    for seat, active in rows:
        if (active and seat.contributor not in out) or seat.project is None:
            continue
        studio.unseat(seat.project)
        with session(engine) as opened:
            leave_seat(opened, name, seat.id)


def leave_seat(opened: Session, name: str, seat: int) -> None:
    """Forget the project of a seat from which somebody was shut out: whoever comes back gets a new one."""
    left = opened.get_one(Seat, seat)
    left.title, left.project = _title(name, f"{left.contributor}/{left.role}/{left.project}", left.role), None


def _seats(opened: Session, round_: Round) -> list[Seat]:
    """Return the seats that have something to send, new ones written down."""
    rows = opened.execute(
        select(Assignment.contributor, Assignment.role)
        .join(Item, Item.id == Assignment.item)
        .where(Item.round == round_.id, Assignment.state == ISSUED, Assignment.task.is_(None))
        .distinct()
        .order_by(Assignment.contributor, Assignment.role)
    ).all()
    there = {
        (seat.contributor, seat.role): seat for seat in opened.scalars(select(Seat).where(Seat.round == round_.id))
    }
    seats = []
    for person, role in rows:
        seat = there.get((person, role))
        if seat is None:
            title = _title(round_.name, f"{person}/{role}", role)
            seat = Seat(round=round_.id, contributor=person, role=role, title=title)
            opened.add(seat)
        seats.append(seat)
    opened.flush()
    return seats


def _title(name: str, mark: str, role: str) -> str:
    return f"{name[:30]} {TITLES[role]} {sha256(f'{name}/{mark}'.encode()).hexdigest()[:12]}"


def _account(engine: Engine, studio: LabelStudio, person: str) -> int:
    with session(engine) as opened:
        account = opened.get_one(Contributor, person).account
    if account is None:
        account = studio.contributor(person).id
        with session(engine) as opened:
            opened.get_one(Contributor, person).account = account
    return account


def _make_project(engine: Engine, studio: LabelStudio, seat: Seat, page: Page, known: dict[str, int]) -> None:
    if seat.title not in known:
        config, instruction, shows = page.project(seat.role)
        try:
            known[seat.title] = studio.create_project(seat.title, config, instruction, show_predictions=shows)
        except UncertainError:
            found = {row.title: row.id for row in studio.projects()}
            if seat.title not in found:
                raise
            known.update(found)
    seat.project = known[seat.title]
    with session(engine) as opened:
        opened.get_one(Seat, seat.id).project = seat.project


def _due(opened: Session, round_: Round, seat: Seat) -> tuple[list[tuple[Assignment, str]], int]:
    """Return the next assignments of a seat, in their order, as many as its person may have now; and how many wait."""
    people = form_of(round_).people
    person = opened.get_one(Contributor, seat.contributor)
    rows = opened.execute(
        select(Assignment, Item.document)
        .join(Item, Item.id == Assignment.item)
        .where(
            Item.round == round_.id, Assignment.contributor == seat.contributor, Assignment.role == seat.role,
            Assignment.state == ISSUED, Assignment.task.is_(None),
        )
        .order_by(Assignment.place, Assignment.id)
    ).all()  # fmt: skip
    mine = select(func.count()).select_from(Assignment).where(Assignment.contributor == seat.contributor)
    unanswered = opened.scalar(mine.where(Assignment.state == ISSUED, Assignment.task.is_not(None))) or 0
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
    today = opened.scalar(
        mine.where(Assignment.state == ANSWERED)
        .where(Assignment.id.in_(select(Answer.assignment).where(Answer.latest, Answer.at >= midnight)))
    ) or 0  # fmt: skip
    cap = min(people.daily_cap, person.daily_cap or people.daily_cap)
    allowed = max(0, min(people.window - unanswered, cap - today - unanswered))
    return [(row, document) for row, document in rows[:allowed]], max(0, len(rows) - allowed)


def _import(studio: LabelStudio, project: int, tasks: list[dict[str, Any]]) -> dict[str, int]:
    keys = [task["data"]["key"] for task in tasks]
    try:
        return dict(zip(keys, studio.import_tasks(project, tasks), strict=True))
    except UncertainError:
        there = studio.task_keys(project)  # all of them or none: Label Studio imports in one transaction
        missing = [task for task in tasks if task["data"]["key"] not in there]
        made = studio.import_tasks(project, missing) if missing else []
        return there | dict(zip((task["data"]["key"] for task in missing), made, strict=True))


def _write_map(engine: Engine, seat: Seat, tasks: Mapping[str, int]) -> int:
    if not tasks:
        return 0
    with session(engine) as opened:
        rows = opened.scalars(select(Assignment).where(Assignment.key.in_(list(tasks)))).all()
        for row in rows:
            row.project, row.task = seat.project, tasks[row.key]
    return len(rows)
