"""The whole loop against a real Label Studio: a run, an exam, a round with gold and reviews, kills, an appeal."""

import io
import json
import signal
import time
from contextlib import redirect_stderr, redirect_stdout

import pyarrow.parquet as pq
import pytest

from annotation.appeals import appeal
from annotation.kinds import QUESTIONS, Kind
from annotation.label_studio import transport
from annotation.label_studio.client import LabelStudio
from annotation.serving import Server
from annotation.stages import _audited
from annotation.standing import Standing, form_of
from annotation.status import find_round
from flows.cli import main
from flows.runtime import run_direct
from pipeline.database import check_audit, session
from pipeline.errors import RecipeError
from pipeline.registry import Answer, Assignment, Item, Qualification, select
from tests.annotation.crowd import Crowd, chance
from tests.annotation.killed import kill_after

pytestmark = [pytest.mark.service, pytest.mark.slow]

QUALITY = QUESTIONS[Kind.QUALITY]
SENTENCE = "清晨的河面上浮着一层薄雾，船夫把竹篙插进水里，轻轻一推，小船便离开了岸边的石阶"
RECIPE = """
[recipe]
name = "river"
policy = "short.toml"
filters = ["length"]
personal_data = "off"
packs = []
[[sources]]
name = "river"
path = "river.jsonl"
[dedup]
near = false
"""
POLICY = """
[[rules]]
reason = "too_short"
attribute = "length.text_chars"
at_least = 50
"""
ROUND = """
[round]
name = "quality-1"
kind = "quality"
rule_version = "7"
run = "river"
overlap = 2
[sampling]
size = 300
by = ["verdict"]
[gold]
file = "gold.jsonl"
rate = 0.08
[review]
batch = 50
share = 0.1
most_wrong = 0.5
[people]
floor_seconds = 0.0
window = 40
"""
EXAM = """
[round]
name = "exam-1"
kind = "quality"
rule_version = "7"
purpose = "exam"
[gold]
file = "exam.jsonl"
[people]
annotators = [{people}]
floor_seconds = 0.0
[exam]
pass_score = 0.6
"""
PEOPLE = [f"p{number:02d}" for number in range(12)]
REVIEWERS = ("r1", "r2", "r3")
PUSH_KILLED = (
    ("annotation.label_studio.client:LabelStudio.create_project", 1),
    ("annotation.label_studio.client:LabelStudio.import_tasks", 3),
    ("annotation.push:_write_map", 6),
)
"""What a push has just done when it is killed, and for the how manieth time."""
HABITS = {**dict.fromkeys(PEOPLE, 0.97), "p08": 0.85, "p09": 0.8, "p10": 0.9, "p11": 0.0}
"""How often each is right; p11 always says the same, and does not pass the exam."""


def truth(text):
    """What a text is: a short one is worth nothing, of the others every fifth is poor."""
    if "坏" in text:
        return "1"
    return "0" if len(text) < 50 else "4"


def text_of(number):
    if number % 4 == 0:
        return f"第{number}篇，太短。"
    return f"第{number}篇。{SENTENCE}，{number}次。" + ("坏坏坏" if number % 5 == 0 else "")


def say(person, text):
    """What somebody answers: the truth as often as his habit has it."""
    right = truth(text)
    if HABITS.get(person) == 0.0:
        score = "4"
    elif chance(person, text) < HABITS.get(person, 1.0):
        score = right
    else:
        score = {"0": "1", "1": "4", "4": "1"}[right]
    label = {"score": score, **({"faults": ["other"]} if score in "0123" else {})}
    return QUALITY.write(label, text)


class World:
    """A workspace, a server, and people at their browsers."""

    def __init__(self, path):
        self.path, self.workspace = path, path / "work"
        self.server = Server(path / "ls").start()
        self.environment = {"QINGYUAN_LABELSTUDIO_URL": self.server.url,
                            "QINGYUAN_LABELSTUDIO_TOKEN": self.server.operator.token}  # fmt: skip
        self.studio = LabelStudio(self.server.url, self.server.operator.token)
        self.crowd = Crowd(self.server, self.workspace, (*PEOPLE, *REVIEWERS))
        self.engine = self.crowd.engine

    def close(self):
        self.studio.transport.close()
        self.crowd.close()
        self.server.stop()

    def _words(self, arguments):
        return ["annotate", *map(str, arguments), "--workspace", str(self.workspace), "--json"]

    def do(self, *arguments, exit_code=0):
        """Carry out a command in this process, which has everything imported; killing wants one of its own."""
        out, error = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(error):
            for name, value in self.environment.items():
                patch.setenv(name, value)
            assert main(self._words(arguments)) == exit_code, error.getvalue()
        return json.loads(out.getvalue()) if exit_code == 0 else error.getvalue()

    def kill(self, place, count, *arguments):
        """Have a command killed the moment it has called `place` for the `count`-th time."""
        assert kill_after(place, count, self._words(arguments), self.environment) == -signal.SIGKILL

    def rows(self, query):
        with session(self.engine) as opened:
            return opened.execute(query).all()

    def work(self, round_name, role, most=10**6):
        """Everybody answers what waits for him."""
        return self.crowd.work(
            lambda name, part, document: say(name if part == "annotator" else "", self.texts(document)),
            round_name, role, most,
        )  # fmt: skip

    def texts(self, document):
        kind, _, number = document.partition("-")
        return text_of(int(number)) if kind == "d" else text_of(int(number) + {"g": 1000, "e": 2000}[kind])

    def tasks_on_server(self):
        return [key for row in self.studio.projects() for key in self.studio.task_keys(row.id)]


def write(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    path = tmp_path_factory.mktemp("loop")
    write(path / "river.jsonl", [{"id": f"d-{number}", "text": text_of(number)} for number in range(500)])
    for name, first, number in (("gold", 1000, 40), ("exam", 2000, 6)):
        golds = ({"id": f"{name[0]}-{k}", "text": text_of(first + k)} for k in range(number))
        write(path / f"{name}.jsonl", [{**gold, "label": {"score": truth(gold["text"]), "faults": ["other"]}
                                        if truth(gold["text"]) != "4" else 4} for gold in golds])  # fmt: skip
    (path / "short.toml").write_text(POLICY, "utf-8")
    (path / "recipe.toml").write_text(RECIPE, "utf-8")
    (path / "round.toml").write_text(ROUND, "utf-8")
    (path / "exam.toml").write_text(EXAM.format(people=", ".join(f'"{name}"' for name in PEOPLE)), "utf-8")
    run_direct(path / "recipe.toml", path / "work", workers=1, memory=10**9, quiet=True)
    try:
        world = World(path)
    except RecipeError as error:
        pytest.skip(str(error))
    yield world
    world.close()


def test_a_round_from_the_exam_to_the_appeal_with_kills_in_between(world, monkeypatch):
    times, begun = {}, time.monotonic()

    def lap(name):
        nonlocal begun
        times[name], begun = round(time.monotonic() - begun, 1), time.monotonic()

    world.do("people", "add", *PEOPLE, *REVIEWERS)
    for role in ("reviewer", "adjudicator"):
        world.do("people", "qualify", *REVIEWERS, "--kind", "quality", "--rule-version", "7", "--role", role,
                 "--evidence", "test")  # fmt: skip
    assert world.do("push", world.path / "round.toml", "--direct")["short"] == {"annotator": 600}  # nobody is qualified
    world.do("push", world.path / "exam.toml", "--direct")
    lap("people")
    assert world.work("exam-1", "annotator") == 72
    marked = world.do("pull", "--direct")["rounds"]["exam-1"]["exams"]
    assert sorted(name for name, passed in marked.items() if not passed) == ["p11"]
    lap("exam")

    # A push killed at three moments: a project was made, and then tasks were sent, of which nothing is written down;
    # and what was lost was found again.
    total = 12 * 40
    for place, count in PUSH_KILLED:
        world.kill(place, count, "push", world.path / "round.toml", "--direct")
    assert 1 < len([row for row in world.studio.projects() if row.title.startswith("quality-1")]) < 11
    world.do("push", world.path / "round.toml", "--direct")
    keys = world.tasks_on_server()
    sent = [key for key, task in world.rows(select(Assignment.key, Assignment.task)) if task is not None]
    assert len(keys) == len(set(keys))  # no task twice
    assert sorted(keys) == sorted(sent)  # and the map is whole
    assert len(sent) - 72 == total - 40  # p11 did not pass: eleven people, forty at once each
    lap("push")

    # People work; the pull is killed, the server too, and people go on.
    assert world.work("quality-1", "annotator", most=20) == 220
    before = len(world.rows(select(Answer.id)))
    world.kill("annotation.pull:_store", 1, "pull", "--direct")
    assert len(world.rows(select(Answer.id))) == before == 72  # it was not committed
    world.kill("annotation.rounds:pull", 1, "pull", "--direct")
    assert len(world.rows(select(Answer.id))) == 72 + 220  # it was, and the tables of the pull before stand
    assert pq.read_metadata(world.workspace / "rounds/quality-1/answers.parquet").num_rows == 0
    world.server.kill()
    monkeypatch.setattr(transport, "WAITS", (0.1,))
    assert "failed 2 times" in world.do("pull", "--direct", exit_code=3)
    monkeypatch.undo()
    world.server.start()
    lap("kills")
    rounds = 0
    while rounds < 12:
        world.do("sync", "quality-1", "--direct")
        if not world.work("quality-1", "annotator") + sum(world.work("quality-1", r) for r in REVIEW):
            break
        rounds += 1
    lap("work")

    status = world.do("status", "quality-1")[0]
    assert (status["left"], status["items"]) == (0, {"open": 300})
    assert status["roles"]["annotator"]["answered"] == status["answers"]["valid"] - sum(
        status["roles"][role]["answered"] for role in REVIEW
    )
    check(world)
    appeal_of(world)
    print(times)


REVIEW = ("reviewer", "adjudicator")


def check(world):
    folder = world.workspace / "rounds/quality-1"
    answers, consensus = (pq.read_table(folder / f"{name}.parquet").to_pylist() for name in ("answers", "consensus"))
    # Nothing twice, nothing lost: the journal's creations are the answers.
    journal = [row for row in world.studio.revisions(0, 2000) if row.action == "created"]
    assert len(journal) == len({row.task for row in journal})
    assert len(answers) + 72 == len(journal)
    assert all(row["valid"] for row in answers)
    # Roles are separate.
    pairs = [(row["item"], row["contributor"]) for row in answers]
    assert len(pairs) == len(set(pairs))
    assert {row["contributor"] for row in answers if row["role"] == "annotator"} == set(PEOPLE) - {"p11"}
    # Every batch was audited, all that was disputed went to a third person, and what is decided is right.
    drawn = [row for row in consensus if row["probability"] is not None]
    assert len(drawn) == 300
    looked_at = {row["document"] for row in drawn if row["reviewed"] or row["adjudicated"]}
    audited = audited_of(world)
    assert [len(batch) for batch in audited] == [5] * 6
    assert set().union(*audited) <= looked_at
    assert sum(row["reviewed"] for row in drawn) >= 20  # of those drawn, third people had decided few before
    assert all(row["final"] is not None for row in drawn)
    right = [row["final"] == truth(world.texts(row["document"])) for row in drawn]
    assert sum(right) / len(right) >= 0.97
    # Gold came in, unseen: the tasks of gold and others look alike.
    golds = [row for row in answers if row["is_gold"]]
    assert 15 <= len(golds) <= 80
    estimates = json.loads((folder / "results.json").read_text("utf-8"))["estimates"]
    bad = sum(truth(text_of(number)) != "4" for number in range(500)) / 500
    assert estimates["bad"]["low"] <= bad <= estimates["bad"]["high"]
    assert round(estimates["population"]) == 500
    assert estimates["rules"]["too_short"]["precision"]["value"] >= 0.97
    training = pq.read_table(folder / "training.parquet").to_pylist()
    assert len(training) == 300
    with session(world.engine) as opened:
        assert check_audit(opened) > 10
        assert len(opened.scalars(select(Qualification)).all()) == 12 + 6


def audited_of(world):
    """The documents that each batch's audit drew."""
    with session(world.engine) as opened:
        round_ = find_round(opened, "quality-1")
        items = opened.scalars(
            select(Item).where(Item.round == round_.id, Item.probability.is_not(None)).order_by(Item.id)
        ).all()
        batches = {batch: [Standing(item) for item in items if item.batch == batch] for batch in range(6)}
        drawn = [_audited(opened, round_, form_of(round_), batch, ones) for batch, ones in batches.items()]
        return [{item.document for item in items if item.id in batch} for batch in drawn]


def appeal_of(world):
    """A person who was right against the rest appeals; one who has not seen the text decides."""
    with session(world.engine) as opened:
        round_ = find_round(opened, "quality-1")
        document, person = opened.execute(
            select(Item.document, Assignment.contributor)
            .join(Assignment, Assignment.item == Item.id)
            .where(Item.round == round_.id, ~Item.is_gold, Assignment.contributor == "p00")
        ).first()
        appeal(opened, round_, person, document, "我认为评分无误。")
    pushed = world.do("sync", "quality-1", "--direct")["pushed"]
    assert pushed["issued"]["adjudicator"] == 1
    assert world.work("quality-1", "adjudicator") == 1
    assert list(world.do("pull", "--direct")["rounds"]["quality-1"]["appeals"].values()) == ["granted"]
    gold = world.rows(select(Item.is_gold, Item.gold_revision).where(Item.document == document))
    assert [tuple(row) for row in gold] == [(True, 1)]
