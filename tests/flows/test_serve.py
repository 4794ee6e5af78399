"""`qingyuan serve`: a real server, a real schedule, a new file picked up by the next run, and nothing left behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT = 240
"""Seconds for the server to start (14 on a quiet machine), the next full minute, and a run of two documents."""
STOP_LIMIT = 60
TEXT = "清晨的河面上浮着一层薄雾，船夫把竹篙插进水里，轻轻一推，小船便离开了岸边的石阶。"
RECIPE = """
[recipe]
name = "scheduled"
policy = "web"

[[sources]]
name = "drop"
path = "drop/*.jsonl"
"""


@pytest.fixture
def recipe(tmp_path):
    (tmp_path / "drop").mkdir()
    (tmp_path / "recipe.toml").write_text(RECIPE, "utf-8")
    drop(tmp_path, "first")
    return tmp_path / "recipe.toml"


def drop(folder, name):
    (folder / "drop" / f"{name}.jsonl").write_text(json.dumps({"id": name, "text": TEXT + name}) + "\n", "utf-8")


def start(recipe, *options):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    workspace = recipe.parent / "work"
    with (recipe.parent / "stdout").open("a") as stdout, (recipe.parent / "stderr").open("a") as stderr:
        return subprocess.Popen(
            [sys.executable, "-m", "flows.cli", "serve", recipe, "--workspace", workspace, "--workers", "1", *options],
            cwd=ROOT,
            env=environment,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )


def said(recipe):
    return (recipe.parent / "stdout").read_text("utf-8")


def outcomes(recipe):
    """What the dated lines of the log say of each run."""
    log = (recipe.parent / "stderr").read_text("utf-8")
    dated = re.findall(r"^\d{4}-\d\d-\d\d .*", log, re.MULTILINE)
    return [line.partition(": ")[2].partition(" in ")[0].partition(";")[0] for line in dated]


def run_json(recipe):
    path = recipe.parent / "work/runs/scheduled/run.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def documents_in(recipe):
    return run_json(recipe).get("documents", {}).get("in", 0)


def wait_until(condition, child, seconds):
    deadline = time.monotonic() + seconds
    while not condition() and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
    return condition()


def left_at(folder):
    """Processes that name the folder (our own, the server, a run, its workers) and do not end within thirty seconds."""
    deadline = time.monotonic() + 30
    while (found := processes_at(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def processes_at(folder):
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(folder).encode() in environment or str(folder) in command:
            found.append(command)
    return found


@pytest.mark.service
@pytest.mark.slow
def test_a_schedule_runs_picks_up_a_new_file_survives_a_kill_and_leaves_nothing_behind(recipe):
    child = start(recipe, "--cron", "* * * * *")
    try:
        assert wait_until(lambda: documents_in(recipe) == 1, child, START_LIMIT), (recipe.parent / "stderr").read_text()
        assert "time zone Asia/Shanghai" in said(recipe)

        second = start(recipe, "--cron", "* * * * *")
        assert second.wait(START_LIMIT) == 2

        # As if the power had failed: what the kernel does not end must not hinder the next start.
        child.kill()
        child.wait()
        assert left_at(recipe.parent) == []

        drop(recipe.parent, "second")
        child = start(recipe, "--cron", "* * * * *")
        assert wait_until(lambda: documents_in(recipe) == 2, child, START_LIMIT), (recipe.parent / "stderr").read_text()
        assert {name: run_json(recipe)["stages"]["scan"][name] for name in ("items", "reused")} == {
            "items": 2,
            "reused": 1,
        }

        assert wait_until(lambda: "the run is done" in outcomes(recipe), child, STOP_LIMIT)
        child.terminate()
        assert child.wait(STOP_LIMIT) == 0
        assert said(recipe).endswith("Stopped.\n")
        # Runs that were going when a command was killed or ended have no last line, or were stopped.
        said_of_runs = outcomes(recipe)
        assert said_of_runs[0] == "a scheduled run begins"
        assert set(said_of_runs) <= {"a scheduled run begins", "the run is done", "the run was stopped"}
        assert left_at(recipe.parent) == []
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


@pytest.mark.parametrize(
    "options", [("--cron", "61 * * * *"), ("--cron", "0 2 * * *", "--timezone", "Asia/Shanghi"), ("--cron", "daily")]
)
def test_a_schedule_that_makes_no_sense_is_refused_at_once(recipe, options):
    child = start(recipe, *options)

    assert child.wait(60) == 2
    assert "five fields" in (recipe.parent / "stderr").read_text("utf-8")
