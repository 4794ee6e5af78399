"""What sources have put in: exact, shared among those who brought the same text, and never money."""

import json
import random

import pytest

from annotation.incentive.contributions import (
    MILLION,
    credit,
    release_entries,
    release_shares,
    run_contributions,
    run_entries,
)
from annotation.incentive.ledger import post, verify
from flows import cli
from flows.runtime import run_direct
from pipeline.database import open_registry, session
from pipeline.errors import RecipeError
from pipeline.registry import Account, Ledger, select
from pipeline.store import read_table

SENTENCE = "清晨的河面上浮着一层薄雾，船夫把竹篙插进水里，{}。"


def test_a_text_that_two_brought_is_credited_to_both_whoevers_copy_was_kept():
    found = credit({"d": ("b", 101), "e": ("a", 10)}, [("d", "a"), ("d", "a"), ("d", "b"), ("gone", "a")], ["c"])
    assert {name: (one.documents, one.characters, one.unique_characters) for name, one in found.items()} == {
        "a": (1, 10, 10 + 51), "b": (1, 101, 50), "c": (0, 0, 0)
    }  # fmt: skip


def test_whoever_copies_his_own_documents_gains_nothing():
    kept = {"d": ("a", 90)}
    assert credit(kept, [("d", "b")]) == credit(kept, [("d", "b")] * 50 + [("d", "a")] * 50)


def test_credit_always_sums_to_what_was_kept():
    rng = random.Random(5)
    for _ in range(2000):
        names = [f"s{k}" for k in range(rng.randrange(1, 6))]
        kept = {f"d{k}": (rng.choice(names), rng.randrange(0, 500)) for k in range(rng.randrange(0, 8))}
        copies = [(f"d{rng.randrange(9)}", rng.choice(names)) for _ in range(rng.randrange(0, 20))]
        found = credit(kept, copies, names).values()
        assert sum(one.unique_characters for one in found) == sum(chars for _, chars in kept.values())
        assert sum(one.documents for one in found) == len(kept)


def test_shares_of_a_release_sum_to_a_million():
    manifest = {"root": "r", "sources": {name: {"characters": 1} for name in "abcdefg"}}
    assert sum(release_shares(manifest).values()) == MILLION
    assert {entry.unit for entry in release_entries("1", "2026-11", manifest)} == {"release_ppm"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    path = tmp_path_factory.mktemp("contributions")
    rows = {"a": range(6), "b": range(3, 9)}
    for name, numbers in rows.items():
        lines = (
            json.dumps({"id": f"{name}{k}", "text": SENTENCE.format("一二三四五六七八九"[k]) * 3}) for k in numbers
        )
        (path / f"{name}.jsonl").write_text("\n".join(lines), "utf-8")
    (path / "keep.toml").write_text(
        '[[rules]]\nreason = "too_short"\nattribute = "length.text_chars"\nat_least = 5\n'
        '[[rules]]\nreason = "duplicate"\nattribute = "dedup.rank"\nat_most = 0\n', "utf-8"
    )  # fmt: skip
    (path / "recipe.toml").write_text(
        '[recipe]\nname = "river"\npolicy = "keep.toml"\nfilters = ["length"]\npersonal_data = "off"\npacks = []\n'
        '[[sources]]\nname = "a"\npath = "a.jsonl"\n[[sources]]\nname = "b"\npath = "b.jsonl"\n[dedup]\nnear = false\n',
        "utf-8",
    )
    run_direct(path / "recipe.toml", path / "work", workers=1, memory=10**9, quiet=True)
    return path / "work"


def test_a_run_is_measured_from_its_own_tables(workspace):
    found = run_contributions(workspace, "river")
    text = read_table(workspace / "runs" / "river" / "corpus" / "part-00000.parquet", ["text"])["text"][0].as_py()
    assert sum(one.documents for one in found.values()) == 9
    assert [one.unique_characters for one in found.values()] == pytest.approx([4.5 * len(text)] * 2, abs=3)
    assert sum(one.unique_characters for one in found.values()) == 9 * len(text)


def test_measured_inputs_stand_in_the_ledger_once_and_in_no_account(workspace, tmp_path):
    entries = run_entries("river", "2026-11", run_contributions(workspace, "river"))
    engine = open_registry(tmp_path)
    for rows in (6, 0):
        with session(engine) as opened:
            assert len(post(opened, entries, "test")) == rows
    with session(engine) as opened:
        assert verify(opened)["fen"] == {}
        assert opened.scalars(select(Account)).all() == []
        assert {row.unit for row in opened.scalars(select(Ledger))} == {"documents", "characters", "unique_characters"}


def test_the_command_shows_sources_enters_them_on_request_and_refuses_to_pay_for_them(workspace, capsys):
    assert cli.main(["score", "--sources", "river", "--workspace", str(workspace), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["entered"], sum(one["documents"] for one in said["sources"].values())) == (0, 9)
    assert cli.main(["score", "--sources", "river", "--workspace", str(workspace), "--settle"]) == 0
    assert "6 rows entered" in capsys.readouterr().out
    assert cli.main(["score", "--verify", "--workspace", str(workspace)]) == 0
    assert "whole: 6 rows" in capsys.readouterr().out
    assert cli.main(["score", "--sources", "river", "--workspace", str(workspace), "--advance"]) == 2
    assert "nothing is paid for them" in capsys.readouterr().err
    with pytest.raises(RecipeError, match="no finished run"):
        run_contributions(workspace, "rivers")
