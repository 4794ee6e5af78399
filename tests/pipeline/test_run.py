"""Whole runs on small inputs: what is done again and what is not, who survives, what the folder holds."""

import json
import stat

import pyarrow.parquet as pq
import pytest

from pipeline.errors import RecipeError
from pipeline.executor import Outcome
from pipeline.explain import explain
from pipeline.policy_file import load_policy
from pipeline.pool import InProcess
from pipeline.replay import replay
from pipeline.report import write_report
from pipeline.run import clean, nothing_left
from pipeline.runs import open_run
from tests.pipeline.conftest import OTHER, Quiet, Recording
from tests.pipeline.conftest import text as document

RECIPE = """
[recipe]
name = "small"
[[sources]]
name = "web"
path = "in"
max_quarantined_share = 0.5
[[rules]]
reason = "too_short"
attribute = "length.text_chars"
at_least = 30
"""


def write(folder, name, rows):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


@pytest.fixture
def place(tmp_path):
    (tmp_path / "recipe.toml").write_text(RECIPE, "utf-8")
    write(tmp_path / "in", "a.jsonl", [{"id": "a0", "text": document(0)}, {"id": "a1", "text": document(1)}])
    write(tmp_path / "in", "b.jsonl", [{"id": "b0", "text": document(2)}])
    return tmp_path


def run(place, executor=None):
    executor = executor or Recording()
    summary = clean(place / "recipe.toml", place / "ws", executor, memory=10**9, progress=Quiet())
    return summary, executor


def edit(place, old, new):
    path = place / "recipe.toml"
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")


def rows(place, table):
    parts = sorted((place / "ws/runs/small" / table).glob("*.parquet"))
    return [row for part in parts for row in pq.read_table(part).to_pylist()]


def verdicts(place):
    return {row["id"]: row for row in rows(place, "verdicts")}


def everything(place):
    folder = place / "ws/runs/small"
    tables = [*folder.glob("*/part-*.parquet"), folder / "clusters.parquet", folder / "pairs.parquet"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in tables}


def test_the_second_run_has_nothing_to_do(place):
    first, _ = run(place)
    bytes_before = everything(place)

    second, executor = run(place)

    assert executor.done == []
    assert second["documents"] == first["documents"] == {"in": 3, "kept": 3, "dropped": 0, "quarantined": 0}
    assert everything(place) == bytes_before


def test_a_new_file_scans_only_itself(place):
    run(place)
    write(place / "in", "aa.jsonl", [{"id": "new", "text": OTHER}])

    summary, executor = run(place)

    assert [name for name in executor.done if name.startswith("scan")] == ["scan part-00001"]
    assert [name for name in executor.done if name.startswith("write")] == ["write part-00001"]
    assert summary["documents"]["in"] == 4


def test_a_moved_bound_repeats_judge_and_write_only(place):
    run(place)
    edit(place, "at_least = 30", "at_least = 100000")

    summary, executor = run(place)

    assert {name.split()[0] for name in executor.done} == {"elect", "judge", "write"}
    assert summary["reasons"] == {"too_short": 3}


def test_a_changed_file_is_scanned_again_and_what_it_held_before_is_gone(place):
    run(place)
    write(place / "in", "b.jsonl", [{"id": "b9", "text": document(7)}])

    summary, _ = run(place)

    assert sorted(verdicts(place)) == ["a0", "a1", "b9"]
    assert summary["documents"]["in"] == 3


def test_a_removed_file_takes_its_documents_with_it(place):
    edit(place, 'name = "small"', 'name = "small"\n')
    (place / "recipe.toml").write_text(RECIPE + "[shards]\ntarget_mb = 0.0001\n", "utf-8")
    run(place)
    (place / "in/a.jsonl").unlink()

    run(place)

    assert sorted(verdicts(place)) == ["b0"]


def test_another_processs_run_is_left_alone(place):
    class Intruding(InProcess):
        def run(self, stage, items):
            with pytest.raises(RecipeError, match="another process is at this run"):
                run(place)
            return super().run(stage, items)

    summary, _ = run(place, Intruding())

    assert summary["documents"]["kept"] == 3


def test_a_good_twin_is_not_lost_because_the_better_ranked_one_fails_another_rule(place):
    # The same folded text twice: the one spread over many lines is longer, so it ranks first, and is not prose.
    text = document(3)
    spread = " \n".join(text)
    write(place / "in", "c.jsonl", [{"id": "c0", "text": spread}, {"id": "c1", "text": text}])
    with (place / "recipe.toml").open("a") as recipe:
        recipe.write('[[rules]]\nreason = "scattered"\nattribute = "length.mean_line_chars"\nat_least = 5\n')

    run(place)

    found = verdicts(place)
    assert found["c0"]["verdict.reason"] == "repetitive"
    assert found["c0"]["verdict.failed"][-2:] == ["duplicate", "scattered"]
    assert (found["c1"]["verdict.keep"], found["c1"]["dedup.kind"]) == (True, "survivor")


def test_a_dropped_duplicate_names_the_kept_one_and_how_alike_they_are(place):
    text = document(3)
    near = text.replace("雾气", "露水")
    write(place / "in", "c.jsonl", [{"id": "c0", "text": text}, {"id": "c1", "text": near + "多一句。"}])
    write(place / "in", "d.jsonl", [{"id": "d0", "text": text}])

    run(place)

    found = verdicts(place)
    near_one, copy = found["c0"], found["d0"]
    assert [found[name]["verdict.keep"] for name in ("c1", "c0", "d0")] == [True, False, False]
    assert near_one["verdict.reason"] == "near_duplicate"
    assert (near_one["dedup.of"], near_one["dedup.cluster"]) == ("c1", "c0")
    assert copy["dedup.jaccard"] == near_one["dedup.jaccard"]
    assert 0.7 <= near_one["dedup.jaccard"] < 1


def test_of_two_documents_with_one_id_the_later_is_named_by_its_place(place):
    write(place / "in", "b.jsonl", [{"id": "a0", "text": document(2)}, {"id": "own", "text": document(4)}])

    summary, _ = run(place)
    again, executor = run(place)

    assert (summary["ids_replaced"], again["ids_replaced"], executor.done) == (1, 1, [])
    assert sorted(verdicts(place)) == ["a0", "a1", "own", "web:b.jsonl#0"]
    documents = rows(place, "documents")
    assert [dict(row["meta"]) for row in documents if row["id"] == "web:b.jsonl#0"] == [{"_input_id": "a0"}]
    for table in ("attributes", "signatures", "corpus"):
        assert [row["id"] for row in rows(place, table)] == [row["id"] for row in documents]


def test_an_id_that_is_free_again_is_given_back(place):
    write(place / "in", "b.jsonl", [{"id": "a0", "text": document(2)}])
    run(place)
    write(place / "in", "a.jsonl", [{"id": "a7", "text": document(0)}])

    run(place)

    assert sorted(verdicts(place)) == ["a0", "a7"]


def test_a_shard_that_fails_does_not_stop_the_others(place):
    (place / "recipe.toml").write_text(RECIPE + "[shards]\ntarget_mb = 0.0001\n", "utf-8")

    class Failing(InProcess):
        def run(self, stage, items):
            for item in items:
                if item.name == "scan part-00000":
                    yield Outcome(item, None, "ShardError: disk on fire")
                else:
                    yield from super().run(stage, [item])

    summary, _ = run(place, Failing())

    assert summary["shards_failed"] == {"part-00000": "scan: ShardError: disk on fire"}
    assert summary["documents"] == {"in": 2, "kept": 2, "dropped": 0, "quarantined": 0}
    assert sorted(verdicts(place)) == ["a1", "b0"]
    mended, _ = run(place)
    assert mended["documents"]["in"] == 3


def test_unreadable_records_are_quarantined_and_counted(place):
    (place / "in/b.jsonl").write_bytes(b'{"id": "b0", "te\n' + json.dumps({"text": document(2)}).encode() + b"\n")

    summary, _ = run(place)

    assert summary["documents"] == {"in": 4, "kept": 3, "dropped": 0, "quarantined": 1}
    assert summary["over_quarantined"] == {}
    assert explain(open_run("small", place / "ws"), "web:b.jsonl#0")["verdict"] == "quarantined"


def test_too_much_quarantined_is_said_by_source(place):
    edit(place, "max_quarantined_share = 0.5", "max_quarantined_share = 0.1")
    (place / "in/b.jsonl").write_bytes(b"not json\n")

    summary, _ = run(place)

    assert summary["over_quarantined"] == {"web": pytest.approx(1 / 3)}


def test_explain_shows_every_rule_and_the_twin(place):
    write(place / "in", "c.jsonl", [{"id": "c0", "text": document(1), "url": "https://example.com/c0"}])
    run(place)

    found = explain(open_run("small", place / "ws"), "c0")

    assert (found["verdict"], found["failed"], found["in_corpus"]) == ("dropped", ["duplicate"], False)
    twin = found["cluster"].pop("twin")
    assert (twin["id"], twin["source"], twin["is"], twin["jaccard"]) == ("a1", "web", "kept", 1.0)
    assert twin["pair"]["kept"]["excerpt"] == twin["pair"]["other"]["excerpt"] == [(document(1)[:80], False)]
    assert found["cluster"] == {
        "cluster": "a1", "size": 2, "of": "a1", "of_run": None, "jaccard": 1.0, "members": ["a1", "c0"],
    }  # fmt: skip
    assert found["origin"]["url"] == "https://example.com/c0"
    assert [rule["reason"] for rule in found["rules"] if rule["broken"]] == ["duplicate"]
    assert {rule["value"] for rule in found["rules"] if rule["reason"] == "not_chinese"} == {"zh"}


def test_explaining_what_is_not_there_says_so(place):
    run(place)

    with pytest.raises(RecipeError, match='no document "nobody"'):
        explain(open_run("small", place / "ws"), "nobody")


def test_replay_says_what_another_policy_would_keep_and_changes_nothing(place):
    run(place)
    before = everything(place)
    (place / "strict.toml").write_text('[[rules]]\nreason = "short"\nattribute = "length.chars"\nat_least = 100000\n')

    result = replay(open_run("small", place / "ws"), load_policy("strict.toml", place))

    assert result["documents"] == {"kept": 0, "dropped": 3}
    assert result["changed"] == {"kept -> short": {"documents": 3, "examples": ["a0", "a1", "b0"]}}
    assert everything(place) == before


def test_replaying_the_runs_own_policy_changes_no_verdict(place):
    write(place / "in", "c.jsonl", [{"id": "c0", "text": document(1)}, {"id": "c1", "text": "短。"}])
    run(place)
    opened = open_run("small", place / "ws")

    assert replay(opened, opened.policy)["changed"] == {}


def test_unmasked_text_is_closed_to_other_users(place):
    run(place)

    folder = place / "ws/runs/small"
    assert [stat.S_IMODE((folder / name).stat().st_mode) for name in ("documents", "quarantine")] == [0o700, 0o700]


def test_small_files_of_a_source_share_a_shard_and_targets_cut_them_apart(place):
    run(place)
    assert len(list((place / "ws/runs/small/documents").glob("*"))) == 1

    (place / "recipe.toml").write_text(RECIPE + "[shards]\ntarget_mb = 0.0001\n", "utf-8")
    summary, _ = run(place)

    assert summary["documents"]["in"] == 3
    assert sorted(verdicts(place)) == ["a0", "a1", "b0"]


def test_a_source_without_files_is_said_before_anything_is_read(place):
    edit(place, 'path = "in"', 'path = "nowhere"')

    with pytest.raises(RecipeError, match="no files at nowhere"):
        run(place)


def test_a_run_with_nothing_left_says_so_without_an_engine_and_one_with_work_does_none(place):
    def left():
        return nothing_left(place / "recipe.toml", place / "ws", memory=10**9, progress=Quiet())

    assert left() is None
    first, _ = run(place)
    assert left()["documents"] == first["documents"]
    write(place / "in", "aa.jsonl", [{"id": "new", "text": OTHER}])
    before = everything(place)
    assert left() is None
    assert everything(place) == before


def test_own_words_count_as_words_and_a_changed_dictionary_measures_again(place):
    (place / "own.txt").write_text("桂花收进玻璃瓶\n", "utf-8")
    edit(place, "[[rules]]", '[segment]\ndictionaries = ["own.txt"]\n[[rules]]')
    run(place)
    with_one = sum(row["words.count"] for row in rows(place, "attributes"))
    (place / "own.txt").write_text("云图库\n", "utf-8")

    _, executor = run(place)
    without = sum(row["words.count"] for row in rows(place, "attributes"))
    (place / "own.txt").unlink()
    page = write_report(open_run("small", place / "ws"))  # works from what the run holds

    assert [name for name in executor.done if "scan" in str(name)] == executor.done[:1]
    assert without > with_one
    assert page == place / "ws/runs/small/report.html"
