"""What makes work worthless is said while it can still be mended."""

import json

from flows.cli import main
from pipeline.database import session
from pipeline.registry import Answer, update
from tests.annotation.board import Board

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


def test_skipping_is_no_refusal_and_a_half_is_not_most(tmp_path, capsys):
    refused(tmp_path / "a", lambda *_: "refused", reason="skipped")
    refused(tmp_path / "b", lambda document, *_: "fine" if document < "d3" else "refused")
    assert status(tmp_path / "a", capsys).err + status(tmp_path / "b", capsys).err == ""
