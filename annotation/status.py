"""How far a round is: counts by role and state, rates, and when it will be done."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from annotation.history import FORGED, LATE
from annotation.incentive.flagged import last_flags
from annotation.refusals import refusal_warnings
from pipeline.database import now, open_registry, session
from pipeline.errors import RecipeError
from pipeline.registry import ANSWERED, ISSUED, Answer, Assignment, Item, Request, Round, Session, func, select
from pipeline.toml import nearest

RECENT = timedelta(days=1)
"""Rates are those of the last day in which anybody worked."""


def status_of(workspace: Path, name: str | None) -> list[dict[str, Any]]:
    """Return how far rounds have come: one, or all."""
    engine = open_registry(workspace)
    with session(engine) as opened:
        rounds = [find_round(opened, name)] if name else opened.scalars(select(Round).order_by(Round.id)).all()
        flags = last_flags(workspace)
        return [round_status(opened, round_, now(), flags) for round_ in rounds]


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


def round_status(
    opened: Session, round_: Round, at: datetime, flags: Mapping[str, Sequence[str]] | None = None
) -> dict[str, Any]:
    """Return what a person who looks after a round wants to know.

    Args:
        opened: the transaction.
        round_: the round.
        at: the time it is.
        flags: person -> what they should be looked at for, by the last scoring; see `incentive.contributor_tables`.
    """
    flags = flags or {}
    mine = select(Assignment.id).join(Item, Item.id == Assignment.item).where(Item.round == round_.id)
    tampered = opened.execute(
        select(Assignment.contributor, func.count())
        .join(Answer, Answer.assignment == Assignment.id)
        .where(Assignment.id.in_(mine), Answer.refusal.startswith(FORGED) | Answer.refusal.startswith(LATE))
        .group_by(Assignment.contributor)
        .order_by(Assignment.contributor)
    ).all()
    people = sorted(set(opened.scalars(select(Assignment.contributor).where(Assignment.id.in_(mine)))))
    states = opened.execute(
        select(Assignment.role, Assignment.state, Assignment.task.is_not(None), func.count())
        .where(Assignment.id.in_(mine))
        .group_by(Assignment.role, Assignment.state, Assignment.task.is_not(None))
    ).all()
    roles: dict[str, dict[str, int]] = {}
    for role, state, sent, number in states:
        counts = roles.setdefault(role, {"answered": 0, "open": 0, "waiting": 0, "withdrawn": 0})
        key = {ANSWERED: "answered", ISSUED: "open" if sent else "waiting"}.get(state, "withdrawn")
        counts[key] += number
    answers = opened.execute(
        select(Answer.at, Answer.valid, Answer.refusal, Answer.server_seconds).where(
            Answer.assignment.in_(mine), Answer.latest
        )
    ).all()
    valid = sorted(row.at for row in answers if row.valid)
    seconds = sorted(row.server_seconds for row in answers if row.valid and row.server_seconds is not None)
    refused: dict[str, int] = {}
    for row in answers:
        if row.refusal is not None:
            refused[row.refusal] = refused.get(row.refusal, 0) + 1
    left = sum(counts["open"] + counts["waiting"] for counts in roles.values())
    rate = _rate(valid)
    items = opened.execute(
        select(Item.state, func.count()).where(Item.round == round_.id, Item.probability.is_not(None))
        .group_by(Item.state)
    ).all()  # fmt: skip
    appeals = opened.scalar(
        select(func.count()).select_from(Request).join(Item, Item.id == Request.item)
        .where(Item.round == round_.id, Request.decision == "pending")
    )  # fmt: skip
    return {
        "round": round_.name, "kind": round_.kind, "purpose": round_.purpose, "state": round_.state,
        "items": {row[0]: row[1] for row in items}, "roles": roles,
        "answers": {"valid": len(valid), "refused": refused}, "warnings": refusal_warnings(opened, round_),
        "people": len(people), "tampering": {row[0]: row[1] for row in tampered},
        "look_at": {person: list(flags[person]) for person in people if person in flags},
        "per_hour": None if rate is None else round(rate, 1),
        "median_seconds": seconds[len(seconds) // 2] if seconds else None,
        "left": left,
        "expected_end": _end(at, left, rate), "appeals_pending": appeals or 0,
    }  # fmt: skip


def round_mark(opened: Session, round_: Round) -> str:
    """Return a digest of how far a round is: another one as soon as anything in it changed that its tables tell of."""
    items = select(Item.id).where(Item.round == round_.id)
    mine = select(Assignment.id).where(Assignment.item.in_(items))
    state: list[Any] = [
        select(Item.state, func.count(), func.sum(Item.gold_revision)).where(Item.round == round_.id)
        .group_by(Item.state).order_by(Item.state),
        select(Assignment.role, Assignment.state, func.count(), func.count(Assignment.task))
        .where(Assignment.item.in_(items)).group_by(Assignment.role, Assignment.state)
        .order_by(Assignment.role, Assignment.state),
        select(Answer.latest, func.count(), func.max(Answer.id)).where(Answer.assignment.in_(mine))
        .group_by(Answer.latest).order_by(Answer.latest),
        select(Request.decision, func.count()).where(Request.item.in_(items))
        .group_by(Request.decision).order_by(Request.decision),
    ]  # fmt: skip
    return sha256(repr([[tuple(row) for row in opened.execute(one)] for one in state]).encode()).hexdigest()


def _rate(times: list[datetime]) -> float | None:
    """Return answers an hour over the last day of work; None before there are two."""
    if not times:
        return None
    recent = [time for time in times if time > times[-1] - RECENT]
    hours = (recent[-1] - recent[0]).total_seconds() / 3600
    return (len(recent) - 1) / hours if hours > 0 else None


def _end(at: datetime, left: int, rate: float | None) -> str | None:
    """Return when it ends if people go on as they did, UTC; what reviews will still be asked for is not in it."""
    if left == 0 or not rate:
        return None
    return (at + timedelta(hours=left / rate)).isoformat(timespec="minutes") + "Z"
