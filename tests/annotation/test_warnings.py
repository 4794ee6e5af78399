"""What makes work worthless is said while it can still be mended."""

import json

import pytest

from annotation.gold_warnings import gold_warnings
from annotation.incentive.policy import Calendar
from flows.cli import main
from pipeline.database import now, session
from pipeline.registry import Answer, Item, select, update
from tests.annotation.board import TOY, Board

FAST = "too fast: below 2 s"


def refused(path, say, reason=FAST):
    board = Board(path, items=6)
    board.people("p1", "p2")
    board.advance()
    board.answer("annotator", say)
    with session(board.engine) as opened:
        opened.execute(update(Answer).where(Answer.valid.is_(False)).values(refusal=reason))
    board.engine.dispose()


def status(path, capsys, *more):
    assert main(["annotate", "status", "--workspace", str(path), *more]) == 0
    return capsys.readouterr()


def test_a_round_whose_answers_are_mostly_refused_says_so_with_the_key(tmp_path, capsys):
    refused(tmp_path, lambda document, *_: "fine" if document == "d0" else "refused")
    said = status(tmp_path, capsys).err.splitlines()
    assert [line[:79] for line in said] == [
        f'WARNING: 10 of 12 answers of round "r" are REFUSED and do not count, most as: {FAST}'[:79]
    ]
    assert "[people] floor_seconds" in said[0]
    as_json = status(tmp_path, capsys, "--json")
    assert [f"WARNING: {one}" for one in json.loads(as_json.out)[0]["warnings"]] == as_json.err.splitlines() == said


def test_one_person_whose_answers_are_mostly_refused_is_named(tmp_path, capsys):
    refused(tmp_path, lambda _, person, __: "refused" if person == "p2" else "fine")
    (said,) = status(tmp_path, capsys).err.splitlines()
    assert said.startswith('WARNING: 6 of 6 answers of p2 in round "r" are REFUSED')


def gold_said(path, golds, classes):
    board = Board(path, items=6, golds=golds, settings={"gold": {"least": 25}})
    board.people("p1", "p2")
    with session(board.engine) as opened:
        for number, item in enumerate(opened.scalars(select(Item).where(Item.is_gold))):
            item.gold = {"said": classes[number % len(classes)]}
    board.advance()
    with session(board.engine) as opened:
        return gold_warnings(opened, board.round(opened), TOY)


@pytest.mark.parametrize(
    ("golds", "classes", "expected"),
    [
        (0, ["fine"], 'the golds of round "r" do not exist'),
        (30, ["fine"], 'the golds of round "r" are of one class (fine)'),
        (
            19,
            ["fine", "poor"],
            'fewer than 20 golds in round "r" and the others of its kind: the pay of p1 (19), p2 (19)',
        ),
        (20, ["fine", "poor"], None),
    ],
)
def test_golds_too_few_to_measure_anybody_are_said(tmp_path, golds, classes, expected):
    said = gold_said(tmp_path, golds, classes)
    assert [one[: len(expected)] for one in said] == [expected] if expected else said == []


def test_skipping_is_no_refusal_and_a_half_is_not_most(tmp_path, capsys):
    refused(tmp_path / "a", lambda *_: "refused", reason="skipped")
    refused(tmp_path / "b", lambda document, *_: "fine" if document < "d3" else "refused")
    assert status(tmp_path / "a", capsys).err + status(tmp_path / "b", capsys).err == ""


def test_a_month_without_work_is_not_settled_and_leaves_nothing(tmp_path, capsys):
    refused(tmp_path, lambda *_: "fine")
    said = ["score", "--workspace", str(tmp_path), "--settle", "--direct", "--period"]
    assert main([*said, "2026-01"]) == 2
    month = Calendar().period_at(now())
    assert f"nothing to pay for in 2026-01: no task of any round belongs to it; there is work in {month}" in (
        capsys.readouterr().err
    )
    assert [path.name for path in (tmp_path / "scores").iterdir()] == [".lock"]
