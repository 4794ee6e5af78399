"""What came too late, or from nobody, changes nothing: neither the answer nor what is scored."""

from datetime import timedelta

import pytest

from annotation.history import History
from annotation.incentive.answers import load_given
from pipeline.database import now, session
from pipeline.registry import Answer, Assignment, select
from tests.annotation.board import Board

HOUR = timedelta(hours=1)


@pytest.fixture
def board(tmp_path):
    """One item: two annotators at one, their reviewer at three, an adjudicator at five."""
    made = Board(tmp_path, items=1, review="every")
    made.people("p1", "p2")
    made.people("r1", role="reviewer")
    made.people("a1", role="adjudicator")
    made.start = now()
    for role, said, hours in (("annotator", "fine", 1), ("reviewer", "poor", 3), ("adjudicator", "fine", 5)):
        made.advance()
        made.answer(role, lambda *_, said=said: said)
        with session(made.engine) as opened:
            for row in opened.scalars(select(Answer).join(Assignment).where(Assignment.role == role)):
                row.at = made.start + hours * HOUR
    return made


def test_a_change_counts_until_somebody_further_up_has_judged(board):
    with session(board.engine) as opened:
        held = {row.contributor: row for row in opened.scalars(select(Assignment))}
        history = History(opened, [row.id for row in held.values()])
        late = {
            name: [hours for hours in range(7) if history.judged_before(held[name], board.start + (hours + 0.5) * HOUR)]
            for name in sorted(held)
        }
    assert late == {"a1": [], "p1": [3, 4, 5, 6], "p2": [3, 4, 5, 6], "r1": [5, 6]}


def test_who_had_not_answered_yet_is_not_late(board):
    with session(board.engine) as opened:
        held = opened.scalars(select(Assignment).where(Assignment.contributor == "p1")).one()
        for row in opened.scalars(select(Answer).where(Answer.assignment == held.id)):
            row.at = board.start + 6 * HOUR
        assert not History(opened, [held.id]).judged_before(held, board.start + 7 * HOUR)


@pytest.mark.parametrize(
    "more",
    [
        {"latest": False, "valid": False, "label": None, "refusal": "late: changed after it was judged"},
        {"latest": False, "valid": False, "label": None, "refusal": "forged: sent by account 9"},
        {"latest": False, "valid": True, "flags": "unwitnessed"},
    ],
)
def test_what_is_scored_is_what_was_said_before(board, more):
    with session(board.engine) as opened:
        first = opened.scalars(select(Answer).join(Assignment).where(Assignment.contributor == "p1")).one()
        opened.add(Answer(**{
            "assignment": first.assignment, "annotation": first.annotation, "sequence": 99, "revision": 2,
            "at": board.start + 2 * HOUR, "label": {"said": "poor"}, **more,
        }))  # fmt: skip
        opened.flush()
        given = {one.contributor: one.label for one in load_given(opened, board.start + 9 * HOUR)}
    assert given == {"p1": {"said": "fine"}, "p2": {"said": "fine"}, "r1": {"said": "poor"}, "a1": {"said": "fine"}}
