"""Requests that wait: what is released while somebody has asked for documents and nobody has answered."""

import json
import shutil
from datetime import timedelta
from hashlib import sha256

import pytest

from flows.cli import main
from pipeline import takedown
from pipeline.database import now, open_registry, session
from pipeline.errors import GateError
from pipeline.gates.candidate import Contents
from pipeline.gates.inspection import Inspection
from pipeline.gates.requests import requests
from pipeline.registry import Request, select
from pipeline.request import removing
from pipeline.store import read_json
from tests.pipeline.conftest import Desk
from tests.pipeline.test_release import ask, made, near, recipe, text, workspace  # noqa: F401 - fixtures too

SHARED = text(3)


def judged(opened, workspace, candidate, day=None):  # noqa: F811
    contents = Contents(candidate.folder, frozenset())
    return [requests(Inspection(opened, workspace, candidate, contents, day or now().date()))]


@pytest.fixture
def asked(workspace, capsys):  # noqa: F811
    """Say a takedown; return its answer."""

    def say(*arguments, code=0):
        done = main(["takedown", "--workspace", str(workspace), "--json", *arguments])
        out, err = capsys.readouterr()
        assert done == code, err
        return json.loads(out) if out else err

    return say


def refused(workspace, runs=("first",), version="1", days=0):  # noqa: F811
    """Try to release; return why not, and what is to be done."""
    day = (now() + timedelta(days)).date()
    try:
        ask(workspace, version, runs, gates=lambda *about: judged(*about, day))
    except GateError:
        stored = read_json(workspace / "releases/.candidates" / version / "evidence/gates.json")
        (one,) = stored["gates"]
        return one["reason"], one["remedy"]
    return None


def file_of(workspace, content):  # noqa: F811
    path = workspace.parent / "said.txt"
    path.write_text(content, "utf-8")
    return str(path)


def test_what_is_asked_for_and_not_decided_is_not_released(workspace, asked):  # noqa: F811
    number = asked("--source", "web", "--id", "w3", "w5", "--pending")["request"]["request"]
    why, remedy = refused(workspace)
    assert why == f"request {number} names 2 of its documents"
    assert remedy.startswith(f"qingyuan takedown decide {number} granted|refused; then run")
    assert not (workspace / "releases/1").exists()
    assert refused(workspace, ["second"], "2") is None
    asked("decide", str(number), "refused")
    assert refused(workspace) is None


def test_one_that_is_overdue_stops_all_releases(workspace, asked):  # noqa: F811
    number = asked("--source", "web", "--id", "w3", "--pending", "--days", "3")["request"]["request"]
    with session(open_registry(workspace)) as opened:
        deadline = opened.get_one(Request, number).deadline.date()
    days = (deadline - now().date()).days
    assert refused(workspace, ["second"], "3", days=days) is None
    assert refused(workspace, ["second"], days=days + 1)[0] == f"request {number} is overdue since {deadline}"
    asked("decide", str(number), "granted")
    assert refused(workspace, ["second"], days=days + 1) is None


def test_a_document_is_found_under_all_its_names(workspace, asked):  # noqa: F811
    asked("--source", "web", "--id", "web:a.jsonl#0", "--pending")
    assert refused(workspace)[0] == "request 1 names 1 of its documents"
    asked("decide", "1", "refused")
    asked("--source", "news", "--id", "m", "--pending")  # renamed, as the forum has an m too
    assert refused(workspace, ["first", "second"], "2")[0] == "request 2 names 1 of its documents"


def test_what_was_read_after_it_was_searched_for_is_not_known(made, tmp_path, capsys):  # noqa: F811
    shutil.copytree(made, tmp_path / "desk")
    desk = Desk(tmp_path / "desk")
    workspace = desk.path / "ws"  # noqa: F811
    digest = sha256(text(3).encode()).hexdigest()
    said = ["takedown", "--workspace", str(workspace), "--hash", digest, "--pending"]
    assert main(said) == 0
    assert refused(workspace)[0] == "request 1 names 1 of its documents"
    desk.write("late/a.jsonl", [{"id": "l", "text": text(3)}, {"id": "o", "text": text(40)}])
    recipe(desk, "third", 'name = "late"\npath = "late"')
    why, remedy = refused(workspace, ["third"], "2")
    assert why == "request 1 was entered before third was read as it is now: what it names there is not known"
    assert "say the qingyuan takedown … --pending of it again" in remedy
    assert main(said) == 0
    assert refused(workspace, ["third"], "2")[0] == "request 1 names 1 of its documents"
    desk.write("other/a.jsonl", [{"id": "x", "text": text(41)}])
    recipe(desk, "fourth", 'name = "other"\npath = "other"')
    assert "before fourth was read" in refused(workspace, ["fourth"], "3")[0]
    assert main(said) == 0
    assert refused(workspace, ["fourth"], "3") is None  # it was looked through, and holds nothing of it
    assert main(["takedown", "--workspace", str(workspace), "--source", "other", "--id", "x"]) == 0
    recipe(desk, "fourth", 'name = "other"\npath = "other"')
    assert main(["takedown", "--workspace", str(workspace), "revoke", "2"]) == 0
    recipe(desk, "fourth", 'name = "other"\npath = "other"')
    assert "whether it names what came back" in refused(workspace, ["fourth"], "4")[0]
    capsys.readouterr()


def test_what_resembles_it_is_not_known_before_it_is_carried_out(workspace, asked):  # noqa: F811
    asked("--source", "web", "--id", "w3", "--twins", "--pending")
    assert "request 1 asks for all that resembles" in refused(workspace, ["second"])[0]


@pytest.mark.parametrize("place", ["begin", "take_down", "add_removed", "grant"])
def test_one_that_was_killed_on_the_way_is_ended_first(workspace, asked, monkeypatch, place):  # noqa: F811
    def be_killed(*_, **__):
        raise KeyboardInterrupt

    place_of = {"add_removed": takedown, "grant": removing.records}.get(place, removing)
    said = ["--source", "web", "--id", "w3"]
    with monkeypatch.context() as patch:
        patch.setattr(place_of, place, be_killed)
        asked(*said, code=130)
    if place == "begin":
        assert refused(workspace)[0] == "request 1 names 1 of its documents"
        assert refused(workspace, ["second"], "2") is None
    else:
        asked(*said, "--pending")  # looked for again, it is half carried out as before
        why, remedy = refused(workspace, ["second"], "2")
        assert why == "request 1 is half carried out"
        assert remedy.startswith("qingyuan takedown decide 1 granted;")
    asked("decide", "1", "granted")
    assert refused(workspace, ["second"], "2") is None


def test_one_that_was_killed_as_it_was_entered_names_who_knows_what(workspace, asked, monkeypatch):  # noqa: F811
    def be_killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(removing, "write_json", be_killed)
        asked("--source", "web", "--id", "w3", "--pending", code=130)
    why, remedy = refused(workspace, ["second"])
    assert why == "request 1 is not entered whole: what it names is not known"
    assert remedy.startswith("qingyuan takedown decide 1 refused, or say the qingyuan takedown … --pending of it again")
    asked("--source", "web", "--id", "w3", "--pending")
    assert refused(workspace, ["second"]) is None


def test_an_appeal_against_a_refusal_opens_it_again_until_it_is_done(workspace, asked):  # noqa: F811
    asked("--source", "web", "--id", "w3", "--pending")
    asked("decide", "1", "refused", "--why", "public interest")
    appeal = asked("appeal", "1", "--ground", "look again")["appeal"]
    why, remedy = refused(workspace)
    assert why == f"request 1 was refused, and appeal {appeal} against that is not decided, names 1 of its documents"
    assert remedy.startswith(f"qingyuan takedown decide {appeal} granted|refused")
    assert refused(workspace, ["second"], "2") is None
    assert "is overdue" in refused(workspace, ["second"], "3", days=60)[0]
    asked("decide", str(appeal), "granted")
    why, remedy = refused(workspace)
    assert f"appeal {appeal} against that is granted and not carried out, names 1" in why
    assert remedy.startswith("qingyuan takedown decide 1 granted;")
    assert refused(workspace, ["second"], "3", days=60) is None
    asked("decide", "1", "granted")
    assert asked("show", "1")["request"]["state"] == "granted"
    with session(open_registry(workspace)) as opened:
        decisions = [one.decision for one in opened.scalars(select(Request).order_by(Request.id))]
    assert decisions == ["granted", "granted"]
    assert refused(workspace, ["second"], "4") is None


def test_an_appeal_that_is_granted_is_carried_out_by_asking_again_too(workspace, asked):  # noqa: F811
    asked("--source", "web", "--id", "w3", "--pending")
    asked("decide", "1", "refused")
    appeal = asked("appeal", "1", "--ground", "look again")["appeal"]
    asked("decide", str(appeal), "granted")
    assert refused(workspace)[0].startswith("request 1 was refused")
    assert asked("--source", "web", "--id", "w3")["request"]["state"] == "granted"
    assert refused(workspace, ["second"]) is None
    assert asked("appeal", "3", "--ground", "it is mine, put it back")["appeal"] == 4
    assert refused(workspace, ["second"], "2", days=60) is None  # it wants something back: that stops nothing
