"""Taking documents out: no trace of them is left, the proof holds, and their twins come back."""

import gzip
import json
import shutil

import pyarrow.parquet as pq
import pytest

from pipeline import dedup_stages, indexing, removal, removed, takedown
from pipeline.errors import LedgerError, RecipeError
from pipeline.index import open_index
from pipeline.removed import LIST
from pipeline.segment import name_of
from pipeline.signing import Signing
from pipeline.store import digest_file
from pipeline.stream import blocks
from pipeline.takedown import take_down
from tests.pipeline.conftest import OTHER, Desk, text
from tests.pipeline.test_index import INDEXED, NEAR, WEB

pytestmark = pytest.mark.slow

MARK = "独一无二的秘密标记𠮷"
SECRET = text(3) + MARK
"""What is taken down; NEAR and what stands below resemble it."""


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory):
    """Two runs, done once; where they lie is part of what a run remembers, so every test has them in this place."""
    desk = Desk(tmp_path_factory.mktemp("two") / "runs")
    desk.path.mkdir()
    desk.recipe(WEB, more=INDEXED)
    rows = [{"id": "a", "text": SECRET}, {"id": "b", "text": text(3)}, {"id": "c", "text": OTHER}]
    desk.write("in/a.jsonl", rows)
    desk.run()
    desk.recipe('name = "more"\npath = "later"', more=INDEXED, name="second")
    desk.write("later/a.jsonl", [{"id": "n", "text": NEAR}])
    desk.run()
    assert verdict(desk, "small", "b")["dedup.of"] == verdict(desk, "second", "n")["dedup.of"] == "a"
    shutil.copytree(desk.path, desk.path.with_name("kept"))
    return desk


@pytest.fixture
def two_runs(cleaned):
    shutil.rmtree(cleaned.path)
    shutil.copytree(cleaned.path.with_name("kept"), cleaned.path)
    return cleaned


def verdict(desk, run, identity):
    paths = (desk.path / "ws/runs" / run / "verdicts").glob("*")
    return next(row for path in paths for row in pq.read_table(path).to_pylist() if row["id"] == identity)


def down(desk, *ids, source="web", indexes=("all",), memory=10**9, twins=False):
    return take_down(desk.path / "ws", frozenset((source, one) for one in ids), indexes, memory, twins=twins)


def traces(desk):
    """Files of the workspace in which the marked text stands, in any form it is stored in."""
    found = []
    for path in (desk.path / "ws").rglob("*"):
        if path.suffix == ".parquet":
            rows = pq.read_table(path).to_pylist()
            data = str(rows).encode() + b"".join(row["raw"] for row in rows if "raw" in row)
        elif path.suffix == ".zst":
            data = b"".join(blocks(str(path)))
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


def test_who_is_named_by_his_place_leaves_the_index_too(two_runs):
    down(two_runs, "web:a.jsonl#0")

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


def test_an_index_larger_than_the_memory_is_purged_in_portions(two_runs):
    (index,) = down(two_runs, "a", memory=2 * indexing.BYTES_PER_KEYS)["index"]

    assert traces(two_runs) == []
    assert held(two_runs) == {name_of("web", "b"), name_of("web", "c"), name_of("more", "n")}
    assert len(index["after"]) == 2  # of b and c, which stood beside it
    assert indexing.due(open_index(two_runs.path / "ws/index/all", Signing())) == []


def test_what_is_left_in_an_index_is_an_error(two_runs, monkeypatch):
    monkeypatch.setattr(takedown, "purge", lambda *_: None)

    with pytest.raises(LedgerError, match="still hold what was taken out"):
        down(two_runs, "a")


def stored(workspace):
    """Digests of all files that a proof speaks of."""
    paths = [*(workspace / "runs").rglob("part-*.parquet"), *(workspace / "index/all").glob("*/*")]
    return {path.relative_to(workspace).as_posix(): digest_file(path) for path in paths}


class Killed(BaseException):
    pass


def test_the_proof_of_a_takedown_killed_anywhere_is_completed(two_runs, monkeypatch):
    workspace, whole = two_runs.path / "ws", two_runs.path / "whole"
    shutil.copytree(workspace, whole)
    left = 0
    while killed_after(two_runs, monkeypatch, left):
        check_proof(two_runs, stored(whole), down(two_runs, "a"))
        shutil.rmtree(workspace)
        shutil.copytree(whole, workspace)
        left += 1
    assert left >= 15


def killed_after(desk, monkeypatch, left):
    """Take down and be killed at a step; say whether there were so many."""
    steps = iter(range(left))

    def kill(work):
        def wrapped(*arguments):
            if next(steps, None) is None:
                raise Killed
            return work(*arguments)

        return wrapped

    with monkeypatch.context() as patch:
        for module, name in [
            (takedown, "write_json"), (takedown, "purge"), (indexing, "_name"), (removal, "_without"),
            (removal, "write_json"), (removal, "_forget_derived"), (removed, "write_json"),
        ]:  # fmt: skip
            patch.setattr(module, name, kill(getattr(module, name)))
        try:
            down(desk, "a")
        except Killed:
            return True
    return False


def check_proof(desk, before, proof):
    """Check that a proof names all files that are others now, with their digests before and after."""
    after = stored(desk.path / "ws")
    assert traces(desk) == []
    named = {f"runs/{one['run']}/{one['table']}/part-{one['part']:05d}.parquet": one for one in proof["runs"]}
    assert {path for path in before if path.startswith("runs") and after[path] != before[path]} <= set(named)
    assert {p: (o["before"], o["after"]) for p, o in named.items()} == {p: (before[p], after[p]) for p in named}
    (index,) = proof["index"]
    for key, files, others in (("before", before, after), ("after", after, before)):
        said = {f"index/all/{one}/{file}": digest for one, all_ in index[key].items() for file, digest in all_.items()}
        assert said == {p: d for p, d in files.items() if p.startswith("index") and p not in others}


def test_twins_in_all_runs_go_too_if_that_is_wanted(two_runs, monkeypatch):
    def interrupt(*_):
        raise Killed

    with monkeypatch.context() as patch:  # by then the clusters that named them are gone
        patch.setattr(removal, "_shift_replaced", interrupt)
        with pytest.raises(Killed):
            down(two_runs, "web:a.jsonl#1", indexes=None, twins=True)  # which is b
    proof = down(two_runs, "web:a.jsonl#1", indexes=None, twins=True)

    assert [tuple(one) for one in proof["documents"]] == [
        ("more", "n"), ("web", "a"), ("web", "b"), ("web", "web:a.jsonl#1"),
    ]  # fmt: skip
    assert held(two_runs) == {name_of("web", "c")}
    assert [row["id"] for row in two_runs.rows("documents")] == ["c"]


def test_twins_that_cannot_be_known_are_said_before_anything_is_changed(two_runs):
    (two_runs.folder / "clusters.parquet").unlink()

    with pytest.raises(RecipeError, match="clusters of the runs small is not known"):
        down(two_runs, "b", indexes=None, twins=True)
    assert not (two_runs.path / "ws" / LIST).exists()


def test_two_at_once_are_refused(two_runs):
    with takedown.alone_at(two_runs.path / "ws"), pytest.raises(RecipeError, match="another takedown"):
        down(two_runs, "a")


def test_all_indexes_are_meant_unless_one_is_named(two_runs):
    down(two_runs, "a", indexes=None)

    assert name_of("web", "a") not in held(two_runs)
    assert traces(two_runs) == []


def write_compressed(desk, rows):
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (desk.path / "in").mkdir(exist_ok=True)
    with gzip.open(desk.path / "in/a.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(lines)


def test_no_copy_of_split_input_is_left_and_it_is_split_again_when_it_is_read(desk):
    desk.recipe(WEB, more="[shards]\ntarget_mb = 0.001\n")
    write_compressed(desk, [{"id": "a", "text": SECRET}, *({"id": str(n), "text": text(n)} for n in range(20))])
    desk.run()
    assert [path for path in traces(desk) if "/split/" in path] != []
    down(desk, "a", indexes=None)

    assert traces(desk) == []
    assert desk.run()[0]["documents"]["in"] == 20
    assert not (desk.folder / "split").exists()  # nothing had to be read
    (desk.folder / "receipts/scan/part-00001.json").unlink()
    summary, executor = desk.run()
    assert "scan part-00001" in executor.done
    assert (summary["documents"]["in"], traces(desk)) == (20, [])


def test_nothing_is_left_in_the_folder_of_a_run_that_was_killed(desk, monkeypatch):
    desk.recipe(WEB)
    desk.write("in/a.jsonl", [{"id": "a", "text": SECRET}, {"id": "b", "text": SECRET}, {"id": "c", "text": OTHER}])
    monkeypatch.setattr(dedup_stages, "fits", lambda *_: False)
    with monkeypatch.context() as patch:
        patch.setattr(dedup_stages, "join_clusters", _be_killed)
        with pytest.raises(Killed):
            desk.run()
    (desk.folder / "documents/part-00007.parquet.partial").write_bytes(SECRET.encode())
    assert (desk.folder / "dedup/texts").exists()
    down(desk, "a", "b", indexes=None)

    assert (traces(desk), (desk.folder / "dedup").exists()) == ([], False)
    assert desk.run()[0]["documents"]["in"] == 1


def _be_killed(*_):
    raise Killed


def test_bytes_of_an_unreadable_record_go_too_and_it_stays_counted(desk):
    desk.recipe(WEB + "\nmax_quarantined_share = 1.0")
    desk.write("in/a.jsonl", [{"id": "b", "text": OTHER}])
    with (desk.path / "in/a.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"id": "a", "text": "' + SECRET.replace("\n", "") + "\n" + '{"id": "x", "text": 1}\n')
    desk.run()
    assert [path for path in traces(desk) if "quarantine" in path] != []
    down(desk, "a", indexes=None)

    assert traces(desk) == []
    assert desk.run()[0]["documents"] == {"in": 3, "kept": 1, "dropped": 0, "quarantined": 2}
    assert [row["raw"] == b"" for row in desk.rows("quarantine")] == [True, False]


def test_done_again_it_is_the_same(two_runs):
    first = down(two_runs, "a")

    assert down(two_runs, "a") == first


@pytest.mark.parametrize(
    "stop", ["_from_index", "remove_documents", "write_json", "purge", "_without", "_shift_replaced", "digest_file"]
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


def test_a_document_may_be_named_by_its_place_and_other_sources_are_not_read(two_runs, monkeypatch):
    read, rows_of = [], removal.rows_of
    monkeypatch.setattr(removal, "rows_of", lambda *about: read.append(about[0].path.name) or rows_of(*about))
    down(two_runs, "web:a.jsonl#0", indexes=())

    assert read == ["small"]
    assert [row["id"] for row in two_runs.rows("documents")] == ["b", "c"]


def test_an_index_that_is_not_there_is_said_before_anything_is_changed(two_runs):
    with pytest.raises(RecipeError, match=r'there is no index "al" in .*; did you mean "all"'):
        down(two_runs, "a", indexes=("al",))

    assert not (two_runs.path / "ws" / LIST).exists()
