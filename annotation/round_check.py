"""What can be said of a round's file before any server is asked: a wrong name gets its key and the near one.

Nothing is written here, and no registry is made.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from annotation.drawing import attribute_of, numbers_of
from annotation.gold_file import read_gold
from annotation.incentive.budgets import check_version, named_policy
from annotation.questions import question_of, read_label
from annotation.round_file import RoundFile, RoundPlan
from annotation.sample_file import read_sample
from annotation.standing import form_of
from annotation.suggestions import suggester_of
from pipeline.database import URL, open_registry, session
from pipeline.errors import RecipeError
from pipeline.registry import Contributor, Round, select
from pipeline.runs import Run, list_runs, open_run
from pipeline.toml import nearest


def check_plan(plan: RoundPlan, workspace: Path, policy_file: Path | None = None, *, coming: str | None = None) -> None:
    """Check all that a round's file names: files, runs, attributes, people, labels of gold, rules of pay.

    Args:
        plan: the round's file.
        workspace: of its runs and the registry.
        policy_file: rules of pay that go before those of the file.
        coming: a run that is about to be made.

    Raises:
        RecipeError: something is not there, or the round was opened with other settings.
    """
    where, head = f"round {plan.path}", plan.form.round
    named = policy_file is None and plan.policy_file is not None
    if named and plan.policy_file is not None:
        _there(f"{where}, round.policy", plan.policy_file)
    with _said_of(where, "round.policy", only=named):
        policy = named_policy(policy_file or plan.policy_file, workspace)
    if URL in os.environ or (workspace / "registry.db").exists():
        with session(open_registry(workspace)) as opened:
            opened_before = opened.scalars(select(Round).where(Round.name == head.name)).first()
            if opened_before is not None:
                refuse_other(opened_before, plan.form, f"{where}, round.name")
            known = list(opened.scalars(select(Contributor.id).order_by(Contributor.id)))
            if policy is not None:
                with _said_of(where, "round.policy", only=named):
                    check_version(opened, policy)
    else:
        opened_before, known = None, []
    _check_people(plan.form, known, where)
    if opened_before is not None:
        return
    if head.show_predictions:
        with _said_of(where, "round.show_predictions"):
            suggester_of(head.kind)
    _check_gold(plan, where)
    if plan.sample_file is not None:
        _there(f"{where}, round.sample", plan.sample_file)
        with _said_of(where, "round.sample"):
            read_sample(plan.sample_file)
    elif head.purpose == "work":
        _check_runs(plan.form, workspace, where, coming)


def refuse_other(there: Round, form: RoundFile, where: str) -> None:
    """Refuse a file that says something else than the one that a round was opened with.

    Raises:
        RecipeError: which keys differ, and how.
    """
    before = form_of(there)  # as forms: what a newer program may say besides has its default
    if before == form:
        return
    differ = [
        f"{table}.{key} was {_told(old)}, is {_told(new)}"
        for table, keys in form.model_dump(mode="json").items()
        for key, new in keys.items()
        if (old := before.model_dump(mode="json")[table][key]) != new
    ]
    raise RecipeError(
        f'{where}: round "{there.name}" was opened with other settings ({"; ".join(differ)}); what was drawn and dealt'
        " cannot change: say what you had, or give the new round a name of its own"
    )


def _told(value: Any) -> str:  # noqa: ANN401 - whatever TOML has
    return "not said" if value is None else repr(value)


@contextmanager
def _said_of(where: str, key: str, *, only: bool = True) -> Iterator[None]:
    """Name the file and the key in whatever is wrong inside."""
    try:
        yield
    except RecipeError as error:
        raise RecipeError(f"{where}, {key}: {error}") if only else error from error


def _there(place: str, path: Path) -> None:
    if path.is_file():
        return
    beside = [one.name for one in path.parent.glob(f"*{path.suffix}")] if path.parent.is_dir() else []
    hint = nearest(path.name, beside) if beside else ""
    raise RecipeError(f'{place}: there is no file "{path}"{hint}')


def _check_people(form: RoundFile, known: list[str], where: str) -> None:
    for role in ("annotators", "reviewers", "adjudicators"):
        for name in getattr(form.people, role) or ():
            if name not in known:
                hint = nearest(name, known) if known else ""
                raise RecipeError(
                    f'{where}, people.{role}: there is nobody called "{name}"{hint} (`qingyuan annotate people add'
                    f" {name}` adds them)"
                )


def _check_gold(plan: RoundPlan, where: str) -> None:
    if plan.gold_file is None:
        return
    _there(f"{where}, gold.file", plan.gold_file)
    question = question_of(plan.form.round.kind)
    with _said_of(where, "gold.file"):
        read_gold(
            plan.gold_file, lambda value, text: read_label(question, value, text), question.texts,
            masked=question.masked,
        )  # fmt: skip


def _check_runs(form: RoundFile, workspace: Path, where: str, coming: str | None) -> None:
    key = "round.run" if form.round.run is not None else "round.runs"
    for name in form.round.names:
        if name == coming:
            continue
        if coming is not None and name not in list_runs(workspace):
            known = {*list_runs(workspace), coming}
            raise RecipeError(f'{where}, {key}: the recipe makes "{coming}", not "{name}"{nearest(name, known)}')
        with _said_of(where, key):
            run = open_run(name, workspace)
        if name == form.round.names[0]:  # strata and weights are the first one's
            _check_attributes(run, form, where)


def _check_attributes(run: Run, form: RoundFile, where: str) -> None:
    sampling = form.sampling
    if form.round.show_predictions:
        with _said_of(where, "round.show_predictions"):
            for name in suggester_of(form.round.kind).attributes:
                attribute_of(run, name)
    if "domain" in sampling.by:
        with _said_of(where, "sampling.by"):
            attribute_of(run, "domain.top")
    if sampling.focus in {"uncertainty", "disagreement"}:
        with _said_of(where, "sampling.scores"):
            for name in sampling.scores:
                numbers_of(run, name)
