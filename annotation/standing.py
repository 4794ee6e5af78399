"""How far a round has come: every item with who holds it, what they said, and what is believed of it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from annotation.consensus import METHODS, UNSURE, Belief, Votes
from annotation.round_file import RoundFile
from pipeline.registry import ANSWERED, OPEN, WITHDRAWN, Answer, Assignment, Item, Round, Session, select


class Reading(Protocol):
    """What a kind of question says of its answers."""

    @property
    def classes(self) -> Sequence[str]:
        """Return all classes an answer can fall into, in their order."""

    @property
    def ordinal(self) -> bool:
        """Whether the classes stand in an order that distance can be counted in."""

    @property
    def marks(self) -> bool:
        """Whether answers mark places in the text."""

    @property
    def marks_all(self) -> bool:
        """Whether every place that there is is marked."""

    @property
    def trains(self) -> str:
        """Return what a model can be trained for by the answers: quality, harm, or nothing."""

    def category(self, label: Mapping[str, Any]) -> str:
        """Return the class of an answer."""

    def spans(self, label: Mapping[str, Any]) -> Sequence[tuple[int, int, str]]:
        """Return the places that an answer marks."""

    def illegal(self, category: str) -> bool:
        """Return whether such a document makes a whole batch void."""

    def bad(self, category: str) -> bool:
        """Return whether such a document should not be in a corpus."""


@dataclass(slots=True)
class Held:
    """One person's part in an item, and his latest answer if it counts."""

    assignment: Assignment
    answer: Answer | None

    @property
    def counts(self) -> bool:
        """Whether the person still has to answer, or has answered well; what was refused leaves a gap."""
        state = self.assignment.state
        return state != WITHDRAWN and (state != ANSWERED or self.answer is not None)


@dataclass(slots=True)
class Standing:
    """An item, who holds it, and what is believed of it."""

    item: Item
    held: list[Held] = field(default_factory=list)
    posterior: float = 0.0
    category: str | None = None
    """Of the annotators' consensus; None before everybody has answered."""
    tied: bool = False
    """Whether as many annotators said something else: one's word against another's, whoever is the more reliable."""
    reviewed_each: bool = False
    """Whether it counts only once a reviewer has approved it."""
    is_open: bool = False
    """Whether its round is: a third person can still decide what is doubted."""

    def of(self, role: str) -> list[Held]:
        """Return who holds it in a role."""
        return [held for held in self.held if held.assignment.role == role]

    def said(self, role: str) -> list[Held]:
        """Return who has answered it in a role."""
        return [held for held in self.of(role) if held.answer is not None]

    @property
    def people(self) -> frozenset[str]:
        """Return everybody who holds or held a role on it."""
        return frozenset(held.assignment.contributor for held in self.held)

    @property
    def is_planted(self) -> bool:
        """Whether it is there only as gold."""
        return self.item.probability is None

    def answer_like(self, category: str, reading: Reading) -> Mapping[str, Any] | None:
        """Return the first annotator's answer of this class."""
        labels = (held.answer.label for held in self.said("annotator") if held.answer is not None)
        return next((label for label in labels if label is not None and reading.category(label) == category), None)

    def categories_marked(self, reading: Reading) -> set[str]:
        """Return the categories of places that the adjudicator, or more than half of the annotators, have marked."""
        labels = [held.answer.label for held in self.said("adjudicator")[-1:] or self.said("annotator")
                  if held.answer is not None and held.answer.label is not None]  # fmt: skip
        marked = [{code for *_, code in reading.spans(label)} for label in labels]
        return {code for codes in marked for code in codes if 2 * sum(code in one for one in marked) > len(marked)}

    def final(self, reading: Reading) -> str | None:
        """Return what it is: by the last adjudicator, else the consensus that a reviewer approved or nobody doubts."""
        adjudicated = self.said("adjudicator")
        if adjudicated and adjudicated[-1].answer is not None and adjudicated[-1].answer.label is not None:
            return reading.category(adjudicated[-1].answer.label)
        if self.of("adjudicator") and any(held.counts for held in self.of("adjudicator")):
            return None
        if self.category is None or self.rejected(reading):
            return None
        waits = self.reviewed_each or (self.is_open and unsure(self))
        if waits and not self.is_planted and not self.said("reviewer"):
            return None  # also where nobody could be found for it yet
        reviewing = [held for held in self.of("reviewer") if held.counts]
        return self.category if len(self.said("reviewer")) >= len(reviewing) else None

    def rejected(self, reading: Reading) -> bool:
        """Return whether a reviewer has said otherwise than what he was shown, or than what now stands in its place."""
        return any(
            held.answer is not None and held.answer.label is not None
            and not {"" if held.assignment.shown is None else reading.category(held.assignment.shown),
                     self.category or ""} - {""} <= {reading.category(held.answer.label)}
            for held in self.of("reviewer")
        )  # fmt: skip


def form_of(round_: Round) -> RoundFile:
    """Return the file that a round was opened with."""
    return RoundFile.model_validate(round_.design["file"])


def load_standing(opened: Session, round_: Round, reading: Reading) -> list[Standing]:
    """Read all items of a round, and believe what its method makes of the annotators' answers."""
    items = opened.scalars(select(Item).where(Item.round == round_.id).order_by(Item.id)).all()
    standing = {
        item.id: Standing(item, reviewed_each=round_.review == "every", is_open=round_.state == OPEN) for item in items
    }
    rows = opened.execute(
        select(Assignment, Answer)
        .join(Item, Item.id == Assignment.item)
        .outerjoin(Answer, (Answer.assignment == Assignment.id) & Answer.latest & Answer.valid)
        .where(Item.round == round_.id)
        .order_by(Assignment.id, Answer.sequence)
    ).all()
    for assignment, answer in rows:
        held = standing[assignment.item].held
        if held and held[-1].assignment.id == assignment.id:
            held[-1].answer = answer  # of two annotations by one person the later one
        else:
            held.append(Held(assignment, answer))
    _believe(list(standing.values()), round_, reading)
    return list(standing.values())


def believe(standing: Sequence[Standing], method: str, reading: Reading) -> tuple[Votes, Belief] | None:
    """Return the annotators' votes and what a method makes of them; None before there are any."""
    rows: dict[str, list[str]] = defaultdict(list)
    gold = np.full(len(standing), -1, np.int64)
    classes = list(reading.classes)
    for number, one in enumerate(standing):
        if one.item.gold is not None:
            gold[number] = classes.index(reading.category(one.item.gold))
        for held in one.said("annotator"):
            if held.answer is not None and held.answer.label is not None:
                rows["item"].append(str(one.item.id))
                rows["contributor"].append(held.assignment.contributor)
                rows["label"].append(reading.category(held.answer.label))
    if not rows:
        return None
    votes = Votes.of(pa.table(dict(rows)), classes, [str(one.item.id) for one in standing])
    return votes, METHODS[method](votes, gold)


def _believe(standing: list[Standing], round_: Round, reading: Reading) -> None:
    found = believe(standing, form_of(round_).round.consensus, reading)
    if found is None:
        return
    votes, belief = found
    for one, code, row in zip(standing, belief.labels, belief.posterior, strict=True):
        annotating = [held for held in one.of("annotator") if held.counts]
        if len(one.said("annotator")) >= max(one.item.overlap, 1) and len(one.said("annotator")) >= len(annotating):
            one.category, one.posterior = votes.classes[code], float(row[code])
            said = Counter(reading.category(held.answer.label) for held in annotating
                           if held.answer is not None and held.answer.label is not None)  # fmt: skip
            counts = sorted(said.values())
            one.tied = len(counts) > 1 and counts[-1] == counts[-2]


def unsure(one: Standing) -> bool:
    """Return whether the annotators' consensus is too weak to stand by itself: a third person decides."""
    return one.category is not None and (one.tied or one.posterior < UNSURE)
