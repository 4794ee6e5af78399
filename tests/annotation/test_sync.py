"""Push and pull against a real Label Studio: bad lines, crashes, edits, deletions, forgeries, nonsense."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest

from annotation import rounds
from annotation.kinds import QUESTIONS, Kind
from annotation.label_studio import transport, webhook
from annotation.label_studio.client import LabelStudio
from annotation.label_studio.receiver import SECRET_HEADER, Receiver
from annotation.label_studio.webhook import registered
from annotation.people import add_person
from annotation.round_file import load_round
from annotation.rounds import close_round, pull_rounds, push_round
from annotation.status import status_of
from pipeline.database import open_registry, session
from pipeline.errors import RecipeError, ServiceError
from pipeline.registry import Answer, Assignment, Item, Round, Seat, select, update
from pipeline.request.void import note_void
from tests.annotation.crowd import Person
from tests.annotation.faulty import Faulty

pytestmark = pytest.mark.service

QUALITY = QUESTIONS[Kind.QUALITY]
ROUND = """
[round]
name = "{name}"
kind = "quality"
rule_version = "1"
purpose = "exam"
[gold]
file = "gold.jsonl"
[people]
annotators = ["{person}"]
floor_seconds = {floor}
window = 4
"""


@dataclass
class Desk:
    path: object
    name: str
    proxy: Faulty
    studio: LabelStudio
    person: Person
    floor: float = 0.0
    registry: object = field(default=None)

    def open(self, number=6):
        golds = ({"id": f"g{k}", "text": f"第{k}篇正文。", "label": 5} for k in range(number))
        (self.path / "gold.jsonl").write_text("".join(json.dumps(gold) + "\n" for gold in golds), "utf-8")
        said = ROUND.format(name=self.name, person=self.person.name, floor=self.floor)
        (self.path / "round.toml").write_text(said, "utf-8")
        self.registry = open_registry(self.path)
        with session(self.registry) as opened:
            add_person(opened, self.person.name)
        return self

    def push(self):
        return push_round(self.path, load_round(self.path / "round.toml"), self.studio, lambda _: None)

    def pull(self):
        return pull_rounds(self.path, self.studio, lambda _: None)

    def tasks(self):
        with session(self.registry) as opened:
            return list(
                opened.scalars(
                    select(Assignment.task)
                    .join(Item)
                    .join(Round)
                    .where(Assignment.task.is_not(None), Round.name == self.name)
                    .order_by(Assignment.place)
                )
            )

    def project(self):
        with session(self.registry) as opened:
            return opened.scalars(select(Seat.project)).one()

    def keys(self):
        project = self.project()
        with session(self.registry) as opened:
            sent = sorted(opened.scalars(select(Assignment.key).where(Assignment.task.is_not(None))))
        return sorted(self.studio.task_keys(project)), sent

    def answer(self, task, score="5", **more):
        said = self.person.submit(task, QUALITY.write({"score": score, **more}, ""))
        assert said.status_code == 201, said.text
        return said.json()["id"]

    def answers(self):
        with session(self.registry) as opened:
            rows = opened.scalars(select(Answer).order_by(Answer.sequence)).all()
        return [(row.revision, row.latest, row.valid, (row.refusal or "")[:20]) for row in rows]

    def hooks(self):
        return self.studio.transport.call("GET", "/api/webhooks/")

    @contextmanager
    def listener(self, *more):
        """`annotate listen` in a process of its own, once it listens; `.said` is the file of what it says."""
        names = {"QINGYUAN_LABELSTUDIO_URL": self.person.url, "QINGYUAN_LABELSTUDIO_TOKEN": self.studio.transport.token}
        command = [sys.executable, "-m", "flows.cli", "annotate", "listen", "--workspace", str(self.path), *more]
        said = self.path / f"said-{time.monotonic_ns()}"
        with said.open("w") as sink:
            process = subprocess.Popen(command, env=os.environ | names, stdout=sink, stderr=sink)
        process.said = said
        try:
            until(lambda: "when there are answers" in said.read_text("utf-8"))
            yield process
        finally:
            process.kill()
            process.wait()

    def states(self):
        with session(self.registry) as opened:
            return sorted(opened.scalars(select(Assignment.state).where(Assignment.task.is_not(None))))


def until(true, seconds=30):
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def held_by(process):
    """The files that a process has open, where the system says so."""
    found = Path(f"/proc/{process.pid}/fd").glob("*")
    return [str(one.readlink()) for one in found if one.is_symlink()]


@pytest.fixture
def desk(tmp_path, label_studio, request, monkeypatch):
    monkeypatch.setattr(transport, "WAITS", (0.05, 0.1, 0.1))
    name = "".join(char for char in request.node.name if char.isalnum())[-24:].lower()
    proxy = Faulty(label_studio.url)
    with (
        LabelStudio(proxy.url, label_studio.operator.token) as studio,
        LabelStudio(label_studio.url, label_studio.operator.token) as direct,
    ):
        person = Person(direct, label_studio.url, f"s-{name}")
        made = Desk(tmp_path, f"r-{name}", proxy, studio, person)
        yield made
        person.close()
    proxy.close()
    if made.registry is not None:
        made.registry.dispose()


@pytest.mark.parametrize("fault", ["lost", "half", 429, 503])
def test_whatever_becomes_of_an_import_no_task_is_there_twice(desk, fault):
    desk.open()
    desk.proxy.faults = [("POST", "/import", fault), ("POST", "/api/projects/", fault), ("GET", "/tasks/", fault)]
    assert desk.push()["waiting"] == 2
    assert desk.proxy.faults == []
    on_server, in_map = desk.keys()
    assert len(on_server) == 4
    assert on_server == in_map
    assert desk.push()["tasks"] == 0


def test_an_answer_lost_or_broken_off_on_its_way_comes_once(desk):
    desk.open().push()
    for task in desk.tasks():
        desk.answer(task)
    desk.proxy.faults = [("GET", "/revisions/", fault) for fault in ("lost", "half", 500)]
    assert desk.pull()["answers"] == 4
    assert desk.pull()["revisions"] == 0
    assert desk.push()["tasks"] == 2  # what was behind the window


def test_a_pull_with_nothing_new_costs_one_request(desk):
    desk.open().push()
    desk.answer(desk.tasks()[0])
    desk.pull()
    desk.proxy.seen.clear()
    assert desk.pull()["rounds"] == {}
    assert [path.partition("?")[0] for _, path in desk.proxy.seen] == ["/api/qingyuan/revisions/"]


def test_tables_are_written_of_the_rounds_with_news_and_after_a_kill_by_the_next_pull(desk, monkeypatch):
    other = replace(desk, name=desk.name + "-b")
    desk.open().push()
    other.open().push()
    assert sorted(desk.pull()["rounds"]) == [desk.name, other.name]
    desk.answer(desk.tasks()[0])
    with monkeypatch.context() as patch:
        patch.setattr(rounds, "write_results", _be_killed)
        with pytest.raises(KeyboardInterrupt):
            desk.pull()  # by now the answers are in the registry
    found = desk.pull()
    assert (found["revisions"], list(found["rounds"])) == (0, [desk.name])
    assert desk.pull()["rounds"] == {}


def _be_killed(*_):
    raise KeyboardInterrupt


def test_a_server_that_stays_busy_is_an_error_that_says_so(desk):
    desk.open()
    desk.proxy.faults = [("GET", "/revisions/", 503)] * 9
    with pytest.raises(ServiceError, match="failed 4 times"):
        desk.pull()


def test_tasks_that_a_killed_push_left_unknown_are_learnt_from_their_answers(desk):
    desk.open().push()
    tasks = desk.tasks()
    for task in tasks:
        desk.answer(task)
    with session(desk.registry) as opened:  # as if killed between sending and writing down
        opened.execute(update(Assignment).values(task=None, project=None))
    assert desk.pull()["answers"] == 4
    assert sorted(desk.tasks()) == sorted(tasks)


def test_edits_and_deletions_keep_what_was_said_before(desk):
    desk.open().push()
    task = desk.tasks()[0]
    annotation = desk.answer(task, "4")
    said = desk.person.ask(
        "PATCH", f"/api/annotations/{annotation}/", json={"result": QUALITY.write({"score": "5"}, "")}
    )
    assert said.status_code == 200
    desk.pull()
    assert desk.answers() == [(1, False, True, ""), (2, True, True, "")]
    desk.studio.transport.call("DELETE", f"/api/annotations/{annotation}/")
    desk.pull()
    assert desk.answers()[1:] == [(2, False, True, ""), (3, True, False, "deleted")]
    assert desk.states() == ["issued"] * 4
    desk.answer(task)
    desk.pull()
    assert desk.answers()[3] == (1, True, True, "")
    assert desk.states() == ["answered", "issued", "issued", "issued"]


def test_an_answer_changed_by_another_is_kept_and_changes_nothing(desk):
    desk.open().push()
    annotation = desk.answer(desk.tasks()[0], "5")
    desk.studio.transport.call(
        "PATCH", f"/api/annotations/{annotation}/", {"result": QUALITY.write({"score": "4"}, "")}
    )
    found = desk.pull()
    assert desk.answers() == [(1, True, True, ""), (2, False, False, "forged: sent by acco")]
    assert sum(found["refused"].values()) == 1
    with session(desk.registry) as opened:
        assert [row.label for row in opened.scalars(select(Answer).where(Answer.latest))] == [{"score": "5"}]


def test_nonsense_and_skipped_tasks_are_refused_with_the_reason_and_kept(desk):
    desk.open().push()
    first, second, third, _ = desk.tasks()
    desk.person.submit(
        first, [{"from_name": "score", "to_name": "text", "type": "choices", "value": {"choices": ["9"]}}]
    )
    desk.person.submit(second, [])
    desk.person.submit(third, [], was_cancelled=True)
    desk.pull()
    assert [row[2:] for row in desk.answers()] == [
        (False, "invalid: score: unkn"), (False, "invalid: score: not "), (False, "skipped"),
    ]  # fmt: skip
    with session(desk.registry) as opened:
        raw = [row.raw for row in opened.scalars(select(Answer).order_by(Answer.sequence))]
    assert raw[0]["result"][0]["value"] == {"choices": ["9"]}


def test_an_answer_given_without_reading_does_not_count(desk):
    desk.floor = 3600.0
    desk.open().push()
    desk.answer(desk.tasks()[0])
    desk.pull()
    assert [row[2] for row in desk.answers()] == [False]
    assert [row[3][:8] for row in desk.answers()] == ["too fast"]
    assert status_of(desk.path, desk.name)[0]["answers"]["valid"] == 0


def test_a_closed_round_lets_nobody_in_and_keeps_what_was_answered(desk):
    desk.open().push()
    first, second, *_ = desk.tasks()
    desk.answer(first)
    assert close_round(desk.path, desk.name, desk.studio) == {"round": desk.name, "withdrawn": 5, "seats": 1}
    assert desk.person.submit(second, QUALITY.write({"score": "5"}, "")).status_code in {403, 404}
    assert desk.push()["tasks"] == 0
    assert status_of(desk.path, desk.name)[0]["state"] == "closed"
    assert [row[2] for row in desk.answers()] == [True]


def test_another_server_is_not_taken_for_ours(desk):
    desk.open().push()
    desk.answer(desk.tasks()[0])
    with session(desk.registry) as opened:  # the same numbers are another project's there
        opened.execute(update(Seat).values(title="r-elsewhere 标注 0123456789ab"))
    for act in (desk.pull, desk.push):
        with pytest.raises(RecipeError, match="is that another server"):
            act()


def test_a_round_does_not_change_once_it_is_open(desk):
    desk.open().push()
    desk.floor = 5.0
    desk.open()
    with pytest.raises(RecipeError, match="other settings"):
        desk.push()
    with pytest.raises(RecipeError, match=f'did you mean "{desk.name}"'):
        status_of(desk.path, desk.name + "x")


def test_tasks_of_what_was_taken_down_leave_the_server_and_the_answers_stay_without_its_words(desk):
    desk.open(3).push()
    first, second, third = desk.tasks()
    desk.answer(first)
    quoted = {"from_name": "s", "to_name": "text", "type": "labels", "value": {"start": 0, "end": 3, "text": "第0篇"}}
    desk.person.submit(second, [quoted])
    with session(desk.registry) as opened:
        held = opened.scalars(select(Assignment).where(Assignment.task.in_([first, second]))).all()
        items = [opened.get_one(Item, one.item) for one in held]
        for item in items:
            item.state = "void"
        note_void(opened, desk.name, items, withdrawn=0)
    assert desk.pull()["withdrawn_tasks"] == 2

    assert set(desk.studio.task_keys(desk.project()).values()) == {third}
    before = desk.answers()
    assert [row[:3] for row in before if row[2]] == [(1, True, True)]
    said = [row for row in desk.studio.revisions(0) if row.task in {first, second}]
    assert sorted(row.action for row in said) == ["created", "created", "deleted", "deleted"]
    assert "第0篇" not in str(said)
    assert (desk.pull()["withdrawn_tasks"], desk.answers()) == (0, before)


def test_an_answer_comes_without_a_pull_and_nothing_is_lost_around_a_kill(desk, label_studio):
    desk.open().push()
    first, second, third, fourth = desk.tasks()
    desk.answer(first)
    with desk.listener() as one:
        until(lambda: len(desk.answers()) == 1)  # what there was; the next fetch but for a call is in ten minutes
        desk.answer(second)
        until(lambda: len(desk.answers()) == 2)
        one.kill()
    (left,) = desk.hooks()
    desk.answer(third)  # nobody hears of it
    with desk.listener("--sync") as other:
        until(lambda: len(desk.tasks()) == 6)  # what was behind the window
        assert len(desk.answers()) == 3
        desk.answer(fourth)
        until(lambda: len(desk.answers()) == 4)
        (hook,) = desk.hooks()
        secrets = [one["headers"][SECRET_HEADER] for one in (left, hook)]
        codes = [httpx.post(hook["url"], headers={SECRET_HEADER: one}, trust_env=False).status_code for one in secrets]
        assert codes == [403, 204]
        assert (hook["send_payload"], hook["project"], left["id"] == hook["id"]) == (False, None, False)
        until(lambda: all("registry.db" not in name for name in held_by(other)))  # between two fetches
        other.send_signal(signal.SIGTERM)
        assert other.wait(30) == 0
    assert desk.hooks() == []
    assert [row[:3] for row in desk.answers()] == [(1, True, True)] * 4
    spoken = other.said.read_text("utf-8") + label_studio.log.read_text("utf-8")
    assert [secret for secret in secrets if secret in spoken] == []


def test_a_server_that_calls_nobody_is_said_with_what_to_do(desk, monkeypatch):
    monkeypatch.setattr(webhook, "TEST_LIMIT", 0.1)
    with Receiver("mark", lambda: None) as door:
        for fault, words in ((404, "an older one"), (409, "LABEL_STUDIO_USE_DEFAULT_BANNED_SUBNETS=false")):
            desk.proxy.faults = [("PUT", "/webhooks/", fault)]
            with pytest.raises(ServiceError, match=words), registered(desk.studio, "mark", door):
                pytest.fail("it was registered")
    with pytest.raises(ServiceError, match="nothing arrived"), registered(desk.studio, "mark", door):
        pytest.fail("it was called")  # the door is shut by now
    assert desk.hooks() == []


def test_a_webhook_leads_to_this_machine_and_is_not_made_by_a_contributor(desk):
    path, secret = "/api/qingyuan/webhooks/mark/", "s" * 43
    for body in ({"port": "80@example.org", "secret": secret}, {"port": 0, "secret": secret}, {"port": True},
                 {"port": 9, "secret": "short"}, {"port": 9, "secret": "a\r\nb: " + secret}):  # fmt: skip
        with pytest.raises(ServiceError, match="answered 400"):
            desk.studio.transport.call("PUT", path, body)
    assert desk.person.ask("PUT", path, json={"port": 9, "secret": secret}).status_code == 403
    assert desk.person.ask("GET", "/api/webhooks/").status_code == 403
    assert desk.hooks() == []
