"""A text that is taken down leaves rounds, samples, training data, candidates, Label Studio; what people said stays."""

import json
import shutil
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotation.kinds import QUESTIONS, Kind
from annotation.opening import open_round
from annotation.people import add_person, qualify, settle_exam
from annotation.questions import Reader
from annotation.round_file import load_round
from annotation.rounds import pull_rounds
from annotation.sample_file import write_sample
from annotation.stages import advance
from annotation.verdicts import read_verdicts
from annotation.withdrawal import withdraw_tasks
from pipeline.database import now, open_registry, session
from pipeline.errors import GateError, RecipeError
from pipeline.registry import Answer, Assignment, Contributor, Item, Round, Seat, select
from pipeline.request import beside
from pipeline.request.void import is_blank, void_items
from pipeline.store import digest_file, read_table, write_table
from pipeline.takedown import take_down
from tests.annotation.board import TOY, Board, Quiet
from tests.pipeline.conftest import OTHER, Desk, text
from tests.pipeline.test_index import INDEXED, WEB
from tests.pipeline.test_release import ask, refusing
from tests.pipeline.test_takedown import SECRET, Killed, traces

ROUND = """
[round]
name = "r"
kind = "quality"
rule_version = "1"
run = "small"
overlap = 2
[sampling]
size = 3
include = "all"
[gold]
file = "gold.jsonl"
least = 2
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run; a round of all its documents with gold that is one of them; samples, training data, a candidate."""
    desk = Desk(tmp_path_factory.mktemp("withdrawal"))
    desk.recipe(WEB, more=INDEXED + "\n[passages]\nmeasure = true\n")
    rows = [{"id": "a", "text": SECRET}, {"id": "b", "text": text(5)}, {"id": "c", "text": OTHER}]
    desk.write("in/a.jsonl", rows)
    desk.run()
    workspace = desk.path / "ws"
    golds = [{"id": "g1", "text": SECRET, "label": 5}, {"id": "g2", "text": text(6), "label": 1}]
    (desk.path / "gold.jsonl").write_text("".join(json.dumps(one) + "\n" for one in golds), "utf-8")
    (desk.path / "round.toml").write_text(ROUND, "utf-8")
    with session(open_registry(workspace)) as opened:
        plan = load_round(desk.path / "round.toml")
        open_round(opened, plan, workspace, lambda *_: {"score": "5"}, review="none")
        opened.add_all([Contributor(id=one, since=now()) for one in ("p1", "p2")])
        opened.flush()
        opened.add(Seat(round=1, contributor="p1", role="annotator", title="one", project=7))
        number = 0
        for item in opened.scalars(select(Item).order_by(Item.id)).all():
            for person in ("p1", "p2") if item.document == "a" else ("p1",):
                number += 1
                state = "issued" if (item.document, person) == ("a", "p2") else "answered"
                opened.add(Assignment(id=number, item=item.id, contributor=person, role="annotator", key=f"k{number}",
                                      place=number, project=7, task=number, state=state, issued_at=now()))  # fmt: skip
                opened.flush()
                if state == "answered":
                    opened.add(Answer(assignment=number, annotation=number, sequence=number, revision=1, at=now(),
                                      valid=True, label={"score": "5"}))  # fmt: skip
    trained = pa.table({"id": ["a", "b"], "text": pa.array([SECRET, text(5)], pa.large_string()), "label": [1, 0]})
    write_table(workspace / "rounds/r/training.parquet", trained)
    common = {"kept": True, "reason": None, "failed": [], "probability": 1.0, "source": "web"}
    sample = [{"document": f"small/{row['id']}", "text": row["text"], **common} for row in rows]
    write_sample(workspace / "samples/acceptance-1-1.parquet", sample)
    with pytest.raises(GateError):
        ask(workspace, "1-trial", ["small"], refusing)
    (workspace / "releases/.merging/1-trial").mkdir(parents=True)
    (workspace / "releases/.merging/1-trial/texts.bin").write_bytes(SECRET.encode())
    return desk


@pytest.fixture
def desk(made, tmp_path):
    shutil.copytree(made.path, tmp_path / "desk")
    return Desk(tmp_path / "desk")


def down(desk, *ids):
    return take_down(desk.path / "ws", frozenset(("web", one) for one in ids), None, 10**9)


def items(desk):
    with session(open_registry(desk.path / "ws")) as opened:
        return {one.document: one.state for one in opened.scalars(select(Item))}


def assignments(desk):
    with session(open_registry(desk.path / "ws")) as opened:
        rows = opened.execute(select(Item.document, Assignment).join(Assignment, Assignment.item == Item.id))
        return {(document, one.contributor): (one.state, one.project, one.task) for document, one in rows}


def test_after_a_takedown_its_text_stands_nowhere_but_in_the_input_which_the_proof_names(desk):
    workspace = desk.path / "ws"
    before = {path.split("ws/", 1)[1] for path in traces(desk)}
    assert {path.split("/")[0] for path in before} == {"runs", "index", "rounds", "samples", "releases"}
    lengths = [len(one) for one in read_table(workspace / "rounds/r/items.parquet")["text"].to_pylist()]
    proof = down(desk, "a")

    assert traces(desk) == []
    assert proof["input"] == [{"run": "small", "source": "web", "file": "a.jsonl", "record": 0, "offset": 0}]
    assert SECRET.split("\n")[0][:9] not in json.dumps(proof, ensure_ascii=False)
    named = {one["file"]: (one["before"], one["after"]) for one in proof["beside"]}
    assert {path for path in before if not path.startswith(("runs", "index"))} <= set(named)
    assert {path: after for path, (_, after) in named.items() if after != "removed"} == {
        path: digest_file(workspace / path) for path, (_, after) in named.items() if after != "removed"
    }
    table = read_table(workspace / "rounds/r/items.parquet")
    found = dict(zip(table["document"].to_pylist(), table["text"].to_pylist(), strict=True))
    assert {name for name, one in found.items() if is_blank(one)} == {"a", "g1"}
    assert [len(one) for one in found.values()] == lengths  # by which work is paid, and places are checked
    assert read_table(workspace / "rounds/r/training.parquet")["id"].to_pylist() == ["b"]
    sample = read_table(workspace / "samples/acceptance-1-1.parquet").to_pylist()
    assert [is_blank(row["text"]) for row in sample] == [True, False, False]
    assert not (workspace / "releases/.candidates/1-trial").exists()


def test_its_items_are_void_who_has_not_answered_is_asked_no_more_and_what_was_said_stays(desk):
    down(desk, "a")

    assert {name for name, state in items(desk).items() if state == "void"} == {"a", "g1"}
    held = assignments(desk)
    assert (held["a", "p1"][0], held["a", "p2"][0], held["b", "p1"][0]) == ("answered", "withdrawn", "answered")
    with session(open_registry(desk.path / "ws")) as opened:
        assert len(opened.scalars(select(Answer).where(Answer.valid)).all()) == 5
        assert len(void_items(opened)) == 2
        round_ = opened.scalars(select(Round)).one()
        add_person(opened, "p3")
        qualify(opened, "p3", kind="quality", rule_version="1", role="annotator", score=1, passed=True, valid_days=9,
                evidence="test")  # fmt: skip
        advance(opened, round_, QUESTIONS[Kind.QUALITY], now())
    assert {document for document, person in assignments(desk) if person == "p3"} == {"b", "c", "g2"}


def test_an_exam_is_marked_without_what_was_taken_down_and_nobody_is_asked_of_it(tmp_path):
    board = Board(tmp_path, purpose="exam", items=0, golds=2)
    board.people("p1")
    board.advance()
    board.answer("annotator", lambda document, *_: "fine" if document == "g0" else None)
    with session(board.engine) as opened:
        assert settle_exam(opened, board.round(opened), TOY) == []
        (item,) = opened.scalars(select(Item).where(Item.document == "g1"))
        item.state, item.assignments[0].state = "void", "withdrawn"
        opened.flush()
        assert [one.score for one in settle_exam(opened, board.round(opened), TOY)] == [1]
    board.people("p2")

    assert [item.document for _, item in (board.advance(), board.waiting())[1]] == ["g0"]


def test_a_twin_that_nobody_named_stays_in_rounds_too(desk):
    down(desk, "b")

    assert {name for name, state in items(desk).items() if state == "void"} == {"b"}


def test_commands_that_talk_to_label_studio_are_waited_for(desk, monkeypatch):
    monkeypatch.setattr(beside, "PATIENCE", 0.1)
    with beside.alone_at_rounds(desk.path / "ws"), pytest.raises(RecipeError, match="at work on the rounds"):
        down(desk, "a")


def test_a_takedown_that_was_killed_on_its_way_through_rounds_is_ended_by_the_same_one(desk, monkeypatch):
    whole, left = desk.path / "whole", 0
    shutil.copytree(desk.path / "ws", whole)
    while True:
        steps = iter(range(left))

        def kill(work, steps=steps):
            def wrapped(*arguments, **named):
                if next(steps, None) is None:
                    raise Killed
                return work(*arguments, **named)

            return wrapped

        try:
            with monkeypatch.context() as patch:
                for name in ("write_table", "_void", "_remove", "digest_file"):
                    patch.setattr(beside, name, kill(getattr(beside, name)))
                down(desk, "a")
            break
        except Killed:
            proof = down(desk, "a")
        assert traces(desk) == []
        assert [one for one in proof["beside"] if not one["after"] or one["before"] == one["after"]] == []
        assert {name for name, state in items(desk).items() if state == "void"} == {"a", "g1"}
        assert proof["input"][0]["record"] == 0
        shutil.rmtree(desk.path / "ws")
        shutil.copytree(whole, desk.path / "ws")
        left += 1
    assert left >= 8


class Server(Quiet):
    """A server that holds tasks by their keys, and can be killed while it deletes."""

    def __init__(self, tasks, dies_after=99):
        self.tasks, self.left, self.asked = dict(tasks), dies_after, 0

    def task_keys(self, _project):
        self.asked += 1
        return dict(self.tasks)

    def delete_task(self, task):
        if not self.left:
            raise Killed
        self.left -= 1
        self.tasks = {key: one for key, one in self.tasks.items() if one != task}


def test_tasks_leave_the_server_at_the_next_sync_once_and_nothing_else_does(desk):
    server = Server({f"k{number}": number for number in range(1, 7)})
    assert pull_rounds(desk.path / "ws", server, lambda _: None)["withdrawn_tasks"] == 0
    before = assignments(desk)
    down(desk, "a")

    assert pull_rounds(desk.path / "ws", server, lambda _: None)["withdrawn_tasks"] == 3
    gone = {pair for pair, (_, project, task) in assignments(desk).items() if project is task is None}
    assert gone == {("a", "p1"), ("a", "p2"), ("g1", "p1")}
    assert sorted(server.tasks.values()) == sorted(task for pair, (_, _, task) in before.items() if pair not in gone)
    asked = server.asked
    assert pull_rounds(desk.path / "ws", server, lambda _: None)["withdrawn_tasks"] == 0
    assert server.asked == asked


@pytest.mark.parametrize("dies_after", [0, 1, 2])
def test_a_sync_that_was_killed_while_it_deleted_goes_on(desk, dies_after):
    down(desk, "a")
    engine = open_registry(desk.path / "ws")
    server = Server({f"k{number}": number for number in range(1, 7)}, dies_after)
    with pytest.raises(Killed):
        withdraw_tasks(engine, server)
    assert {state for (name, _), (state, _, _) in assignments(desk).items() if name in {"a", "g1"}} == {
        "answered", "withdrawn",
    }  # fmt: skip
    server.left = 99

    assert withdraw_tasks(engine, server) == 3 - dies_after
    assert len(server.tasks) == 3


def test_what_was_answered_before_is_read_though_the_text_is_gone(desk):
    down(desk, "a")
    with session(open_registry(desk.path / "ws")) as opened:
        round_ = opened.scalars(select(Round)).one()
        round_.kind = "personal"
    quoted = {"start": 0, "end": 3, "text": SECRET[:3], "labels": ["mobile"]}
    result = [{"from_name": "spans", "to_name": "text", "type": "labels", "value": quoted}]
    label, why = Reader(desk.path / "ws")(round_, "a", result)

    assert "the text at" not in str(why), (label, why)


def test_a_sample_that_is_opened_afterwards_shows_nobody_a_blank_text_and_counts_it_as_bad(desk):
    down(desk, "a")
    workspace = desk.path / "ws"
    (workspace / "samples/s.toml").write_text(
        '[round]\nname = "s"\nkind = "acceptance"\nrule_version = "1"\nsample = "acceptance-1-1.parquet"\n'
        'release = "1-trial"\noverlap = 1\nconsensus = "majority"\n'
    )
    with session(open_registry(workspace)) as opened:
        plan = load_round(workspace / "samples/s.toml")
        round_ = open_round(opened, plan, workspace, lambda *_: {}, review="none")
        states = {one.document: one.state for one in opened.scalars(select(Item).where(Item.round == round_.id))}
        assert states == {"small/a": "void", "small/b": "open", "small/c": "open"}
        for number, item in enumerate(
            opened.scalars(select(Item).where(Item.round == round_.id, Item.state == "open"))
        ):
            held = Assignment(item=item.id, contributor="p1", role="annotator", key=f"s{number}", place=number,
                              state="answered", issued_at=now())  # fmt: skip
            opened.add(held)
            opened.flush()
            opened.add(Answer(assignment=held.id, annotation=90 + number, sequence=90 + number, revision=1, at=now(),
                              valid=True, label={"verdict": "pass"}))  # fmt: skip
        opened.flush()
        found = read_verdicts(opened, SimpleNamespace(labels="s", phase="acceptance"))

    assert (found.n, found.bad) == (3, 1)
    assert {one["id"]: (one["final"], one["bad"]) for one in found.items} == {
        "small/a": ("withdrawn", True), "small/b": ("pass", False), "small/c": ("pass", False),
    }  # fmt: skip
    assert pq.read_schema(workspace / "rounds/s/items.parquet").names[0] == "document"


def test_a_candidate_whose_writing_was_killed_goes_and_stops_no_takedown(desk):
    folder = desk.path / "ws/releases/.candidates/1-trial"
    (folder / "manifest.json").unlink()
    (path,) = (folder / "data").iterdir()
    path.write_bytes(path.read_bytes()[:-8])
    down(desk, "a")

    assert (folder.exists(), traces(desk)) == (False, [])
