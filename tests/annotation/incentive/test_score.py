"""`qingyuan score` as a person says it, on a round whose answers are scored for real."""

import json
import random
from datetime import timedelta

import pyarrow as pa
import pytest

from annotation.incentive.answers import answers_table, load_given
from annotation.incentive.references import load_references
from annotation.incentive.tables import ANSWERS, SCORES
from annotation.opening import ITEMS, round_folder
from annotation.questions import question_of
from annotation.stages import advance
from flows import cli
from pipeline.database import now, open_registry, session
from pipeline.registry import Answer, Item, Qualification, Round, select, update
from pipeline.store import read_table, write_table
from tests.annotation.incentive.till import Till, rules

PEOPLE = ("h1", "h2", "h3", "h4", "lazy")


@pytest.fixture(scope="module")
def worked(tmp_path_factory):
    """Four read, one always says 4; every second item is bad, forty golds lie among the others."""
    till = Till(tmp_path_factory.mktemp("worked"), items=60, golds=40,
                settings={"round": {"kind": "quality", "overlap": 3}, "gold": {"rate": 0.4}})  # fmt: skip
    till.board.people(*PEOPLE)
    truth = {f"{name}{k}": "4" if k % 2 else "1" for name, number in (("d", 60), ("g", 40)) for k in range(number)}
    with session(till.engine) as opened:
        till.board.round(opened).kind = "quality"
        opened.execute(update(Qualification).values(kind="quality"))
        for item in opened.scalars(select(Item).where(Item.is_gold)):
            item.gold = {"score": truth[item.document]}
    text = "清晨的河面上浮着一层薄雾，船夫把竹篙插进水里，慢慢地把船撑开。"
    rows = [{**dict.fromkeys(ITEMS.names), "document": name, "text": text, "failed": [], "stratum": ""}
            for name in truth]  # fmt: skip
    write_table(round_folder(till.path, "r") / "items.parquet", pa.Table.from_pylist(rows, ITEMS))
    with session(till.engine) as opened:
        advance(opened, till.board.round(opened), question_of("quality"), now())
    till.reserve(now())
    rng = random.Random(2)

    def say(document, person, _):
        right = truth[document]
        return "4" if person == "lazy" else right if rng.random() < 0.9 else "14".replace(right, "")

    till.answer(say, at=now() - timedelta(days=2), seconds=20.0)
    with session(till.engine) as opened:
        for answer in opened.scalars(select(Answer)):
            answer.label = {"score": answer.label["said"]}
    return till


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
    assert set(people) == set(PEOPLE)
    assert people["lazy"]["variable_fen"] == 0
    assert people["lazy"]["entitled_fen"] == people["lazy"]["floor_fen"]
    assert all(people[name]["variable_fen"] > 3 * people["lazy"]["entitled_fen"] for name in PEOPLE[:4])
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
