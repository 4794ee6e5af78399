"""A round from its file to its results: each command as one function, over registry, server and folder."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any

from annotation.appeals import appealed_items, settle_appeals
from annotation.gold_warnings import gold_warnings
from annotation.incentive.budgets import named_policy, round_policy
from annotation.incentive.policy import PolicyFile
from annotation.incentive.reserve import Reserved, reserve
from annotation.label_studio.client import LabelStudio
from annotation.people import settle_exam
from annotation.pull import pull
from annotation.push import Due, leave_seat, push
from annotation.questions import Reader, RoundPage, question_of, read_label, review_of
from annotation.results import write_results
from annotation.round_file import RoundPlan
from annotation.round_tables import read_right_texts, read_suggestions, read_texts, round_folder
from annotation.stages import Step, advance
from annotation.standing import form_of, load_standing
from annotation.status import find_round, round_mark, round_status
from annotation.suggestions import suggest, suggester_of
from annotation.withdrawal import due, withdraw_tasks
from pipeline.database import now, open_registry, record, session
from pipeline.errors import RecipeError
from pipeline.lock import PATIENCE, locked
from pipeline.registry import (
    CLOSED,
    ISSUED,
    OPEN,
    WITHDRAWN,
    Assignment,
    Engine,
    Item,
    Request,
    Round,
    Seat,
    Session,
    select,
)
from pipeline.store import read_json, write_json

Advance = Callable[[int], None]


@contextmanager
def only_one(workspace: Path) -> Iterator[Engine]:
    """Hold the workspace's right to talk to Label Studio, and its registry; a kill gives the right back too.

    Raises:
        BusyError: another command holds it for longer than we wait.
    """
    (workspace / "rounds").mkdir(parents=True, exist_ok=True)
    busy = f"another command is at work on the rounds of {workspace}; wait for it"
    with locked(workspace / "rounds" / ".lock", busy, PATIENCE):
        engine = open_registry(workspace)
        try:
            yield engine
        finally:
            engine.dispose()


def push_round(
    workspace: Path, plan: RoundPlan, studio: LabelStudio, progress: Advance, policy_file: Path | None = None
) -> dict[str, Any]:
    """Open a round if it is new, issue what can be issued, and send what each person may have now.

    Args:
        workspace: with its runs, rounds and registry.
        plan: the round's file.
        studio: the server.
        progress: called with how many tasks were sent.
        policy_file: rules of pay, before those that the round's file or the workspace names.
    """
    from annotation.opening import open_round  # noqa: PLC0415 - the filters behind it take two seconds to import

    head = plan.form.round
    question = question_of(head.kind)
    if head.show_predictions:
        suggester_of(head.kind)
    policy = named_policy(policy_file or plan.policy_file, workspace)
    studio.server()
    with only_one(workspace) as engine:
        with session(engine) as opened:
            waits = due(opened)
        if waits:
            _fetch(engine, workspace, studio, lambda _: None)
        with session(engine) as opened:
            review = "none" if head.purpose == "exam" else review_of(head.kind, plan.form.review.items)
            open_round(
                opened, plan, workspace, lambda value, text: read_label(question, value, text), review=review,
                suggest=partial(suggest, head.kind, needed=head.show_predictions), masked=question.masked,
                fields=question.texts,
            )  # fmt: skip
        return _send(engine, workspace, head.name, studio, progress, policy)


def pull_rounds(workspace: Path, studio: LabelStudio, progress: Advance) -> dict[str, Any]:
    """Fetch all new answers of all rounds, and bring exams, appeals and tables up to date.

    Of closed rounds too, where somebody has ever appealed: the verdict comes afterwards.
    """
    with only_one(workspace) as engine:
        done = _fetch(engine, workspace, studio, progress)
        with session(engine) as opened:
            appealed = select(Item.round).join(Request, Request.item == Item.id).where(Request.kind == "appeal")
            rounds = opened.scalars(select(Round).where(
                (Round.state == OPEN) | Round.id.in_(appealed)).order_by(Round.name)).all()  # fmt: skip
            stale = [round_.name for round_ in rounds if _is_stale(opened, workspace, round_)]
        return {**done, "rounds": {name: _settle(engine, workspace, name) for name in stale}}


def _fetch(engine: Engine, workspace: Path, studio: LabelStudio, progress: Advance) -> dict[str, Any]:
    """Fetch answers, and then take the tasks of what was taken down out of the server."""
    done = asdict(pull(engine, studio, Reader(workspace), progress))
    return {**done, "withdrawn_tasks": withdraw_tasks(engine, studio)}


def sync_round(workspace: Path, name: str, studio: LabelStudio, progress: Advance) -> dict[str, Any]:
    """Fetch answers, issue what follows from them, and send it: what a schedule does again and again."""
    pulled = pull_rounds(workspace, studio, progress)
    with only_one(workspace) as engine:
        with session(engine) as opened:
            find_round(opened, name)
        policy = named_policy(None, workspace)
        return {"pulled": pulled, "pushed": _send(engine, workspace, name, studio, progress, policy, again=True)}


def close_round(workspace: Path, name: str, studio: LabelStudio) -> dict[str, Any]:
    """Fetch what there is, shut everybody out of a round, and take back what is not answered.

    Who is to judge an appeal keeps it, and gets it anew with the next push or sync.
    """
    pull_rounds(workspace, studio, lambda _: None)
    with only_one(workspace) as engine:
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
            appealed = set(appealed_items(opened, round_))
            judging = [one for one in waiting if one.role == "adjudicator" and one.item in appealed]
            withdrawn = [one for one in waiting if one not in judging]
            for assignment in withdrawn:
                assignment.state = WITHDRAWN
            for seat in seats:
                leave_seat(opened, name, seat.id)
            round_.state = CLOSED
            record(opened, "operator", "round closed", round=name, withdrawn=len(withdrawn))
            for assignment in judging:
                assignment.key, assignment.project, assignment.task = token_hex(16), None, None
                assignment.issued_at = now()
        return {"round": name, "withdrawn": len(withdrawn), "seats": len(seats)}


def _send(
    engine: Engine, workspace: Path, name: str, studio: LabelStudio, progress: Advance, policy: PolicyFile | None,
    *, again: bool = False,
) -> dict[str, Any]:  # fmt: skip
    with session(engine) as opened:
        round_ = find_round(opened, name)
        question = question_of(round_.kind)
        rules = round_policy(opened, round_, policy, now(), keep=again)
        paid = rules is not None and round_.purpose == "work"
        step: Step = advance(opened, round_, question, now(), _prelabels(workspace, round_) if paid else {})
        warnings = gold_warnings(opened, round_, question) if paid else []
        by = round_.design.get("suggested_by", "")
    rights = read_right_texts(workspace, name) if len(question.texts) > 1 else {}
    page = RoundPage(question, round_.rule_version, read_suggestions(workspace, name), by, rights)
    texts, said = read_texts(workspace, name), Reserved()
    chars = {document: len(text) + len(rights.get(document, "")) for document, text in texts.items()}

    def afford(opened: Session, due: Due) -> set[int]:
        nonlocal said
        assert rules is not None
        said = reserve(opened, find_round(opened, name), rules, due, chars, now())
        return said.allowed

    pushed = push(engine, studio, name, page, texts, progress, None if rules is None else afford)
    warning = said.warning()
    if warning is not None and not said.allowed and not again:
        raise RecipeError(f'round "{name}": {warning}')
    return {
        "round": name, "issued": dict(step.issued), "short": {role: n for role, n in step.short.items() if n},
        "void": step.void, "returned": step.returned, "lapsed": step.lapsed, **asdict(pushed), "reserved_fen": said.fen,
        "unfunded": said.refused, "budget": warning, "warnings": warnings,
    }  # fmt: skip


def _prelabels(workspace: Path, round_: Round) -> dict[str, str]:
    """Return what filters say of each document of a round: people are measured within such labels."""
    from annotation.incentive.references import load_references  # noqa: PLC0415 - as above

    return {document: one.prelabel for (_, document), one in load_references(workspace, [round_]).items()}


def _settle(engine: Engine, workspace: Path, name: str) -> dict[str, Any]:
    """Mark exams, decide appeals, and write a round's tables."""
    with session(engine) as opened:
        round_ = find_round(opened, name)
        question = question_of(round_.kind)
        exams = settle_exam(opened, round_, question) if round_.purpose == "exam" else []
        standing = load_standing(opened, round_, question)
        decided = settle_appeals(opened, round_, standing, question)
        result = write_results(opened, round_, workspace, standing, question)
        status, mark = round_status(opened, round_, now()), round_mark(opened, round_)
        runs = form_of(round_).round.names
    write_json(_results(workspace, name), {**result, "status": status, "runs": runs, "mark": mark})
    return {
        "labels": result["labels"], "exams": {exam.contributor: exam.passed for exam in exams},
        "appeals": {f"{one.contributor}": one.decision for one in decided}, "status": status,
    }  # fmt: skip


def _is_stale(opened: Session, workspace: Path, round_: Round) -> bool:
    """Return whether a round has changed since its tables were written: a pull may have been killed before that."""
    written = read_json(_results(workspace, round_.name)) or {}
    return bool(written.get("mark") != round_mark(opened, round_))


def _results(workspace: Path, name: str) -> Path:
    return round_folder(workspace, name) / "results.json"
