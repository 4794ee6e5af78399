"""The whole loop against a real Label Studio: a run, an exam, a round with gold and reviews, kills, an appeal."""

import json
import time

import pyarrow.parquet as pq
import pytest

from annotation.appeals import appeal
from annotation.label_studio import transport
from annotation.stages import _audited
from annotation.standing import Standing, form_of
from annotation.status import find_round
from pipeline.database import check_audit, session
from pipeline.errors import RecipeError
from pipeline.registry import Answer, Assignment, Item, Qualification, select
from tests.annotation.loop_world import PEOPLE, REVIEWERS, build_world, text_of, truth

pytestmark = [pytest.mark.service, pytest.mark.slow]

PUSH_KILLED = (
    ("annotation.label_studio.client:LabelStudio.create_project", 1),
    ("annotation.label_studio.client:LabelStudio.import_tasks", 3),
    ("annotation.push:_write_map", 6),
)
"""What a push has just done when it is killed, and for the how manieth time."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    path = tmp_path_factory.mktemp("loop")
    try:
        world = build_world(path)
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
