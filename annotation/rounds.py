"""A round from its file to its results: each command as one function, over registry, server and folder."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from annotation.label_studio.client import LabelStudio
from annotation.opening import open_round, read_right_texts, read_suggestions, read_texts, round_folder
from annotation.people import settle_appeals, settle_exam
from annotation.pull import pull
from annotation.push import push
from annotation.questions import Reader, RoundPage, question_of, read_label, review_of
from annotation.results import write_results
from annotation.round_file import RoundPlan
from annotation.stages import Step, advance
from annotation.standing import form_of, load_standing
from annotation.status import round_status
from annotation.suggestions import suggest, suggester_of
from pipeline.database import now, open_registry, record, session
from pipeline.errors import RecipeError
from pipeline.registry import CLOSED, ISSUED, OPEN, WITHDRAWN, Assignment, Engine, Item, Round, Seat, Session, select
from pipeline.store import write_json
from pipeline.toml import nearest

Advance = Callable[[int], None]


@contextmanager
def only_one(workspace: Path) -> Iterator[None]:
    """Hold the workspace's right to talk to Label Studio; the kernel gives it back however this process ends.

    Raises:
        RecipeError: another command holds it.
    """
    (workspace / "rounds").mkdir(parents=True, exist_ok=True)
    with (workspace / "rounds" / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RecipeError(f"another command is at work on the rounds of {workspace}; wait for it") from None
        yield


def push_round(workspace: Path, plan: RoundPlan, studio: LabelStudio, progress: Advance) -> dict[str, Any]:
    """Open a round if it is new, issue what can be issued, and send what each person may have now."""
    head = plan.form.round
    question = question_of(head.kind)
    if head.show_predictions:
        suggester_of(head.kind)
    studio.server()
    with only_one(workspace):
        engine = open_registry(workspace)
        with session(engine) as opened:
            review = "none" if head.purpose == "exam" else review_of(head.kind, plan.form.review.items)
            open_round(
                opened, plan, workspace, lambda value, text: read_label(question, value, text), review=review,
                suggest=partial(suggest, head.kind, needed=head.show_predictions), masked=question.masked,
                fields=question.texts,
            )  # fmt: skip
        return _send(engine, workspace, head.name, studio, progress)


def pull_rounds(workspace: Path, studio: LabelStudio, progress: Advance) -> dict[str, Any]:
    """Fetch all new answers of all rounds, and bring exams, appeals and tables of the open ones up to date."""
    with only_one(workspace):
        engine = open_registry(workspace)
        pulled = pull(engine, studio, Reader(workspace), progress)
        done = asdict(pulled)
        with session(engine) as opened:
            names = opened.scalars(select(Round.name).where(Round.state == OPEN).order_by(Round.name)).all()
        stale = [name for name in names if pulled.revisions or not _results(workspace, name).exists()]
        done["rounds"] = {name: _settle(engine, workspace, name) for name in stale}
        return done


def sync_round(workspace: Path, name: str, studio: LabelStudio, progress: Advance) -> dict[str, Any]:
    """Fetch answers, issue what follows from them, and send it: what a schedule does again and again."""
    pulled = pull_rounds(workspace, studio, progress)
    with only_one(workspace):
        engine = open_registry(workspace)
        with session(engine) as opened:
            find_round(opened, name)
        return {"pulled": pulled, "pushed": _send(engine, workspace, name, studio, progress)}


def close_round(workspace: Path, name: str, studio: LabelStudio) -> dict[str, Any]:
    """Fetch what there is, shut everybody out of a round, and take back what is not answered."""
    pull_rounds(workspace, studio, lambda _: None)
    with only_one(workspace):
        engine = open_registry(workspace)
        with session(engine) as opened:
            round_ = find_round(opened, name)
            seats = opened.scalars(select(Seat).where(Seat.round == round_.id, Seat.project.is_not(None))).all()
        for seat in seats:
            if seat.project is not None:
                studio.unseat(seat.project)
        with session(engine) as opened:
            round_ = find_round(opened, name)
            mine = select(Assignment.id).join(Item, Item.id == Assignment.item).where(Item.round == round_.id)
            waiting = opened.scalars(
                select(Assignment).where(Assignment.id.in_(mine), Assignment.state == ISSUED)
            ).all()  # fmt: skip
            for assignment in waiting:
                assignment.state = WITHDRAWN
            round_.state = CLOSED
            record(opened, "operator", "round closed", round=name, withdrawn=len(waiting))
        return {"round": name, "withdrawn": len(waiting), "seats": len(seats)}


def status_of(workspace: Path, name: str | None) -> list[dict[str, Any]]:
    """Return how far rounds have come: one, or all."""
    engine = open_registry(workspace)
    with session(engine) as opened:
        rounds = [find_round(opened, name)] if name else opened.scalars(select(Round).order_by(Round.id)).all()
        return [round_status(opened, round_, now()) for round_ in rounds]


def find_round(opened: Session, name: str) -> Round:
    """Return a round by its name.

    Raises:
        RecipeError: there is none; the nearest right name is said.
    """
    names = opened.scalars(select(Round.name)).all()
    if name not in names:
        hint = nearest(name, names) if names else "; `qingyuan annotate push ROUND.toml` opens one"
        raise RecipeError(f'there is no round "{name}"{hint}')
    return opened.scalars(select(Round).where(Round.name == name)).one()


def _send(engine: Engine, workspace: Path, name: str, studio: LabelStudio, progress: Advance) -> dict[str, Any]:
    with session(engine) as opened:
        round_ = find_round(opened, name)
        question = question_of(round_.kind)
        step: Step = advance(opened, round_, question, now())
        by = round_.design.get("suggested_by", "")
    rights = read_right_texts(workspace, name) if len(question.texts) > 1 else {}
    page = RoundPage(question, round_.rule_version, read_suggestions(workspace, name), by, rights)
    pushed = push(engine, studio, name, page, read_texts(workspace, name), progress)
    return {
        "round": name, "issued": dict(step.issued), "short": {role: n for role, n in step.short.items() if n},
        "void": step.void, "returned": step.returned, **asdict(pushed),
    }  # fmt: skip


def _settle(engine: Engine, workspace: Path, name: str) -> dict[str, Any]:
    """Mark exams, decide appeals, and write a round's tables."""
    with session(engine) as opened:
        round_ = find_round(opened, name)
        question = question_of(round_.kind)
        exams = settle_exam(opened, round_, question) if round_.purpose == "exam" else []
        standing = load_standing(opened, round_, question)
        decided = settle_appeals(opened, round_, standing, question)
        result = write_results(opened, round_, workspace, standing, question)
        status = round_status(opened, round_, now())
        runs = form_of(round_).round.names
    write_json(_results(workspace, name), {**result, "status": status, "runs": runs})
    return {
        "labels": result["labels"], "exams": {exam.contributor: exam.passed for exam in exams},
        "appeals": {f"{one.contributor}": one.decision for one in decided}, "status": status,
    }  # fmt: skip


def _results(workspace: Path, name: str) -> Path:
    return round_folder(workspace, name) / "results.json"
