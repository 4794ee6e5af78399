"""How far a round is: counts by role and state, rates, and when it will be done."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from annotation.history import FORGED, LATE
from pipeline.registry import ANSWERED, ISSUED, Answer, Assignment, Item, Request, Round, Session, func, select

RECENT = timedelta(days=1)
"""Rates are those of the last day in which anybody worked."""


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
        "answers": {"valid": len(valid), "refused": refused},
        "people": len(people), "tampering": {row[0]: row[1] for row in tampered},
        "look_at": {person: list(flags[person]) for person in people if person in flags},
        "per_hour": None if rate is None else round(rate, 1),
        "median_seconds": seconds[len(seconds) // 2] if seconds else None,
        "left": left,
        "expected_end": _end(at, left, rate), "appeals_pending": appeals or 0,
    }  # fmt: skip


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
