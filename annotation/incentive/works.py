"""Which answers a period pays, and at which price: as set aside for them or, without a reserve, as priced now."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from annotation.incentive.answers import Given, Reference, closings
from annotation.incentive.budgets import check_version, open_budgets, yuan
from annotation.incentive.policy import Calendar, PolicyFile, stored_policy
from annotation.incentive.reserve import Left, hold, price, release, standings
from annotation.incentive.settlement import Work, payments_before
from annotation.incentive.worth import credited_ms
from pipeline.errors import RecipeError
from pipeline.registry import (
    ANSWERED,
    ISSUED,
    OPEN,
    Assignment,
    Budget,
    Item,
    PayPolicy,
    Reservation,
    Round,
    Session,
    select,
)

References = Mapping[tuple[str, str], Reference]
Policies = dict[tuple[str, str], PolicyFile]


@dataclass(slots=True)
class Works:
    """The work of a period."""

    works: list[Work] = field(default_factory=list)
    policies: Policies = field(default_factory=dict)
    late: list[Reservation] = field(default_factory=list)
    """Of answers for which nothing is set aside: sent before there were rules of pay, or taken back and answered."""
    unpriced: int = 0
    """Answers without a reserve, and no rules to price them by."""


def gather(
    opened: Session, given: Sequence[Given], references: References, policy: PolicyFile | None, period: str,
    at: datetime, *, anew: bool = False,
) -> Works:  # fmt: skip
    """Return the work that belongs to a period: what was sent in it, or, without a reserve, what was answered in it.

    Args:
        opened: the transaction; nothing is entered.
        given: all answers that count.
        references: lengths of documents.
        policy: prices answers without a reserve; None leaves them unpriced.
        period: a month.
        at: the time it is.
        anew: price everything by `policy`, whatever was agreed: what would have been.
    """
    found = Works(policies=stored_policies(opened))
    if policy is not None:
        if not anew:
            check_version(opened, policy)
        found.policies[policy.name, policy.policy.version] = policy
    known = {one.assignment: one for one in opened.scalars(select(Reservation).where(Reservation.period == period))}
    others = set(opened.scalars(select(Reservation.assignment).where(Reservation.period != period)))
    tiers, gaps = standings(opened, period), _gaps(given)
    for one in given:
        if one.assignment in others:
            continue
        reservation = known.get(one.assignment)
        late = reservation is None or not reservation.standing
        if reservation is None and _month(one, policy) != period:
            continue
        if reservation is None or anew:
            if policy is None:
                found.unpriced += 1
                continue
            reference = references.get((one.round.name, one.item.document), Reference())
            reservation = price(
                policy, one.round, assignment=one.assignment, contributor=one.contributor, kind=one.kind,
                chars=reference.chars, tiers=tiers, stratum=one.item.stratum, period=period, at=at,
            )  # fmt: skip
        if late and not anew:
            found.late.append(reservation)
        rules = found.policies[reservation.policy, reservation.version]
        found.works.append(Work(reservation, credited_ms(
            rules, reservation.norm_ms, one.server_seconds, one.client_seconds, gaps[one.assignment]
        )))  # fmt: skip
    return found


def stored_policies(opened: Session) -> Policies:
    """Return all rules of pay that were ever entered, by name and version."""
    return {(one.name, one.version): stored_policy(one.content) for one in opened.scalars(select(PayPolicy))}


def _month(one: Given, policy: PolicyFile | None) -> str:
    return (Calendar() if policy is None else policy.calendar).period_at(one.at)


def _gaps(given: Sequence[Given]) -> dict[int, int | None]:
    """Return the time since the same person's submission before, milliseconds, by assignment."""
    by_person: dict[str, list[Given]] = defaultdict(list)
    for one in given:
        by_person[one.contributor].append(one)
    gaps: dict[int, int | None] = {}
    for some in by_person.values():
        before: datetime | None = None
        for one in sorted(some, key=lambda answer: (answer.at, answer.assignment)):
            gaps[one.assignment] = None if before is None else int((one.at - before).total_seconds() * 1000)
            before = one.at
    return gaps


def hold_late(
    opened: Session, late: Sequence[Reservation], policies: Policies, present: PolicyFile | None = None
) -> None:
    """Set aside what answers without a reserve cost.

    Args:
        opened: the transaction.
        late: what is to be set aside.
        policies: under which each was priced.
        present: says the budgets of all its versions; older ones change none.

    Raises:
        RecipeError: the budget does not cover them: then nothing of the period is paid.
    """
    for policy, version, period, round_ in sorted({(one.policy, one.version, one.period, one.round) for one in late}):
        if present is not None and present.name == policy:
            open_budgets(opened, present, period, round_)
        elif opened.get(Budget, (policy, period)) is None:
            open_budgets(opened, policies[policy, version], period, round_)
    left, missing = Left(opened), 0
    for one in late:
        if left.short(one) is None:
            left.take(one)
        else:
            missing += one.fen
    if missing:
        raise RecipeError(
            f"{len(late)} answers were given for which nothing was set aside, and the budget lacks {yuan(missing)} yuan"
            " for them: raise it under [budget]; nothing was paid"
        )
    hold(opened, late)


def release_undone(opened: Session, given: Sequence[Given], rounds: Sequence[str] | None = None) -> int:
    """Set free what is held for work that will not be done: taken back, refused, or of a round that is closed.

    What was paid for such work before, as an advance, stays set aside: it is not taken back. Of a closed round the
    appeals that somebody has yet to judge stay set aside too.

    Returns:
        How much, fen.
    """
    answered = {one.assignment for one in given}
    rows: list[Any] = list(opened.execute(
        select(Reservation, Assignment, Round)
        .join(Assignment, Assignment.id == Reservation.assignment)
        .join(Item, Item.id == Assignment.item)
        .join(Round, Round.id == Item.round)
        .where(Reservation.standing)
    ))  # fmt: skip
    closed = closings(opened)
    undone = [
        one for one, held, round_ in rows
        if one.assignment not in answered
        and not (held.state in {ISSUED, ANSWERED} and (round_.state == OPEN or _judges_appeal(held, round_, closed)))
        and (rounds is None or one.round in rounds)
    ]  # fmt: skip
    free = _unpaid(opened, undone, [one for one, *_ in rows if one.assignment in answered])
    return release(opened, free) if free else 0


def _judges_appeal(held: Assignment, round_: Round, closed: Mapping[str, datetime]) -> bool:
    return held.role == "adjudicator" and round_.name in closed and held.issued_at >= closed[round_.name]


def _unpaid(opened: Session, undone: Sequence[Reservation], done: Sequence[Reservation]) -> list[Reservation]:
    """Return the undone ones that are not needed to cover what was paid for the same share of a period's work."""
    paid = {
        (period, *share): sum(row.amount for row in rows)
        for period in sorted({one.period for one in undone})
        for share, rows in payments_before(opened, period).items()
    }
    for one in done:
        if (share := _share(one)) in paid:
            paid[share] -= one.fen
    free = []
    for one in sorted(undone, key=lambda row: row.assignment):
        if paid.get(share := _share(one), 0) > 0:
            paid[share] -= one.fen
        else:
            free.append(one)
    return free


def _share(one: Reservation) -> tuple[str, str, str, str]:
    return one.period, one.contributor, one.kind, f"{one.policy} {one.version}"
