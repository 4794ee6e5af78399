"""Settings that change while a run is interrupted: what stands in the folder is always of the same settings."""

import inspect
import shutil
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import identity, judge, scan, store, stream
from pipeline.executor import Outcome
from pipeline.explain import explain
from pipeline.pool import InProcess
from pipeline.replay import replay
from pipeline.runs import open_run
from pipeline.stream import BrokenStreamError
from tests.pipeline.conftest import OTHER, text

WEB = 'name = "web"\npath = "in"'
TABLES = ("documents", "attributes", "signatures", "quarantine", "verdicts", "corpus")


def rule(bound):
    return f'[[rules]]\nreason = "long"\nattribute = "length.chars"\nat_least = {bound}\n'


def everything(desk):
    files = [path for table in TABLES for path in sorted((desk.folder / table).glob("*"))]
    files += [desk.folder / f"{name}.parquet" for name in ("clusters", "pairs", "survivors")]
    return {path.relative_to(desk.folder).as_posix(): path.read_bytes() for path in files}


@contextmanager
def stopped_at(monkeypatch, module, name, place=""):
    """Interrupt what is run inside where a module's function is called (with a path that names `place`)."""
    proper = getattr(module, name)

    def stop(first, *rest):
        if place in str(first):
            raise KeyboardInterrupt
        return proper(first, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(module, name, stop)
        with pytest.raises(KeyboardInterrupt):
            yield


@pytest.fixture
def done(desk):
    desk.recipe(WEB, more=rule(10))
    desk.write("in/a.jsonl", [{"id": "a0", "text": text(0), "body": text(6)}, {"id": "a1", "text": text(2)}])
    desk.write("in/b.jsonl", [{"id": "b0", "text": text(4), "body": text(5)}])
    desk.run()
    return desk


@pytest.mark.parametrize(
    ("module", "sources", "more"), [(judge, WEB, rule(100_000)), (scan, WEB + '\ntext = "body"', rule(10))]
)
def test_settings_tried_and_taken_back_leave_no_trace(done, monkeypatch, module, sources, more):
    before = everything(done)
    done.recipe(sources, more=more)
    with stopped_at(monkeypatch, module, "write_json", "part-00000"):
        done.run()
    assert everything(done) != before

    done.recipe(WEB, more=rule(10))
    done.run()

    assert everything(done) == before


def test_ids_are_settled_again_after_a_scan_that_was_taken_back(done, monkeypatch):
    done.write("in/b.jsonl", [{"id": "a0", "text": text(4), "body": text(5)}])
    done.run()
    before = everything(done)
    done.recipe(WEB + '\ntext = "body"', more=rule(10))
    with stopped_at(monkeypatch, identity, "_ids"):
        done.run()

    done.recipe(WEB, more=rule(10))
    done.run()

    assert everything(done) == before
    assert sorted(done.verdicts()) == ["a0", "a1", "web:b.jsonl#0"]


@pytest.mark.parametrize("renames", [1, 2, 3])
def test_a_kill_between_the_tables_that_get_other_ids_is_mended(done, monkeypatch, renames):
    done.write("in/b.jsonl", [{"id": "a0", "text": text(4)}])
    settle, settled = store._settle, []

    def stop_after(path):
        settle(path)
        if any(frame.function == "_rewrite" for frame in inspect.stack()):
            settled.append(path)
            if len(settled) == renames:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store, "_settle", stop_after)
        with pytest.raises(KeyboardInterrupt):
            done.run()
    done.run()

    ids = [[row["id"] for row in done.rows(table)] for table in ("documents", "attributes", "signatures")]
    assert ids in ([["a0", "a1", "web:b.jsonl#0"]] * 3, [["web:a.jsonl#0", "a1", "a0"]] * 3)


def test_an_id_given_back_leaves_the_bytes_of_a_fresh_run(done):
    fresh = everything(done)
    done.write("in/b.jsonl", [{"id": "a0", "text": text(4), "body": text(5)}])
    done.run()
    done.write("in/b.jsonl", [{"id": "b0", "text": text(4), "body": text(5)}])
    done.run()
    shutil.rmtree(done.path / "ws")
    done.run()

    assert everything(done) == fresh


class Failing(InProcess):
    """Sets aside what is called so."""

    def __init__(self, name):
        super().__init__()
        self.name = name

    def run(self, stage, items):
        for item in items:
            if item.name == self.name:
                yield Outcome(item, None, "ShardError: no")
            else:
                yield from super().run(stage, [item])


@pytest.mark.parametrize("stage", ["scan", "judge", "write"])
def test_a_part_that_fails_takes_its_old_corpus_with_it_and_the_rest_can_be_asked(done, stage):
    (done.path / "more").mkdir()
    done.write("more/c.jsonl", [{"id": "c0", "text": OTHER, "body": OTHER[::-1]}])
    sources = (WEB, 'name = "more"\npath = "more"')
    done.recipe(*sources, more=rule(10))
    done.run()
    done.recipe(sources[0] + '\ntext = "body"', sources[1] + '\ntext = "body"', more=rule(11))

    summary, _ = done.run(Failing(f"{stage} part-00000"))

    assert list(summary["shards_failed"]) == ["part-00000"]
    assert [row["id"] for row in done.rows("corpus")] == ["c0"]
    opened = open_run("small", done.path / "ws")
    assert explain(opened, "c0")["verdict"] == "kept"
    assert replay(opened, opened.policy)["changed"] == {}


def test_what_could_not_be_read_for_a_moment_is_read_by_the_next_run(done, monkeypatch):
    done.write("in/c.jsonl", [{"id": "c0", "text": text(7)}])

    def broken(path):
        if str(path).endswith("c.jsonl"):
            raise BrokenStreamError("unreadable_file", "the disk hiccuped")
        return open_bytes(path)

    open_bytes = stream.open_bytes
    with monkeypatch.context() as patch:
        patch.setattr(stream, "open_bytes", broken)
        first, _ = done.run()

    second, _ = done.run()

    assert [one["documents"]["quarantined"] for one in (first, second)] == [1, 0]
    assert "c0" in done.verdicts()


def test_a_policy_in_a_file_is_known_to_the_run_that_used_it(done):
    (done.path / "own.toml").write_text(rule(20))
    recipe = (
        (done.path / "recipe.toml")
        .read_text()
        .replace('name = "small"', 'name = "small"\npolicy = "own.toml"\npacks = []')
    )
    (done.path / "recipe.toml").write_text(recipe)

    summary, _ = done.run()

    assert summary["documents"]["kept"] == 3
    assert [one.reason for one in open_run("small", done.path / "ws").policy.rules] == ["long", "too_short"]


def test_a_glob_that_covers_the_workspace_does_not_feed_the_run_to_itself(desk):
    desk.recipe('name = "web"\npath = "**/*.parquet"')
    pq.write_table(pa.table({"text": [text(1)]}), desk.path / "a.parquet")

    first, _ = desk.run()
    second, executor = desk.run()

    assert (first["documents"]["in"], second["documents"]["in"], executor.done) == (1, 1, [])


def test_until_the_judging_a_stopped_run_leaves_the_old_answers(done, monkeypatch):
    done.recipe(WEB + '\ntext = "body"', more=rule(100_000))
    with stopped_at(monkeypatch, scan, "write_json"):
        done.run()

    bounds = {one.reason: one.at_least for one in open_run("small", done.path / "ws").policy.rules}
    assert bounds["long"] == 10
