"""Releases that are killed at any moment, or whose disk is full: the version before stands, the new one whole or not.

The commands run in a process of their own, which forks one for each (`tests.pipeline.killing`).
"""

import json
import random
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.database import check_audit, open_registry, session
from pipeline.registry import Release, select
from pipeline.release.verify import check
from tests.pipeline.killing import files_of
from tests.pipeline.test_release import made  # noqa: F401 - a fixture

ROOT = Path(__file__).parents[2]
SEED = 20261122
KILLS = 6
"""Of each way; two ways."""


@contextmanager
def started(path):
    """Start the process that forks commands."""
    command = [sys.executable, "-m", "tests.pipeline.killing", str(path / "said.txt")]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def ask(**more):
            process.stdin.write(json.dumps(more) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        process.stdin.close()


def command(workspace, version):
    return ["release", version, "first", "second", "--workspace", str(workspace), "--quiet"]


@pytest.fixture(scope="module")
def forker(made, tmp_path_factory):  # noqa: F811
    """The process, with all it needs imported; and a workspace with a release, and what both releases come to."""
    path = tmp_path_factory.mktemp("killed")
    shutil.copytree(made / "ws", path / "bare")
    with started(path) as ask:
        shutil.copytree(made / "ws", path / "warm")
        assert ask(warm=command(path / "warm", "1"))["code"] == 0
        shutil.copytree(path / "bare", path / "second")
        assert ask(arguments=command(path / "second", "0"))["code"] == 0
        for name in ("bare", "second"):
            shutil.copytree(path / name, path / f"{name}-done")
            done = ask(arguments=command(path / f"{name}-done", "1"))
            assert done["code"] == 0, done["said"]
        yield ask, path, done["seconds"]


def versions(workspace):
    with session(open_registry(workspace)) as opened:
        check_audit(opened)
        return list(opened.scalars(select(Release.version).order_by(Release.seq)))


def stands(workspace, before):
    """Check what stands after a kill; return whether the new release does."""
    for version in before:
        assert check(workspace / "releases" / version) == []
    there = (workspace / "releases/1").exists()
    assert {path.name for path in (workspace / "releases").glob("[!.]*")} == {*before, *(["1"] if there else [])}
    assert versions(workspace) in ([before, [*before, "1"]] if there else [before])
    if there:
        assert check(workspace / "releases/1") == []
    return there


@pytest.mark.slow
@pytest.mark.parametrize("start", ["bare", "second"])
def test_killed_at_any_moment_it_is_whole_or_not_there_and_goes_on(forker, tmp_path, start):
    ask, path, seconds = forker
    before = ["0"] if start == "second" else []
    old, new = (files_of(path / f"{start}-done/releases" / version) for version in ("0", "1"))
    chance, kills, began = random.Random(SEED + len(before)), 0, False
    for number in range(3 * KILLS):
        if kills >= KILLS and began:
            break
        workspace = tmp_path / str(number)
        shutil.copytree(path / start, workspace)
        for _ in range(chance.choice([1, 1, 2])):  # who goes on may be killed too
            after = seconds * (number % KILLS + chance.random()) / KILLS
            killed = ask(arguments=command(workspace, "1"), after=after)
            assert killed["code"] in (-9, 0), killed["said"]
            whole = stands(workspace, before)
            if killed["code"] == -9:
                kills += 1
                began = began or (not whole and (workspace / "releases/.candidates/1").exists())
            else:  # faster than it was when it was measured
                seconds = min(seconds, 0.9 * after)
        ended = ask(arguments=command(workspace, "1"))
        assert ended["code"] == 0, ended["said"]
        assert stands(workspace, before) is True
        assert versions(workspace) == [*before, "1"]
        assert files_of(workspace / "releases/1") == new
        assert [files_of(workspace / "releases" / version) for version in before] == [old for _ in before]
        assert list((workspace / "releases/.candidates").iterdir()) == []
        shutil.rmtree(workspace)
    assert (kills >= KILLS, began) == (True, True)


def test_a_registry_that_may_not_grow_is_said_and_nothing_is_half_released(forker, tmp_path):
    ask, path, _ = forker
    new = files_of(path / "second-done/releases/1")
    codes = []
    for most in (2_000, 34_000, 42_000, 60_000, 10_000_000):
        workspace = tmp_path / str(most)
        shutil.copytree(path / "second", workspace)
        done = ask(arguments=command(workspace, "1"), bytes=most)
        codes.append(done["code"])
        if done["code"]:
            assert (done["code"], "Traceback" in done["said"], "registry" in done["said"]) == (3, False, True), done
        stands(workspace, ["0"])
        assert ask(arguments=command(workspace, "1"))["code"] == 0
        assert (versions(workspace), files_of(workspace / "releases/1")) == (["0", "1"], new)
    assert codes == [3, 3, 3, 3, 0]


@pytest.mark.parametrize("size", ["8k", "20k", "40k", "80k"])
def test_a_full_disk_is_said_and_with_more_room_it_goes_on(forker, tmp_path, size):
    ask, path, _ = forker
    workspace = tmp_path / "ws"
    shutil.copytree(path / "bare", workspace)
    (workspace / "releases").mkdir()
    done = ask(arguments=command(workspace, "1"), disk=[str(workspace / "releases"), size, "2m"])
    if done is None:
        pytest.skip("no disk of a chosen size can be mounted here (Linux, unshare)")
    full, ended = done
    assert (full["code"], "Traceback" in full["said"]) == (3, False), full["said"]
    assert "No space left on device" in full["said"]
    if size != "8k":  # there a task of deduplication says it, as in a run
        assert "the disk does not take what is written" in full["said"]
        assert "make room and say the same again" in full["said"]
    assert [name for name in full["files"] if not name.startswith(".")] == []
    assert ended["code"] == 0, ended["said"]
    new = files_of(path / "bare-done/releases/1")
    assert {name: digest for name, digest in ended["files"].items() if not name.startswith(".")} == {
        f"1/{name}": digest for name, digest in new.items()
    }
