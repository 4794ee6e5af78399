"""Professions: who is seated in a locked round, and what becomes of it when a credential ends."""

from datetime import timedelta

import pytest

from annotation.credentials import Credentials, revoke_credential, verify_credential
from annotation.people import list_people
from annotation.round_file import RoundFile, check_round
from pipeline.database import check_audit, now, session
from pipeline.errors import RecipeError
from pipeline.registry import Answer, Assignment, Audit, Credential, Item, select
from tests.annotation.board import Board

LOCKED = {"round": {"domain_locked": "medicine"}}


@pytest.fixture
def board(tmp_path):
    made = Board(tmp_path, items=6, settings=LOCKED)
    made.people("p1", "p2", "p3", "p4")
    made.people("p3", "p4", role="adjudicator")
    return made


def verify(board, *names, days=5, domain="medicine"):
    with session(board.engine) as opened:
        for name in names:
            verify_credential(opened, name, domain=domain, verifier="office", valid_days=days, evidence="file")


def people(board):
    return {row.contributor for row, _ in board.waiting()}


def test_only_the_verified_are_seated_in_whatever_role(board):
    verify(board, "p4", domain="law")
    assert dict(board.advance().short) == {"annotator": 12}
    verify(board, "p1", "p2", "p3")
    assert board.advance().issued == {"annotator": 12}
    assert people(board) == {"p1", "p2", "p3"}
    board.answer("annotator", lambda _, person, __: "fine" if person < "p2" else "poor")
    assert board.advance().issued["adjudicator"] > 0
    assert people(board) == {"p3"}  # p4 may decide elsewhere


def test_open_tasks_go_when_a_credential_is_revoked_and_answers_stay(board):
    verify(board, "p1", "p2", "p3")
    board.advance()
    board.answer("annotator", lambda document, *_: "fine" if document == "d0" else None)
    with session(board.engine) as opened:
        assert revoke_credential(opened, "p2", domain="medicine", verifier="office", why="struck off") == 1
    step = board.advance()
    assert step.lapsed == {"p2": sum(step.issued.values())}
    assert people(board) == {"p1", "p3"}
    with session(board.engine) as opened:
        assert len(opened.scalars(select(Answer).where(Answer.valid)).all()) == 2
        told = [(row.actor, row.action) for row in opened.scalars(select(Audit)) if "credential" in row.action]
        assert check_audit(opened) > 4
    assert told == [("office", "credential verified")] * 3 + [("office", "credential revoked"),
                                                             ("qingyuan", "credential lapsed")]  # fmt: skip
    assert board.advance().lapsed == {}


def test_an_expired_credential_is_none_and_a_renewed_one_counts_from_then_on(board):
    verify(board, "p1", "p2", days=3)
    board.advance()
    board.later = timedelta(days=4)
    assert board.advance().lapsed == {"p1": 6, "p2": 6}
    with session(board.engine) as opened:
        first = opened.scalars(select(Credential).where(Credential.contributor == "p1")).one()
        first.verified_at, first.verified_until = first.verified_at - timedelta(9), first.verified_at - timedelta(2)
    verify(board, "p1", days=9)
    with session(board.engine) as opened:
        known = Credentials.read(opened, "medicine")
    times = {days: known.held("p1", now() - timedelta(days=days)) for days in (0, 1, 5, 20)}
    assert times == {0: True, 1: False, 5: True, 20: False}


def test_what_makes_no_sense_is_refused(board):
    with session(board.engine) as opened:
        for arguments, words in (
            ({"domain": "medicin", "verifier": "office"}, 'did you mean "medicine"'),
            ({"domain": "medicine", "verifier": "p1"}, "of their own"),
        ):
            with pytest.raises(RecipeError, match=words):
                verify_credential(opened, "p1", valid_days=3, evidence="x", **arguments)
        with pytest.raises(RecipeError, match="in force"):
            revoke_credential(opened, "p1", domain="medicine", verifier="office", why="x")
    head = {"name": "r", "kind": "quality", "rule_version": "1", "run": "x", "domain_locked": "medicin"}
    with pytest.raises(RecipeError, match=r"domain_locked: .*medicine"):
        check_round(RoundFile.model_validate({"round": head}), "r.toml")


def test_people_are_listed_with_what_is_verified(board):
    verify(board, "p1")
    with session(board.engine) as opened:
        listed = {row["name"]: row["credentials"] for row in list_people(opened)}
    assert (listed["p1"][0][:15], listed["p2"]) == ("medicine until ", [])


def test_a_reviewer_has_not_approved_what_was_put_in_its_place_afterwards(tmp_path):
    board = Board(tmp_path, items=1, review="every")
    board.people("p1", "p2")
    board.people("r1", role="reviewer")
    board.people("a1", role="adjudicator")
    board.advance()
    board.answer("annotator", lambda *_: "fine")
    board.advance()  # the reviewer is shown "fine"
    with session(board.engine) as opened:
        for row in opened.scalars(select(Answer)).all():
            row.latest = False
            opened.flush()
            opened.add(Answer(assignment=row.assignment, annotation=row.annotation, sequence=row.sequence + 100,
                              revision=2, at=now(), valid=True, label={"said": "poor"}))  # fmt: skip
    board.answer("reviewer", lambda *_: "fine")
    assert board.finals() == {"d0": None}
    assert board.advance().issued == {"adjudicator": 1}
    with session(board.engine) as opened:
        assert [row.role for row in opened.scalars(select(Assignment).join(Item))].count("adjudicator") == 1
