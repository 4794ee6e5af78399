"""Kill a run with SIGKILL at any moment: the next one finishes the job, byte for byte."""

import os
import random
import signal
import subprocess
import sys
import time
from itertools import cycle
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "sample_data"
TABLES = ("survey", "documents", "attributes", "signatures", "quarantine", "verdicts", "corpus")
WHOLE = ("templates", "clusters", "pairs", "survivors")
SETTINGS = """
[shards]
target_mb = 0.04
[normalize]
cut_boilerplate = true
cut_templates = true
[survey]
templates = true
least_documents = 3
"""
KILLS = 18
"""Of direct runs, half with one worker and half with two; three more with Prefect."""
LIMIT = 300
"""Seconds that one run may take on a busy machine."""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    """The sample's recipe with every stage, cut into small shards, its streams split: there is much to interrupt."""
    path = tmp_path_factory.mktemp("recipe") / "recipe.toml"
    text = (SAMPLE / "recipe.toml").read_text("utf-8").replace('"sources/', f'"{SAMPLE}/sources/')
    path.write_text(text + SETTINGS, "utf-8")
    return path


def start(recipe, workspace, *options):
    command = [sys.executable, "-m", "flows.cli", "run", recipe, "--workspace", workspace, "--json", "--quiet"]
    command += options
    return subprocess.Popen(
        list(map(str, command)), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )


def finish(child):
    _, errors = child.communicate(timeout=LIMIT)
    assert child.returncode == 0, errors.decode()[-2000:]


def results(workspace):
    run = workspace / "runs/sample"
    files = [path for table in TABLES for path in (run / table).glob("part-*.parquet")]
    files += [run / f"{table}.parquet" for table in WHOLE]
    return {path.relative_to(run).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def undisturbed(recipe, tmp_path_factory):
    workspace = tmp_path_factory.mktemp("undisturbed")
    finish(start(recipe, workspace, "--direct"))
    return results(workspace)


def written(workspace):
    """How many files there are by now: grows through every stage, also while parts are only partial."""
    return sum(len(names) for _, _, names in os.walk(workspace / "runs"))


def kill_at(child, workspace, moment, files):
    """Kill once `files` more files have appeared, or after `moment` seconds; False if the run had ended before."""
    begun, before = time.monotonic(), written(workspace)
    while child.poll() is None:
        if written(workspace) - before >= files or time.monotonic() - begun > moment:
            os.kill(child.pid, signal.SIGKILL)  # the command alone: what it started has to notice by itself
            child.communicate()
            return child.returncode == -signal.SIGKILL
        time.sleep(0.002)
    return False


def kill_until(recipe, workspace, kills, seed, *options):
    """Kill runs at random moments, on one workspace after another, until enough have died; yield what each leaves.

    `options` are those of the first run, of the second, and so on, round and round.
    """
    chance, turns = random.Random(seed), cycle(options)
    died = number = 0
    while died < kills:
        place = workspace / str(number)
        number += 1
        while True:
            child = start(recipe, place, *next(turns))
            if not kill_at(child, place, chance.uniform(1, 20), chance.randint(1, 120)):
                finish(child)
                break
            died += 1
            if died >= kills:
                finish(start(recipe, place, *next(turns)))
                break
        yield results(place)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_direct_run_killed_anywhere_ends_with_the_same_bytes(recipe, undisturbed, tmp_path, workers):
    for left in kill_until(recipe, tmp_path, KILLS // 2, workers, ("--direct", "--workers", workers)):
        assert left.keys() == undisturbed.keys()
        assert [name for name, data in left.items() if data != undisturbed[name]] == []


@pytest.mark.slow
@pytest.mark.service
def test_a_prefect_run_killed_anywhere_ends_with_the_same_bytes_with_any_number_of_workers(
    recipe, undisturbed, tmp_path
):
    for left in kill_until(recipe, tmp_path, 3, 1, ("--workers", 2), ("--workers", 1)):
        assert left.keys() == undisturbed.keys()
        assert [name for name, data in left.items() if data != undisturbed[name]] == []
