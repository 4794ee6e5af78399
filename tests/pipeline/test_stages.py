"""What each stage promises, in runs small enough to know the answer."""

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filters.length import Length
from pipeline import batch
from pipeline.dedup import find_duplicates
from pipeline.errors import ShardError
from pipeline.explain import explain
from pipeline.form import Deduplication, Source
from pipeline.ledger import draw_up, over_quarantined
from pipeline.parts import Parts
from pipeline.plan import make_plan
from pipeline.policy_file import load_policy
from pipeline.preference import Preference
from pipeline.recipe import load_recipe
from pipeline.replay import replay
from pipeline.runs import open_run
from pipeline.signing import Signing
from pipeline.store import PartWriter, RunFolder, read_range, read_rows
from tests.pipeline.conftest import SENTENCES, text

WEB = 'name = "web"\npath = "in"'


def test_a_shard_of_many_batches_loses_nothing_and_repeats_nothing(desk, monkeypatch):
    monkeypatch.setattr(batch, "BATCH_RECORDS", 2)
    desk.recipe(WEB + "\nmax_quarantined_share = 1.0")
    rows = [{"id": f"a{n}", "text": f"{SENTENCES[n]}{n}号记录如下。{SENTENCES[n - 3]}"} for n in range(7)]
    desk.write("in/a.jsonl", [*rows[:3], "no object", *rows[3:]])

    summary, _ = desk.run()

    assert summary["documents"] == {"in": 8, "kept": 7, "dropped": 0, "quarantined": 1}
    assert [row["id"] for row in desk.rows("corpus")] == [row["id"] for row in rows]
    assert [row["text"] for row in desk.rows("corpus")] == [row["text"] for row in rows]
    assert summary["kept_chars"] == sum(len(row["text"]) for row in rows)
    assert [row["record"] for row in desk.rows("quarantine")] == [3]


def test_the_source_of_smaller_priority_stays_even_if_its_text_is_shorter(desk):
    desk.recipe('name = "web"\npath = "in"\npriority = 2', 'name = "book"\npath = "book.jsonl"\npriority = 1')
    desk.write("in/a.jsonl", [{"id": "a", "text": text(3).replace("，", " ， ")}])
    desk.write("book.jsonl", [{"id": "z", "text": text(3)}])

    desk.run()

    assert {name: row["dedup.of"] for name, row in desk.verdicts().items()} == {"a": "z", "z": None}


def test_without_near_only_exact_copies_are_duplicates(desk):
    desk.recipe(WEB, more="[dedup]\nnear = false\n")
    near = text(3).replace("，", "，又", 1)
    desk.write("in/a.jsonl", [{"id": "a", "text": text(3)}, {"id": "b", "text": text(3)}, {"id": "c", "text": near}])

    desk.run()

    assert {name: row["dedup.kind"] for name, row in desk.verdicts().items()} == {
        "a": "survivor",
        "b": "exact",
        "c": "unique",
    }


def test_a_rule_that_depends_on_being_a_duplicate_does_not_decide_who_survives(desk):
    rule = '[[rules]]\nreason = "long_copy"\nattribute = "length.chars"\nat_most = 10\n'
    desk.recipe(WEB, more=rule + 'when = { attribute = "dedup.kind", one_of = ["survivor"] }\n')
    desk.write("in/a.jsonl", [{"id": "a", "text": text(3) + " "}, {"id": "b", "text": text(3)}])

    desk.run()

    found = desk.verdicts()
    assert (found["a"]["dedup.kind"], found["a"]["verdict.failed"]) == ("survivor", ["long_copy"])
    assert found["b"]["dedup.of"] == "a"


def test_replay_chooses_survivors_anew(desk):
    desk.recipe(WEB)
    desk.write("in/a.jsonl", [{"id": "a", "text": text(3) + "\n" * 9 + "尾"}, {"id": "b", "text": text(3) + "尾"}])
    desk.run()
    policy = '[[rules]]\nreason = "loose"\nattribute = "length.chars"\nat_most = 120\n'
    policy += '[[rules]]\nreason = "duplicate"\nattribute = "dedup.rank"\nat_most = 0\n'
    (desk.path / "tight.toml").write_text(policy)

    result = replay(open_run("small", desk.path / "ws"), load_policy("tight.toml", desk.path))

    assert {name: row["verdict.keep"] for name, row in desk.verdicts().items()} == {"a": True, "b": False}
    assert sorted(result["changed"]) == ["duplicate -> kept", "kept -> loose"]


def test_the_policy_of_a_run_is_stored_whole(desk):
    more = '[[rules]]\nreason = "r"\nattribute = "language.label"\nnone_of = ["en", "ja"]\nmissing = "pass"\n'
    desk.recipe(WEB, more=more + 'when = { attribute = "language.lect", one_of = ["yue", "lzh"] }\n')
    desk.write("in/a.jsonl", [{"id": "a", "text": text(3)}])
    desk.run()

    assert open_run("small", desk.path / "ws").policy == load_recipe(desk.path / "recipe.toml").policy


def test_explain_marks_every_broken_rule_not_just_the_first(desk):
    desk.recipe(WEB, more='[[rules]]\nreason = "tiny"\nattribute = "length.chars"\nat_least = 99\n')
    desk.write("in/a.jsonl", [{"id": "a", "text": "太短了。"}])
    desk.run()

    found = explain(open_run("small", desk.path / "ws"), "a")

    broken = [rule["reason"] for rule in found["rules"] if rule["broken"]]
    assert (broken[0], broken[-1], broken) == ("too_short", "tiny", found["failed"])


def test_only_what_was_unreadable_counts_as_repaired(desk):
    desk.recipe(WEB)
    (desk.path / "in").mkdir()
    long = text(3).encode() * 20
    (desk.path / "in/a.txt").write_bytes(long[:300] + b"\r\n" + long[300:] + b"\xff\xfe\r\n")

    desk.run()

    (row,) = desk.rows("attributes")
    assert (row["reading.encoding"], row["reading.repaired_chars"], row["reading.edits"]) == ("utf-8", 1, 3)


def test_signatures_made_in_another_way_are_refused(desk):
    desk.recipe(WEB)
    desk.write("in/a.jsonl", [{"id": "a", "text": text(3)}])
    desk.run()
    parts = Parts(RunFolder(desk.folder), (0,))
    prefer = Preference(("length", "id"), (Source(name="web", path="in"),))

    with pytest.raises(ShardError, match='such signatures do not compare: seed is "1", not "2"'):
        find_duplicates(parts, Deduplication(), Signing(seed=2), prefer, "x", 10**8)


def test_tables_that_are_not_of_the_same_documents_are_refused(desk):
    desk.recipe(WEB)
    desk.write("in/a.jsonl", [{"id": "a", "text": text(3)}])
    desk.run()
    path = desk.folder / "attributes/part-00000.parquet"
    table = pq.read_table(path)
    pq.write_table(table.set_column(0, table.schema.field("id"), pa.array(["b"])), path)
    desk.recipe(WEB, more='[[rules]]\nreason = "r"\nattribute = "length.chars"\nat_least = 1\n')

    summary, _ = desk.run()

    assert "its documents and its attributes are not of the same documents" in summary["shards_failed"]["part-00000"]


def test_a_filter_that_breaks_its_promise_sets_the_shard_aside(desk, monkeypatch):
    monkeypatch.setattr(Length, "__call__", lambda self, _: pa.RecordBatch.from_pylist([], schema=self.schema))
    desk.recipe(WEB)
    desk.write("in/a.jsonl", [{"id": "a", "text": text(3)}])

    with pytest.raises(ShardError, match="Length returned 0 rows for 1 texts"):
        desk.run()
    assert list(desk.folder.glob("*/*.partial")) == []


def test_a_place_that_is_another_documents_id_gets_a_suffix(desk):
    desk.recipe(WEB)
    desk.write("in/a.jsonl", [{"id": "web:b.jsonl#0", "text": text(0)}, {"id": "x", "text": text(1)}])
    desk.write("in/b.jsonl", [{"text": text(2)}, {"id": "x", "text": text(4)}])

    desk.run()

    ids = [row["id"] for row in desk.rows("documents")]
    assert ids == ["web:b.jsonl#0", "x", "web:b.jsonl#0~2", "web:b.jsonl#1"]


def test_a_share_at_the_limit_is_still_allowed():
    sources = [Source(name="a", path="x", max_quarantined_share=0.5)]
    scan_receipt = {"part": 0, "source": "a", "in": 2, "documents": 1, "quarantined": 1}
    judge_receipt = {"documents": 1, "kept": 1, "reasons": {}, "reviewed": 0, "review": {}}
    ledger = draw_up(sources, [(scan_receipt, judge_receipt, {"documents": 1})])

    assert over_quarantined(ledger, sources) == {}


def test_a_plan_does_not_read_again_what_has_not_changed(desk, monkeypatch):
    desk.recipe(WEB)
    desk.write("in/a.jsonl", [{"id": "a", "text": text(3)}])
    folder = RunFolder(desk.folder)
    first = make_plan(load_recipe(desk.path / "recipe.toml"), folder)
    monkeypatch.setattr("pipeline.plan.slice_file", lambda **_: pytest.fail("the file was read again"))

    assert make_plan(load_recipe(desk.path / "recipe.toml"), folder) == first


def test_rows_are_read_across_row_groups(tmp_path):
    path = tmp_path / "t.parquet"
    schema = pa.schema([("n", pa.int64())])
    with PartWriter([(path, schema)]) as writer:
        for begin in (0, 4, 8):
            writer.write(pa.record_batch([pa.array(range(begin, begin + 4))], schema=schema))

    assert read_range(path, 3, 9)["n"].to_pylist() == [3, 4, 5, 6, 7, 8]
    assert read_range(path, 4, 8)["n"].to_pylist() == [4, 5, 6, 7]
    assert read_range(path, 5, 5)["n"].to_pylist() == []
    assert read_rows(path, [0, 3, 4, 11], ["n"])["n"].to_pylist() == [0, 3, 4, 11]


def test_parts_appear_together_or_not_at_all(tmp_path):
    schema = pa.schema([("n", pa.int64())])
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]

    with pytest.raises(ValueError, match="argument 2"), PartWriter([(path, schema) for path in paths]) as writer:
        writer.write(pa.record_batch([pa.array([1])], schema=schema))

    assert list(tmp_path.iterdir()) == []


def test_a_signature_can_be_loaded_into_datasketch(desk):
    datasketch = pytest.importorskip("datasketch")
    desk.recipe(WEB)
    desk.write("in/a.jsonl", [{"id": "a", "text": text(3)}, {"id": "b", "text": text(3).replace("，", "，又", 1)}])
    desk.run()

    one, other = (
        datasketch.MinHash(hashvalues=np.frombuffer(row["signature"], np.uint32), scheme="affine32", seed=1)
        for row in desk.rows("signatures")
    )

    (exact,) = {row["dedup.jaccard"] for row in desk.verdicts().values()} - {None}
    assert one.jaccard(other) == pytest.approx(exact, abs=0.15)


def test_a_recipe_is_a_value(desk):
    desk.recipe(WEB)
    recipe = load_recipe(desk.path / "recipe.toml")

    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.name = "other"
