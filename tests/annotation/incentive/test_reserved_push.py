"""Nothing is sent that no money was set aside for: push against a stand-in that remembers what it was sent."""

from types import SimpleNamespace

import pytest

from annotation import rounds
from annotation.opening import ITEMS, round_folder
from annotation.round_file import RoundFile
from pipeline.database import session
from pipeline.errors import RecipeError
from pipeline.registry import Assignment, Qualification, Request, Reservation, Seat, func, select, update
from pipeline.store import write_table
from tests.annotation.incentive.till import Till, rules

import pyarrow as pa  # isort: skip


class Studio:
    """As much of Label Studio as a push asks for."""

    def __init__(self):
        self.transport = SimpleNamespace(url="http://stand-in")
        self.made, self.sent, self.dies = [], {}, False

    def projects(self):
        return self.made

    def create_project(self, title, *_, **__):
        self.made.append(SimpleNamespace(title=title, id=len(self.made) + 1))
        return len(self.made)

    def contributor(self, name, **_):
        return SimpleNamespace(id=int(name[1:]))

    def seat(self, *_):
        pass

    def task_keys(self, project):
        return {key: number for key, (place, number) in self.sent.items() if place == project}

    def import_tasks(self, project, tasks):
        if self.dies:
            raise KeyboardInterrupt
        for task in tasks:
            self.sent[task["data"]["key"]] = (project, len(self.sent) + 1)
        return [self.sent[task["data"]["key"]][1] for task in tasks]


QUALITY = {"round": {"kind": "quality", "overlap": 2}}


@pytest.fixture
def till(tmp_path):
    till = Till(tmp_path, rules(budget={"period_fen": 625}), items=5, settings=QUALITY)
    with session(till.engine) as opened:
        till.board.round(opened).kind = "quality"
    rows = [{**dict.fromkeys(ITEMS.names), "document": f"d{k}", "text": "一篇正文。", "failed": [], "stratum": ""}
            for k in range(5)]  # fmt: skip
    write_table(round_folder(tmp_path, "r") / "items.parquet", pa.Table.from_pylist(rows, ITEMS))
    till.board.people("p1", "p2")
    with session(till.engine) as opened:
        opened.execute(update(Qualification).values(kind="quality"))
    till.board.advance()
    return till


def send(till, studio, *, policy=True, again=False):
    return rounds._send(
        till.engine, till.path, "r", studio, lambda _: None, till.form if policy else None, again=again
    )  # fmt: skip


def test_a_push_sends_what_the_budget_covers_says_the_rest_and_goes_on_when_it_is_raised(till):
    studio = Studio()
    said = send(till, studio)
    assert (said["tasks"], said["unfunded"], said["reserved_fen"], len(studio.sent)) == (5, 5, 625, 5)
    assert "5 tasks are not sent" in said["budget"]
    again = send(till, studio, policy=False, again=True)  # a schedule: it warns, and does not fail
    assert (again["tasks"], again["unfunded"], len(studio.sent)) == (0, 5, 5)
    with pytest.raises(RecipeError, match=r'round "r": 5 tasks are not sent: budget "2026-\d\d" of p has 0.00 yuan'):
        send(till, studio)
    till.form = rules()
    assert send(till, studio)["tasks"] == 5


def test_each_person_gets_as_much_of_a_short_budget_as_the_others(till):
    send(till, Studio())
    with session(till.engine) as opened:
        rows = opened.execute(
            select(Assignment.contributor, func.count()).where(Assignment.task.is_not(None))
            .group_by(Assignment.contributor).order_by(Assignment.contributor)
        )  # fmt: skip
        assert [tuple(row) for row in rows] == [("p1", 3), ("p2", 2)]


def test_a_push_killed_between_reserve_and_sending_finds_its_reserves_again(till):
    studio = Studio()
    studio.dies = True
    with pytest.raises(KeyboardInterrupt):
        send(till, studio)
    studio.dies = False
    said = send(till, studio)
    assert (said["tasks"], said["reserved_fen"]) == (5, 0)
    with session(till.engine) as opened:
        assert opened.scalar(select(func.sum(Reservation.fen))) == 625
        sent = opened.scalars(select(Assignment.id).where(Assignment.task.is_not(None))).all()
        assert sorted(opened.scalars(select(Reservation.assignment))) == sorted(sent)
        assert opened.scalar(select(func.count()).select_from(Seat)) == 2


def test_without_rules_of_pay_everything_is_sent_and_an_exam_is_never_paid(till):
    (till.path / "incentive.toml").unlink()
    assert send(till, Studio(), policy=False)["tasks"] == 10


def test_a_round_file_may_name_its_rules_of_pay():
    form = RoundFile.model_validate(
        {"round": {"name": "r", "kind": "quality", "rule_version": "1", "policy": "x.toml"}}
    )
    assert form.round.policy == "x.toml"


def test_closing_leaves_an_appeal_with_its_judge_who_gets_it_anew_in_another_project(till):
    studio = Studio()
    studio.revisions, studio.unseat = (lambda *_: []), (lambda *_: None)
    with session(till.engine) as opened:
        for held in opened.scalars(select(Assignment).where(Assignment.contributor == "p1")):
            opened.add(Request(kind="appeal", contributor="p2", item=held.item, ground="x", opened_at=held.issued_at,
                               deadline=held.issued_at))  # fmt: skip
            held.role = "adjudicator"
    send(till, studio, policy=False)
    before = set(studio.sent)
    assert rounds.close_round(till.path, "r", studio)["withdrawn"] == 5
    said = send(till, studio, policy=False, again=True)
    assert (said["issued"], said["tasks"], len(set(studio.sent) - before)) == ({}, 5, 5)
    assert len(studio.made) == 3
