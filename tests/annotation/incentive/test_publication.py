"""What a period leaves to be read: statements made of real ledger rows, metrics, the operator's page, flags."""

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from annotation.appeals import appeal
from annotation.incentive import scoring
from annotation.incentive.charts import yuan
from annotation.incentive.flagged import last_flags
from annotation.incentive.operator_page import ALARM_WORDS, FLAG_WORDS
from annotation.incentive.scores import decide_copying
from annotation.incentive.statement import statement_sentences
from annotation.status import round_status
from flows.contributors import contributor_lines
from pipeline.database import session
from pipeline.errors import LedgerError, RecipeError
from pipeline.registry import Assignment
from tests.annotation.incentive.test_statement import numbers, said_numbers
from tests.annotation.incentive.till import AFTER, PERIOD, START, Hand, Till, rules

SUSPECT = {"j_bp": 7000, "cap": "copies", "copy_cluster": 1, "copy_size": 2,
           "gold_classes": [{"name": "fine", "seen": 9, "right": 8}]}  # fmt: skip
LOW = {"j_bp": 3000, "cap": "unanchored", "state": "unanchored", "j_peer_bp": None}


@pytest.fixture(scope="module")
def till(tmp_path_factory):
    """An advance, a settlement with two who are suspected, one of them cleared, an appeal, and a dividend."""
    form = rules(dividend={"pool_fen": 5000})
    till = Till(tmp_path_factory.mktemp("till"), form, items=12, golds=4, settings={"gold": {"file": "g", "rate": 0.3}})
    till.board.people("p1", "p2", "p3", "p4")
    till.board.advance()
    till.reserve()
    till.answer(lambda _, person, __: "poor" if person == "p4" else "fine")
    till.score("advance", Hand(p1={"j_low_bp": 6000}, p4=LOW), at=START.replace(day=20))
    people = {"p1": {}, "p2": SUSPECT, "p3": SUSPECT, "p4": LOW}
    till.score("settle", Hand(**people))
    with session(till.engine) as opened:
        decide_copying(opened, PERIOD, "p2", confirmed=False)
        decide_copying(opened, PERIOD, "p3", confirmed=True)
    till.said = till.score("settle", Hand(**people))
    yield till
    till.engine.dispose()


def pages(till):
    folder = till.path / "scores" / PERIOD / "statements"
    return {page.stem: page.read_text("utf-8") for page in sorted(folder.glob("*.html"))}


def test_every_payment_can_be_explained_by_numbers_of_its_own_row(till):
    rows = till.ledger("advance", "settlement", "correction")
    assert {row.kind for row in rows} == {"advance", "settlement", "correction"}
    assert {row.why["copying"] for row in rows} == {"", "suspected", "cleared", "confirmed"}
    for row in rows:
        assert set(said_numbers(statement_sentences(row.why))) - numbers(row.why) == set()
        assert f"本次发 {yuan(row.amount)} 元" in "".join(statement_sentences(row.why))


def test_a_statement_adds_up_and_holds_nobody_else(till):
    paid, made = till.paid(), pages(till)
    assert sorted(made) == sorted(paid) == ["p1", "p2", "p3", "p4"]
    for person, page in made.items():
        assert f"<b>{yuan(paid[person])}</b><span>本期已发合计（元）" in page
        shares = [int(fen.replace(",", "").replace(".", "")) for fen in re.findall(r"<b>([\d,.]+) 元</b></h3>", page)]
        assert sum(shares) == paid[person]
        assert [other for other in made if other != person and re.search(rf"\b{other}\b", page)] == []
        assert re.findall(r"\b[dg]\d+\b", page) == []  # no document, no gold
    assert "人工复核认定不是独立作答" in made["p3"]
    assert "复核前不发" in made["p2"]
    assert "雷同的复核结论" in made["p2"]  # and then the correction
    assert "分红" in made["p1"]


def test_metrics_and_flags_reach_the_table_the_page_the_terminal_and_the_status(till):
    folder = till.path / "scores" / PERIOD
    rows = {row["contributor"]: row for row in pq.read_table(folder / "contributors.parquet").to_pylist()}
    given = [held for one in till.board.standing() for held in one.held if held.answer is not None]
    assert sum(row["answers"] for row in rows.values()) == len(given) > 24
    assert {name: row["flags"] for name, row in rows.items() if row["flags"]} == {
        "p2": ["copies"], "p3": ["copies"], "p4": ["unanchored"]
    }  # fmt: skip
    assert rows["p4"]["gold_classes"] == [{"name": "fine", "seen": rows["p4"]["gold_classes"][0]["seen"], "right": 0}]
    assert last_flags(till.path)["p2"] == ["copies"]
    page = (folder / "operator.html").read_text("utf-8")
    assert "答案雷同：2 人" in page
    assert "含义 meaning" in page
    for heard in (*re.findall(r"<mark>(.*?)</mark>", page), *(words[1] for words in FLAG_WORDS.values())):
        assert re.search(r"[一-鿿]{4}", heard), heard
    assert re.findall(r"https?://", page) == []
    assert re.findall(r"(?:src|href)=", page) == []
    lines = "\n".join(contributor_lines(till.said["contributors"]))
    assert "LOOK AT p3 (toy): copies" in lines
    with session(till.engine) as opened:
        status = round_status(opened, till.board.round(opened), AFTER, last_flags(till.path))
    assert status["look_at"] == {"p2": ["copies"], "p3": ["copies"], "p4": ["unanchored"]}
    assert json.loads(json.dumps(till.said, default=str))["statements"] == 4


def test_every_alarm_that_has_chinese_words_is_one_that_the_scorer_says():
    said = Path(scoring.__file__).read_text("utf-8").partition("def _alarms")[2]
    assert [mark for mark in ALARM_WORDS if mark not in said] == []
    assert said.count("\n        (") == len(ALARM_WORDS)


def test_a_row_that_does_not_add_up_stops_all_statements_and_leaves_the_old_ones(till, monkeypatch):
    before = pages(till)
    monkeypatch.setattr("annotation.incentive.statement.FULL", 5_000)
    with pytest.raises(LedgerError, match="variable_fen"):
        till.score(scorer=Hand())
    assert pages(till) == before


def test_an_appeal_is_entered_by_the_number_that_the_person_sees(till):
    held = next(one for one in till.board.standing() if not one.is_planted).held[0].assignment
    with session(till.engine) as opened:
        opened.get(Assignment, held.id).task = 4711
        opened.flush()
        round_ = till.board.round(opened)
        assert appeal(opened, round_, held.contributor, "#4711", "理由").item == held.item
        with pytest.raises(RecipeError, match="there is no task #4712"):
            appeal(opened, round_, held.contributor, "#4712", "理由")
        with pytest.raises(RecipeError, match="was not asked about"):
            appeal(opened, round_, held.contributor, "nowhere", "理由")
