"""Taking documents out: no trace of them is left, the proof holds, and their twins come back."""

import pyarrow.parquet as pq
import pytest

from pipeline import removal, takedown
from pipeline.errors import RecipeError
from pipeline.index import open_index
from pipeline.removal import LIST
from pipeline.segment import name_of
from pipeline.signing import Signing
from pipeline.store import digest_file
from pipeline.takedown import take_down
from tests.pipeline.conftest import OTHER, text
from tests.pipeline.test_index import INDEXED, NEAR, WEB

MARK = "独一无二的秘密标记𠮷"
SECRET = text(3) + MARK
"""What is taken down; NEAR and what stands below resemble it."""


@pytest.fixture
def two_runs(desk):
    desk.recipe(WEB, more=INDEXED)
    rows = [{"id": "a", "text": SECRET}, {"id": "b", "text": text(3)}, {"id": "c", "text": OTHER}]
    desk.write("in/a.jsonl", rows)
    desk.run()
    desk.recipe('name = "more"\npath = "later"', more=INDEXED, name="second")
    desk.write("later/a.jsonl", [{"id": "n", "text": NEAR}])
    desk.run()
    assert verdict(desk, "small", "b")["dedup.of"] == verdict(desk, "second", "n")["dedup.of"] == "a"
    return desk


def verdict(desk, run, identity):
    paths = (desk.path / "ws/runs" / run / "verdicts").glob("*")
    return next(row for path in paths for row in pq.read_table(path).to_pylist() if row["id"] == identity)


def down(desk, *ids, source="web", indexes=("all",)):
    return take_down(desk.path / "ws", frozenset((source, one) for one in ids), indexes, 10**9)


def traces(desk):
    """Files of the workspace in which the marked text stands, in any form it is stored in."""
    found = []
    for path in (desk.path / "ws").rglob("*"):
        if path.suffix == ".parquet":
            data = str(pq.read_table(path).to_pylist()).encode()
        else:
            data = path.read_bytes() if path.is_file() else b""
        forms = (MARK.encode(), MARK.encode("utf-16-le"), MARK.encode("utf-32-le"), MARK[:-1].encode("utf-16-le"))
        if any(form in data for form in forms):
            found.append(path.relative_to(desk.path).as_posix())
    return found


def held(desk):
    index = open_index(desk.path / "ws/index/all", Signing())
    return {name for segment in index.open() for name in segment.read(standing(segment), texts=False).names}


def standing(segment):
    return (segment.status & 2 == 0).nonzero()[0]


def test_nothing_is_left_of_what_is_taken_down(two_runs):
    assert len(traces(two_runs)) > 2

    down(two_runs, "a")

    assert traces(two_runs) == []
    assert held(two_runs) == {name_of("web", "b"), name_of("web", "c"), name_of("more", "n")}


def test_the_best_that_is_left_comes_back_with_the_next_run(two_runs):
    down(two_runs, "a")
    two_runs.recipe(WEB, more=INDEXED)
    summary, executor = two_runs.run()

    assert [name for name in executor.done if name.startswith("scan")] == []
    assert summary["documents"] == {"in": 2, "kept": 2, "dropped": 0, "quarantined": 0}
    two_runs.recipe('name = "more"\npath = "later"', more=INDEXED, name="second")
    two_runs.run()
    later = verdict(two_runs, "second", "n")
    assert (later["dedup.of"], later["dedup.of_run"]) == ("b", "small")  # which is kept now
    assert two_runs.run()[1].done == []


def test_a_twin_of_a_later_run_comes_back_too(two_runs):
    down(two_runs, "a", "b")
    two_runs.recipe('name = "more"\npath = "later"', more=INDEXED, name="second")
    summary, executor = two_runs.run()

    assert summary["documents"]["kept"] == 1
    assert "dedup" in executor.done


def test_a_shard_that_is_read_again_loses_it_again(two_runs):
    down(two_runs, "a")
    two_runs.recipe(WEB + '\nencoding = "utf-8"', more=INDEXED)
    summary, executor = two_runs.run()

    assert "scan part-00000" in executor.done
    assert (summary["documents"]["in"], traces(two_runs)) == (2, [])
    assert two_runs.run()[1].done == []


def test_the_proof_names_what_stands_in_the_files(two_runs):
    before = {path.name: digest_file(path) for path in (two_runs.folder / "documents").glob("*")}
    proof = down(two_runs, "a")

    (documents,) = [one for one in proof["runs"] if one["table"] == "documents"]
    assert (documents["run"], documents["part"]) == ("small", 0)
    assert documents["before"] == before["part-00000.parquet"]
    for one in proof["runs"]:
        path = two_runs.path / f"ws/runs/{one['run']}/{one['table']}/part-{one['part']:05d}.parquet"
        assert one["after"] == digest_file(path)
    (index,) = proof["index"]
    for name, files in index["after"].items():
        assert files == {path.name: digest_file(path) for path in (two_runs.path / "ws/index/all" / name).iterdir()}
    assert all(not (two_runs.path / "ws/index/all" / name).exists() for name in index["before"])


def test_done_again_it_is_the_same(two_runs):
    first = down(two_runs, "a")

    assert down(two_runs, "a") == first


@pytest.mark.parametrize(
    "stop", ["_from_index", "remove_documents", "write_json", "merge", "_without", "_shift_replaced"]
)
def test_stopped_anywhere_the_same_command_ends_it(two_runs, monkeypatch, stop):
    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(takedown if hasattr(takedown, stop) else removal, stop, interrupt)
        with pytest.raises(KeyboardInterrupt):
            down(two_runs, "a")
    down(two_runs, "a")

    assert traces(two_runs) == []
    two_runs.recipe(WEB, more=INDEXED)
    summary, _ = two_runs.run()
    assert (summary["documents"]["in"], traces(two_runs)) == (2, [])


def test_all_records_under_one_id_are_meant(desk):
    desk.recipe(WEB)
    desk.write(
        "in/a.jsonl", [{"id": "a", "text": SECRET}, {"id": "a", "text": OTHER + MARK}, {"id": "b", "text": OTHER}]
    )
    desk.run()
    down(desk, "a", indexes=())

    assert traces(desk) == []
    summary, _ = desk.run()
    assert summary["documents"]["in"] == 1
    assert [row["id"] for row in desk.rows("documents")] == ["b"]


def test_an_index_that_is_not_there_is_said_before_anything_is_changed(two_runs):
    with pytest.raises(RecipeError, match=r'there is no index "al" in .*; did you mean "all"'):
        down(two_runs, "a", indexes=("al",))

    assert not (two_runs.path / "ws" / LIST).exists()
