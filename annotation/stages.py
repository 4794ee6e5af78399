"""What comes next in a round: answers, reviews, audits of batches, adjudication, appeals. Rows in, rows out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from secrets import token_hex
from types import MappingProxyType
from typing import Any

import numpy as np

from annotation.appeals import appealed_items
from annotation.credentials import locked, withdraw_lapsed
from annotation.distribution import Need, deal, plant, qualified, shuffle
from annotation.round_file import RoundFile
from annotation.standing import Reading, Standing, form_of, load_standing, unsure
from pipeline.database import record
from pipeline.registry import (
    ISSUED,
    OPEN,
    VOID,
    WITHDRAWN,
    Answer,
    Assignment,
    Audit,
    Contributor,
    Item,
    Qualification,
    Round,
    Session,
    select,
    update,
)

NOTHING: Mapping[str, str] = MappingProxyType({})
PEOPLE_OF = {"annotator": "annotators", "reviewer": "reviewers", "adjudicator": "adjudicators"}


@dataclass(slots=True)
class Step:
    """What one step did."""

    issued: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """New assignments by role; `gold` among the annotators' besides."""
    short: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Assignments that no qualified person with room could be found for, by role."""
    void: list[int] = field(default_factory=list)
    """Batches that held illegal content."""
    returned: list[int] = field(default_factory=list)
    """Batches that were too often wrong."""
    lapsed: dict[str, int] = field(default_factory=dict)
    """Whose credential is in force no more, and how many open tasks were taken back."""


def advance(
    opened: Session, round_: Round, reading: Reading, at: datetime, prelabels: Mapping[str, str] = NOTHING
) -> Step:
    """Issue whatever can be issued now; doing it again right away issues nothing.

    Of a round that is closed only what somebody has appealed about is looked at again.

    Args:
        opened: the transaction.
        round_: the round.
        reading: what its answers mean.
        at: the time it is.
        prelabels: document -> what filters say of it; where people are measured within such labels, golds are spread
            over them too.
    """
    step = Step()
    appealed = set(appealed_items(opened, round_))
    if round_.state != OPEN and not appealed:
        return step
    form = form_of(round_)
    step.lapsed = withdraw_lapsed(opened, round_, at)
    if round_.purpose == "exam":
        if round_.state == OPEN:
            _issue_exam(opened, round_, form, step, at)
        return step
    standing = load_standing(opened, round_, reading)
    if round_.review == "audit" and round_.state == OPEN:
        _judge_batches(opened, round_, form, standing, reading, step)
        if step.void or step.returned:
            standing = load_standing(opened, round_, reading)
    dealer = _Dealer(opened, round_, form, standing, reading, at, step, prelabels)
    if round_.state != OPEN:
        standing, live = [one for one in standing if one.item.id in appealed], []
    else:
        live = [one for one in standing if one.item.state == OPEN and not one.is_planted]
    wants = {one.item.id: one.item.overlap - sum(held.counts for held in one.of("annotator")) for one in live}
    dealer.issue("annotator", [(one, wants[one.item.id], None) for one in live if wants[one.item.id] > 0])
    reviewed = [one for one in _to_review(opened, round_, form, live) if one.item.id not in appealed]
    dealer.issue("reviewer", [(one, 1, one.answer_like(one.category or "", reading)) for one in reviewed])
    # A reviewer is a third person too, and in one step an adjudicator could even be the same one.
    seen = {one.item.id for one in reviewed}
    third = [one for one in standing if one.item.id not in seen and _to_adjudicate(one, round_, reading, appealed)]
    dealer.issue("adjudicator", [(one, 1, None) for one in third])
    return step


def _to_review(opened: Session, round_: Round, form: RoundFile, live: Sequence[Standing]) -> Iterable[Standing]:
    ready = [one for one in live if one.category is not None and not any(held.counts for held in one.of("reviewer"))]
    ready = [one for one in ready if not one.said("adjudicator")]
    if round_.review == "every":
        return ready
    if round_.review == "none":
        return []
    batches = _whole_batches(live)
    drawn = {item for batch, ones in batches.items() for item in _audited(opened, round_, form, batch, ones)}
    return [one for one in ready if one.item.id in drawn]


def _whole_batches(live: Sequence[Standing]) -> dict[int, list[Standing]]:
    """Return the batches of which everything is annotated."""
    batches: dict[int, list[Standing]] = defaultdict(list)
    for one in live:
        batches[one.item.batch].append(one)
    return {batch: ones for batch, ones in batches.items() if all(one.category is not None for one in ones)}


def _audited(opened: Session, round_: Round, form: RoundFile, batch: int, ones: Sequence[Standing]) -> set[int]:
    """Draw the items of a batch that a reviewer looks at; after the batch came back, others, of those answered anew."""
    before = [row.detail for row in opened.scalars(select(Audit).where(Audit.action == "batch returned"))
              if (row.detail["round"], row.detail["batch"]) == (round_.name, batch)]  # fmt: skip
    generator = np.random.default_rng([round_.seed, 2, batch, len(before)])
    decided = {item for detail in before for item in detail.get("decided", ())}
    items = [one.item.id for one in ones if one.item.id not in decided]
    if not items:
        return set()
    number = max(1, ceil(form.review.share * len(items)))
    return {items[int(place)] for place in generator.permutation(len(items))[:number]}


def _to_adjudicate(one: Standing, round_: Round, reading: Reading, appealed: set[int]) -> bool:
    waiting = any(held.counts and held.answer is None for held in one.of("adjudicator"))
    if waiting or one.item.state != OPEN:
        return False
    if one.item.id in appealed:
        return True  # also of an item that was adjudicated before: by somebody who has not seen it
    if one.is_planted or one.said("adjudicator"):
        return False
    reviewed = bool(one.said("reviewer"))
    doubted = unsure(one) and not reviewed and round_.review != "every"
    doubted = doubted and not any(held.counts for held in one.of("reviewer"))
    return one.rejected(reading) or doubted


def _judge_batches(
    opened: Session, round_: Round, form: RoundFile, standing: Sequence[Standing], reading: Reading, step: Step
) -> None:
    """Void batches that hold illegal content, return those that are wrong too often.

    The first as soon as all of a batch is annotated, whoever was asked to look has found it; the second once its audit
    is done.
    """
    live = [one for one in standing if one.item.state == OPEN and not one.is_planted]
    for batch, ones in _whole_batches(live).items():
        about = {"round": round_.name, "batch": batch}
        drawn = _audited(opened, round_, form, batch, ones)
        audited = [one for one in ones if one.item.id in drawn]
        looked_at = [one for one in ones if one.said("reviewer") or one.said("adjudicator")]
        if any((result := one.final(reading)) is not None and reading.illegal(result) for one in looked_at):
            for one in ones:
                one.item.state = VOID
            step.void.append(batch)
            record(opened, "qingyuan", "batch void", **about)
        elif drawn - {one.item.id for one in looked_at} or any(one.final(reading) is None for one in audited):
            continue
        elif sum(one.final(reading) != one.category for one in audited) > form.review.most_wrong * len(audited):
            anew = [one for one in ones if not one.said("adjudicator")]
            for one in anew:
                _ask_again(opened, one)
            step.returned.append(batch)
            decided = sorted(one.item.id for one in ones if one.said("adjudicator"))
            record(opened, "qingyuan", "batch returned", **about, decided=decided)
    opened.flush()


def _ask_again(opened: Session, one: Standing) -> None:
    """Have the same people answer an item anew: what they said stays as history."""
    for held in one.held:
        if not held.counts or held.assignment.role == "adjudicator":
            continue  # taken back, or refused and given to somebody else since; a third person judges the text itself
        opened.execute(update(Answer).where(Answer.assignment == held.assignment.id).values(latest=False))
        held.assignment.state, held.assignment.key, held.assignment.task = ISSUED, token_hex(16), None
        if held.assignment.role == "reviewer":
            held.assignment.state = WITHDRAWN


class _Dealer:
    """Finds people for items, within their room."""

    def __init__(
        self, opened: Session, round_: Round, form: RoundFile, standing: Sequence[Standing], reading: Reading,
        at: datetime, step: Step, prelabels: Mapping[str, str],
    ) -> None:  # fmt: skip
        self._opened, self._round, self._form, self._at, self._step = opened, round_, form, at, step
        self._exams = opened.scalars(select(Qualification)).all()
        self._active = _allowed(opened, round_, at)
        self._load: dict[str, int] = defaultdict(int)
        self._next: dict[tuple[str, str], int] = defaultdict(int)
        self._golds = {
            one.item.id: (reading.category(one.item.gold or {}), prelabels.get(one.item.document, ""))
            for one in standing if one.is_planted and one.item.state == OPEN
        }  # fmt: skip
        self._seen: dict[str, set[int]] = defaultdict(set)
        for one in standing:
            for held in one.held:
                person, role = held.assignment.contributor, held.assignment.role
                self._load[person] += 1
                self._next[person, role] = max(self._next[person, role], held.assignment.place + 1)
                if one.is_planted:
                    self._seen[person].add(one.item.id)
        rows = sum(len(one.held) for one in standing)
        self._generator = np.random.default_rng([round_.seed, 1, rows])

    def issue(self, role: str, wanted: Sequence[tuple[Standing, int, Mapping[str, Any] | None]]) -> None:
        """Issue an item to so many people in a role; reviewers are shown the answer they are to approve."""
        if not wanted:
            return
        able = qualified(
            self._exams, kind=self._round.kind, rule_version=self._round.rule_version, role=role, at=self._at
        )
        named = getattr(self._form.people, PEOPLE_OF[role])
        able &= self._active if named is None else self._active & set(named)
        room = {person: self._form.people.cap - self._load[person] for person in able}
        dealt = deal([Need(one.item.id, number, one.people) for one, number, _ in wanted], room, self._generator)
        pairs = list(dealt.pairs)
        self._step.short[role] += sum(dealt.short.values())
        if role == "annotator" and self._golds:
            tasks: dict[str, int] = defaultdict(int)
            for _, person in pairs:
                tasks[person] += 1
            gold = self._form.gold
            golds = plant(tasks, self._golds, self._seen, gold.rate, self._generator, gold.least)
            self._step.issued["gold"] += len(golds)
            pairs += golds
        shown = {one.item.id: label for one, _, label in wanted}
        first = {person: self._next[person, role] for _, person in pairs}
        for (item, person), place in zip(pairs, shuffle(pairs, first, self._generator), strict=True):
            self._opened.add(Assignment(
                item=item, contributor=person, role=role, key=token_hex(16), place=place, issued_at=self._at,
                shown=shown.get(item) if role == "reviewer" else None,
            ))  # fmt: skip
            self._load[person] += 1
            self._next[person, role] = max(self._next[person, role], place + 1)
        self._step.issued[role] += len(pairs)
        self._opened.flush()


def _allowed(opened: Session, round_: Round, at: datetime) -> set[str]:
    """Return who may work at all: nobody suspended and, where a round is locked, only those whose profession is."""
    active = set(opened.scalars(select(Contributor.id).where(Contributor.active)))
    credentials = locked(opened, round_)
    return active if credentials is None else credentials.among(active, at)


def _issue_exam(opened: Session, round_: Round, form: RoundFile, step: Step, at: datetime) -> None:
    """Give every item of an exam to everybody who is named (or to all), each in an order of his own."""
    people = sorted(_allowed(opened, round_, at))
    named = form.people.annotators
    items = opened.scalars(select(Item.id).where(Item.round == round_.id, Item.state == OPEN).order_by(Item.id)).all()
    held = {(row.item, row.contributor) for row in opened.scalars(
        select(Assignment).where(Assignment.item.in_(items)))}  # fmt: skip
    for person in people if named is None else [person for person in people if person in named]:
        pairs = [(item, person) for item in items if (item, person) not in held]
        generator = np.random.default_rng([round_.seed, 3, *person.encode()])
        for (item, _), place in zip(pairs, shuffle(pairs, {}, generator), strict=True):
            opened.add(Assignment(
                item=item, contributor=person, role="annotator", key=token_hex(16), place=place, issued_at=at
            ))  # fmt: skip
        step.issued["annotator"] += len(pairs)
    opened.flush()
