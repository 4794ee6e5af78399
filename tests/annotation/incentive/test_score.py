"""`qingyuan score` as a person says it, on a round whose answers are scored for real."""

import json

import pytest

from annotation.incentive.answers import answers_table, load_given
from annotation.incentive.references import load_references
from annotation.incentive.tables import ANSWERS, SCORES
from annotation.questions import question_of
from flows import cli
from pipeline.database import now, open_registry, session
from pipeline.registry import Round, select
from pipeline.store import read_table
from tests.annotation.incentive.till import LAZY, READERS, rules, worked_till


@pytest.fixture(scope="module")
def worked(tmp_path_factory):
    return worked_till(tmp_path_factory.mktemp("worked"))


def say(capsys, till, *words):
    code = cli.main(["score", "--workspace", str(till.path), "--direct", *map(str, words)])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    return printed.out


def test_the_table_of_answers_has_golds_prelabels_lengths_and_one_row_an_answer(worked):
    with session(worked.engine) as opened:
        given = load_given(opened, now())
        rounds = opened.scalars(select(Round)).all()
    references = load_references(worked.path, rounds)
    table = answers_table(given, references, question_of, now())
    assert table.schema.equals(ANSWERS)
    rows = table.to_pylist()
    assert len({(row["item"], row["contributor"]) for row in rows}) == len(rows) == len(given)
    assert {row["gold"] for row in rows if row["planted"]} == {"1", "4"}
    assert {row["gold"] for row in rows if not row["planted"]} == {None}
    assert {(row["chars"], row["stratum"] in "012345") for row in rows} == {(31, True)}


def test_who_reads_is_paid_and_who_always_says_the_same_gets_the_floor(worked, capsys):
    said = json.loads(say(capsys, worked, "--json"))
    people = {one["contributor"]: one for one in said["people"]}
    assert set(people) == {*READERS, LAZY}
    assert people["lazy"]["variable_fen"] == 0
    assert people["lazy"]["entitled_fen"] == people["lazy"]["floor_fen"]
    assert all(people[name]["variable_fen"] > 3 * people["lazy"]["entitled_fen"] for name in READERS)
    assert read_table(worked.path / "scores" / said["period"] / "scores.parquet").schema.equals(SCORES)


def test_advance_settlement_export_and_verification_from_the_command_line(worked, capsys, tmp_path):
    assert "advance:" in say(capsys, worked, "--advance")
    shown = say(capsys, worked, "--settle", "--export", tmp_path / "pay.csv")
    assert "dividend waits until the period is over" in shown
    due = sum(one["due_fen"] for one in json.loads(say(capsys, worked, "--settle", "--json"))["people"])
    assert due == 0
    text = (tmp_path / "pay.csv").read_text("utf-8")
    paid = sum(int(line.split(",")[7]) for line in text.splitlines()[1:])
    assert paid == sum(one["entitled_fen"] for one in json.loads(say(capsys, worked, "--json"))["people"])
    assert "the ledger is whole" in say(capsys, worked, "--verify")
    other = rules(policy={"name": "o", "version": "1"}, rates={"default": 20_000})
    told = json.loads(say(capsys, worked, "--what-if", worked.write(other, "other.toml"), "--json"))
    assert told["then_fen"] > told["now_fen"] == paid


def test_a_decision_about_copying_is_entered(worked, capsys):
    assert "cleared" in say(capsys, worked, "--clear", "h1")
    assert cli.main(["score", "--workspace", str(worked.path), "--confirm", "nobody"]) == 2
    assert "nobody called" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--period", "2026-13"], ["--period", "last"], ["--policy", "none.toml"]])
def test_what_makes_no_sense_is_refused(words, tmp_path, capsys):
    assert cli.main(["score", "--workspace", str(tmp_path), *words]) == 2
    assert "no period" in capsys.readouterr().err or words[0] == "--policy"
    open_registry(tmp_path).dispose()
