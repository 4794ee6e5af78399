"""A period from its answers to its payments: scores, tiers, settlement, ledger; the body of `qingyuan score`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pyarrow.compute as pc

from annotation.incentive.answers import Given, answers_table, load_given
from annotation.incentive.budgets import enter_policy, named_policy
from annotation.incentive.dividend import dividends, share_out
from annotation.incentive.flagged import FOLDER
from annotation.incentive.ledger import Entry, post, verify
from annotation.incentive.months import check_month, unsettled
from annotation.incentive.policy import Calendar, PolicyFile, load_policy
from annotation.incentive.publication import publish
from annotation.incentive.references import load_references
from annotation.incentive.scores import Scorer, Standings, decisions, enter_scores, score_kinds, write_scores
from annotation.incentive.scoring import Scoring, score
from annotation.incentive.settlement import Share, payments, payments_before, shares
from annotation.incentive.tiers import earned
from annotation.incentive.works import Works, gather, hold_late, release_undone
from annotation.questions import question_of
from annotation.standing import Reading
from pipeline.database import now, open_registry, session
from pipeline.lock import locked
from pipeline.registry import Engine, Reservation, Session, select

Act = Literal["show", "advance", "settle"]
Readings = Callable[[str], Reading]


@contextmanager
def only_score(workspace: Path) -> Iterator[None]:
    """Hold the workspace's right to write scores; the kernel gives it back however this process ends.

    Raises:
        RecipeError: another command holds it.
    """
    (workspace / FOLDER).mkdir(parents=True, exist_ok=True)
    with locked(workspace / FOLDER / ".lock", f"another command is scoring the answers of {workspace}; wait for it"):
        yield


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a period holds before money comes in."""

    period: str
    end: datetime
    given: Sequence[Given]
    references: Mapping[tuple[str, str], Any]
    answers: Any
    found: Standings


def score_period(
    workspace: Path, period: str | None = None, policy_file: Path | None = None, *, act: Act = "show",
    what_if: Path | None = None, at: datetime | None = None, scorer: Scorer | None = None,
    readings: Readings = question_of,
) -> dict[str, Any]:  # fmt: skip
    """Measure everybody, and show, advance or settle what they are owed.

    Saying the same again changes nothing: scores are kept when they change, payments are what is owed less what was
    paid. One transaction holds all that a settlement writes, so a killed one has written nothing.

    Args:
        workspace: with its registry and rounds.
        period: a month; by default the one it is.
        policy_file: prices what was sent without rules of pay; by default the workspace's incentive.toml, if any.
        act: show writes no ledger row; advance pays by the lower bound of J; settle by J, with the dividend once the
            period is over.
        what_if: another policy: says what it would have paid, and writes nothing.
        at: the time it is.
        scorer: measures the answers of one kind of round; by default `scoring.score`, people who were cleared apart.
        readings: what answers of a kind of round mean.

    Raises:
        RecipeError: another command is scoring the same workspace.
    """
    with nullcontext() if what_if is not None else only_score(workspace):
        return _score(workspace, period, policy_file, act, what_if, at or now(), scorer, readings)


def _score(
    workspace: Path, period: str | None, policy_file: Path | None, act: Act, what_if: Path | None, at: datetime,
    scorer: Scorer | None, readings: Readings,
) -> dict[str, Any]:  # fmt: skip
    policy = named_policy(policy_file, workspace)
    other = None if what_if is None else load_policy(what_if)
    engine = open_registry(workspace)
    if period is not None and act != "show":
        with session(engine) as opened:
            check_month(opened, period, Calendar() if policy is None else policy.calendar)
    measurement = _measure(engine, workspace, policy or other, period, at, scorer, readings, keep=other is None)
    if other is not None:
        return _compare(engine, measurement, policy, other, at)
    write_scores(workspace, measurement.period, measurement.answers, measurement.found)
    with session(engine) as opened:
        if act != "show":
            verify(opened)  # nothing is paid on top of a ledger that somebody has touched
            if policy is not None:
                enter_policy(opened, policy, at)
        tiers = earned(
            opened, measurement.period, measurement.found.table, measurement.answers, min(at, measurement.end)
        )
        entered = enter_scores(opened, measurement.period, measurement.found, tiers, at)
        works = gather(opened, measurement.given, measurement.references, policy, measurement.period, at)
        entries, found, told = _act(opened, measurement, works, policy, at, act)
        if act != "show":
            post(opened, entries, "operator")
    calendar = Calendar() if policy is None else policy.calendar
    with session(engine) as opened:  # once it is entered, so that no page says what was not paid
        published = publish(
            opened, workspace, measurement.period, calendar, measurement.answers,
            measurement.found, tiers, measurement.references, readings, at,
        )  # fmt: skip
        waiting = unsettled(opened, measurement.period)
    said = {"scores_entered": entered, "unpriced": works.unpriced, "unsettled": waiting, **published}
    return _told(measurement, found, entries, act) | told | said


def _measure(
    engine: Engine, workspace: Path, policy: PolicyFile | None, period: str | None, at: datetime,
    scorer: Scorer | None, readings: Readings, *, keep: bool,
) -> Measurement:  # fmt: skip
    calendar = Calendar() if policy is None else policy.calendar
    month = period or calendar.period_at(at)
    _, end = calendar.bounds(month)
    with session(engine) as opened:
        given = load_given(opened, at)
        cleared = frozenset(name for name, said in decisions(opened, month).items() if said == "cleared")
        own = set(opened.scalars(select(Reservation.assignment).where(Reservation.period == month)))
    rounds = {one.round.id: one.round for one in given}
    references = load_references(workspace, list(rounds.values()), keep=keep)
    until = min(at, end)
    # What was sent in the month is paid by it whenever it is answered, so it is measured by it, too.
    counted = [one for one in given if one.role == "adjudicator" or one.at < until or one.assignment in own]
    table = answers_table(counted, references, readings, until)
    return Measurement(
        month,
        end,
        given,
        references,
        table,
        score_kinds(table, readings, scorer or partial(score, parameters=Scoring(cleared=cleared))),
    )


def _act(
    opened: Session, measurement: Measurement, works: Works, policy: PolicyFile | None, at: datetime, act: Act
) -> tuple[list[Entry], list[Share], dict[str, Any]]:
    released = 0
    if act == "settle":
        released = release_undone(opened, measurement.given)
    late = len(works.late)
    if act != "show" and works.late:
        for label in sorted({(one.policy, one.version) for one in works.late}):
            enter_policy(opened, works.policies[label], at)
        hold_late(opened, works.late, works.policies, policy)
    found = shares(
        works.works, works.policies, measurement.found.rows(), decisions(opened, measurement.period)
    )  # fmt: skip
    before = payments_before(opened, measurement.period)
    entries = payments(found, before, at, advance=act == "advance")
    said = "the dividend is shared out by --settle, once the period is over"
    if act == "settle":
        rounds = {work.reservation.round for work in works.works}
        shared, said = dividends(opened, measurement.period, measurement.end, found, rounds, at)
        entries += shared
    return entries, found, {"released_fen": released, "late": late, "dividend": said}


def _told(measurement: Measurement, found: Sequence[Share], entries: Sequence[Entry], act: Act) -> dict[str, Any]:
    due = {(entry.party, entry.why.get("kind"), entry.why["policy"]): entry for entry in entries}
    people = []
    for share in found:
        entry = due.get((share.party, share.kind, share.policy.label))
        people.append({
            "contributor": share.party, **share.why(low=act == "advance"), "reserved_fen": share.reserved_fen,
            "due_fen": 0 if entry is None else entry.amount,
        })  # fmt: skip
    return {
        "period": measurement.period, "act": act, "people": people, "scores": measurement.found.table.num_rows,
        "answers": measurement.answers.num_rows, "alarms": measurement.found.alarms(),
        "due_fen": sum(entry.amount for entry in entries), "rows": 0 if act == "show" else len(entries),
        "convergence": {kind: {"converged": one.converged, "iterations": one.iterations, "j_reference": one.j_reference}
                        for kind, one in measurement.found.by_kind.items()},
        "copies": int(pc.sum(pc.greater(measurement.found.table["copy_cluster"], 0)).as_py() or 0),
    }  # fmt: skip


def _compare(
    engine: Engine, measurement: Measurement, policy: PolicyFile | None, other: PolicyFile, at: datetime
) -> dict[str, Any]:
    """Say what another policy would have paid each person for the same work; nothing is written."""
    totals: dict[str, list[int]] = {}
    with session(engine) as opened:
        scores, decided = measurement.found.rows(), decisions(opened, measurement.period)
        for place, (rules, anew) in enumerate(((policy, False), (other, True))):
            works = gather(
                opened, measurement.given, measurement.references, rules, measurement.period, at, anew=anew
            )  # fmt: skip
            found = shares(works.works, works.policies, scores, decided)
            points: dict[str, int] = {}
            for share in found:
                row = totals.setdefault(share.party, [0, 0, 0, 0])
                row[place] += share.entitlement().entitled_fen
                points[share.party] = points.get(share.party, 0) + share.points()
            pool = rules.dividend.pool_fen if rules is not None else 0
            for party, fen in share_out(pool, points).items():
                totals[party][2 + place] += fen
            needed = sum(work.reservation.fen for work in works.works)
        opened.expunge_all()
    people = [
        {"contributor": party, "now_fen": row[0], "then_fen": row[1], "difference_fen": row[1] - row[0],
         "dividend_now_fen": row[2], "dividend_then_fen": row[3]}
        for party, row in sorted(totals.items())
    ]  # fmt: skip
    room = other.budget_of(measurement.period) - other.dividend.pool_fen
    return {
        "period": measurement.period, "policy": None if policy is None else policy.label, "what_if": other.label,
        "people": people, "now_fen": sum(row[0] for row in totals.values()),
        "then_fen": sum(row[1] for row in totals.values()), "needed_fen": needed, "budget_fen": room,
        "covered": needed <= room,
    }  # fmt: skip
