"""A round in a registry without a server: people, items, and answers put in as a pull would."""

from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_hex
from types import SimpleNamespace

from annotation.people import add_person, qualify
from annotation.round_file import RoundFile
from annotation.stages import advance
from annotation.standing import load_standing
from pipeline.database import now, open_registry, session
from pipeline.registry import ANSWERED, Answer, Assignment, Contributor, Item, Round, select


@dataclass(frozen=True)
class Toy:
    """A kind of question: fine, poor, or illegal."""

    classes = ("fine", "poor", "illegal")
    ordinal = marks = marks_all = False
    trains = "quality"

    def spans(self, _label):
        return []

    def category(self, label):
        return label["said"]

    def illegal(self, category):
        return category == "illegal"

    def bad(self, category):
        return category != "fine"


TOY = Toy()


class Quiet:
    """A server that keeps people blind and has nothing new."""

    transport = SimpleNamespace(url="http://nowhere.invalid")

    def server(self):
        return {}

    def projects(self):
        return []

    def revisions(self, *_):
        return []


def answer_all(engine, name, say, people=("p1",)):
    """Give every drawn item of a round the answer that `say(document, person)` returns, as a pull would."""
    with session(engine) as opened:
        for person in people:
            if opened.get(Contributor, person) is None:
                opened.add(Contributor(id=person, since=now()))
        opened.flush()
        items = opened.scalars(
            select(Item).join(Round, Round.id == Item.round).where(Round.name == name, Item.probability.is_not(None))
        ).all()
        for item in items:
            for person in people:
                held = Assignment(item=item.id, contributor=person, role="annotator", key=token_hex(8), place=0,
                                  state=ANSWERED, issued_at=now())  # fmt: skip
                opened.add(held)
                opened.flush()
                opened.add(Answer(assignment=held.id, annotation=held.id, sequence=held.id, revision=1, at=now(),
                                  valid=True, label=say(item.document, person)))  # fmt: skip


@dataclass
class Board:
    path: object
    review: str = "none"
    purpose: str = "work"
    settings: dict = field(default_factory=dict)
    items: int = 20
    golds: int = 0
    later: timedelta = timedelta(0)

    def __post_init__(self):
        self.engine = open_registry(self.path)
        head = {"name": "r", "kind": "toy", "rule_version": "1", "run": "x", "overlap": 2, "purpose": self.purpose}
        parts = {**self.settings, "round": {**head, "consensus": "majority", **self.settings.get("round", {})}}
        form = RoundFile.model_validate(parts)
        with session(self.engine) as opened:
            round_ = Round(name="r", kind="toy", rule_version="1", run="x", purpose=self.purpose, review=self.review,
                           seed=1, design={"file": form.model_dump(mode="json")}, opened_at=now())  # fmt: skip
            opened.add(round_)
            opened.flush()
            for number in range(self.items):
                opened.add(Item(round=round_.id, document=f"d{number}", probability=0.5, overlap=form.round.overlap,
                                batch=number // form.review.batch))  # fmt: skip
            for number in range(self.golds):
                opened.add(Item(round=round_.id, document=f"g{number}", overlap=0, is_gold=True, gold={"said": "fine"},
                                gold_revision=1))  # fmt: skip
        self.sequence = 0

    def people(self, *names, role="annotator"):
        with session(self.engine) as opened:
            for name in names:
                add_person(opened, name)
                qualify(opened, name, kind="toy", rule_version="1", role=role, score=1, passed=True, valid_days=9,
                        evidence="test")  # fmt: skip

    def advance(self):
        with session(self.engine) as opened:
            return advance(opened, self.round(opened), TOY, now() + self.later)

    def round(self, opened):
        return opened.scalars(select(Round)).one()

    def standing(self):
        with session(self.engine) as opened:
            return load_standing(opened, self.round(opened), TOY)

    def waiting(self, role=None):
        with session(self.engine) as opened:
            rows = opened.execute(select(Assignment, Item).join(Item).where(Assignment.state == "issued")).all()
            return [(held, item) for held, item in rows if role in {None, held.role}]

    def answer(self, role, say):
        """Everybody who waits in a role answers what `say(document, person, shown)` returns; None stays unanswered."""
        with session(self.engine) as opened:
            for held, item in self.waiting(role):
                said = say(item.document, held.contributor, held.shown)
                if said is None:
                    continue
                self.sequence += 1
                opened.get(Assignment, held.id).state = ANSWERED
                valid = said != "refused"
                opened.add(Answer(
                    assignment=held.id, annotation=self.sequence, sequence=self.sequence, revision=1, at=now(),
                    valid=valid, label={"said": said} if valid else None, refusal=None if valid else "no choice",
                ))  # fmt: skip

    def finals(self):
        return {one.item.document: one.final(TOY) for one in self.standing()}

    def overruled(self):
        """Have two people say fine, their reviewer poor, and one of three third people fine."""
        self.people("p1", "p2")
        self.people("r1", role="reviewer")
        self.people("a1", "a2", "a3", role="adjudicator")
        self.advance()
        for role, said in (("annotator", "fine"), ("reviewer", "poor"), ("adjudicator", "fine")):
            self.answer(role, lambda *_, said=said: said)
            if role != "adjudicator":
                self.advance()
