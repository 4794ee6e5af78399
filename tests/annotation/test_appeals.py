"""Appeals: who may appeal about what, and until when; that each is dealt to a third person once, and decided."""

from datetime import timedelta

import pytest

from annotation.appeals import appeal, settle_appeals
from annotation.people import add_person
from annotation.standing import load_standing
from flows.cli import main
from pipeline import database
from pipeline.database import now, session
from pipeline.errors import RecipeError
from pipeline.registry import Answer, Assignment, Audit, Item, Request, select
from pipeline.request.void import note_void
from tests.annotation.board import TOY, Board
from tests.annotation.incentive.till import AFTER, Till


@pytest.fixture
def board(tmp_path):
    made = []

    def make(**settings):
        made.append(Board(tmp_path, **settings))
        return made[0]

    yield make
    for one in made:
        one.engine.dispose()


def judges(board):
    """Who was ever asked to decide something, by document."""
    with session(board.engine) as opened:
        rows = opened.execute(select(Item.document, Assignment.contributor).join(Assignment)
                              .where(Assignment.role == "adjudicator")).all()  # fmt: skip
        return sorted(map(tuple, rows))


def ask(board, person, document, **more):
    with session(board.engine) as opened:
        return appeal(opened, board.round(opened), person, document, "it is fine", **more).id


def settle(board):
    with session(board.engine) as opened:
        round_ = board.round(opened)
        decided = settle_appeals(opened, round_, load_standing(opened, round_, TOY), TOY)
        return [(one.contributor, one.decision, one.decided_by) for one in decided]


def test_an_appeal_that_nobody_can_judge_is_refused_with_what_to_do(board):
    board = board(items=20, review="audit", settings={"review": {"batch": 10, "share": 0.2}})
    board.people("p1", "p2")
    board.people("r1", role="reviewer")
    board.people("a1", role="adjudicator")
    board.advance()
    board.answer("annotator", lambda document, *_: None if document == "d19" else "fine")
    with pytest.raises(RecipeError, match="it is still to be answered"):
        ask(board, "p1", "d19")
    board.answer("annotator", lambda document, *_: "refused" if document == "d19" else "fine")
    with pytest.raises(RecipeError, match='"d19" in round "r": it was refused, no choice'):
        ask(board, "p1", "d19")
    board.advance()
    early = next(item.document for held, item in board.waiting("reviewer"))
    ask(board, "p1", early)  # before anybody knows what its batch holds
    board.answer("reviewer", lambda *_: "illegal")
    board.advance()
    board.answer("adjudicator", lambda *_: "illegal")
    board.advance()
    with session(board.engine) as opened:
        void = set(opened.scalars(select(Item.document).where(Item.state == "void")))
    assert early in void
    other = min(void - {early})
    with pytest.raises(RecipeError, match=r"is void, since illegal content was found in its batch.* in another round"):
        ask(board, "p1", other)
    with pytest.raises(RecipeError, match='nobody called "p9"'):
        ask(board, "p9", "d1")
    with pytest.raises(RecipeError, match=r'was not asked about "d01" in round "r"; did you mean "d1"'):
        ask(board, "p1", "d01")
    with pytest.raises(RecipeError, match=r'a1 was not asked about "d1" in round "r"$'):
        ask(board, "a1", "d1")


def test_what_became_void_after_somebody_appealed_waits_for_nobody(board):
    board = board(items=10, review="audit", settings={"review": {"batch": 10, "share": 0.1}})
    board.people("p1", "p2")
    board.people("r1", role="reviewer")
    board.advance()
    board.answer("annotator", lambda *_: "fine")
    board.advance()
    ask(board, "p1", "d3")  # there is no adjudicator who could judge it
    board.answer("reviewer", lambda *_: "illegal")
    assert board.advance().short == {"adjudicator": 2}  # of what was rejected, and of what was appealed about
    with session(board.engine) as opened:  # who was asked about the appeal alone has not answered
        add_person(opened, "a1")
        rejected = opened.scalars(select(Item).join(Assignment).where(Assignment.role == "reviewer")).one()
        assert rejected.document != "d3"
        held = Assignment(item=rejected.id, contributor="a1", role="adjudicator", key="k", place=0,
                          state="answered", issued_at=now())  # fmt: skip
        opened.add(held)
        opened.flush()
        opened.add(Answer(assignment=held.id, annotation=99, sequence=99, revision=1, at=now(), valid=True,
                          label={"said": "illegal"}))  # fmt: skip
    assert board.advance().void == [0]
    assert settle(board) == [("p1", "refused", "qingyuan")]
    assert settle(board) == []


def test_an_appeal_about_what_was_taken_down_is_refused_with_that_reason(board):
    board = board(items=2)
    board.people("p1", "p2")
    board.advance()
    board.answer("annotator", lambda *_: "fine")
    with session(board.engine) as opened:
        item = opened.scalars(select(Item).where(Item.document == "d1")).one()
        item.state = "void"
        note_void(opened, "toy", [item], withdrawn=0)
    with pytest.raises(RecipeError, match="void, since its text was taken down"):
        ask(board, "p1", "d1")


def test_an_exam_is_not_appealed_about(board):
    board = board(items=0, golds=3, purpose="exam")
    board.people("p1")
    board.advance()
    board.answer("annotator", lambda *_: "poor")
    with pytest.raises(RecipeError, match=r"is an exam.*people qualify p1 --kind toy --rule-version 1"):
        ask(board, "p1", "g1")


def test_a_reviewer_may_appeal_and_is_heard_once(board):
    board = board(items=2, review="every")
    board.overruled()
    ask(board, "r1", "d1")
    first = dict(judges(board))["d1"]
    with pytest.raises(RecipeError, match="nobody judges that verdict"):
        ask(board, first, "d1")
    board.advance()
    board.answer("adjudicator", lambda *_: "poor")
    ((person, decision, judge),) = settle(board)
    assert (person, decision) == ("r1", "granted")
    assert judge in {"a1", "a2", "a3"} - {first}
    assert board.advance().issued == {}


def test_an_answer_that_counts_no_more_has_no_appeal_and_asks_nobody_again_and_again(board):
    board = board(items=2)
    board.people("p1", "p2")
    board.people("a1", "a2", "a3", role="adjudicator")
    board.advance()
    board.answer("annotator", lambda *_: "fine")
    ask(board, "p1", "d1")
    board.advance()
    board.answer("adjudicator", lambda *_: "poor")
    with session(board.engine) as opened:
        answer = opened.scalars(
            select(Answer).join(Assignment).join(Item).where(Item.document == "d1", Assignment.contributor == "p1")
        ).one()
        answer.valid, answer.refusal = False, "deleted"
    ((person, decision, _),) = settle(board)
    assert (person, decision) == ("p1", "refused")
    board.advance()
    assert len([document for document, _ in judges(board) if document == "d1"]) == 1


def test_appeals_end_on_the_day_that_the_statement_says_unless_the_operator_hears_them(tmp_path, monkeypatch):
    till = Till(tmp_path, items=4)
    till.board.people("p1", "p2")
    till.board.advance()
    till.reserve()
    till.answer()
    board = till.board
    ask(board, "p2", "d0")  # nothing was paid yet: no day has been named
    till.score("settle")
    (until,) = {row.why["appeal_until"] for row in till.ledger("settlement")}
    monkeypatch.setattr(database, "now", lambda: AFTER + timedelta(days=10))
    monkeypatch.setattr("annotation.appeals.now", lambda: AFTER + timedelta(days=10))
    assert f"{AFTER + timedelta(days=10):%Y-%m-%d}" == until
    ask(board, "p1", "d1")  # on the last day
    monkeypatch.setattr("annotation.appeals.now", lambda: AFTER + timedelta(days=11))
    with pytest.raises(RecipeError, match=rf"ended on {until}.*--late"):
        ask(board, "p1", "d2")
    words = ["annotate", "appeal", "r", "p1", "d2", "--ground", "I was ill", "--workspace", str(tmp_path)]
    assert [main(words), main([*words, "--late"]), main([*words, "--late"])] == [2, 0, 2]  # the third is said twice
    with session(till.engine) as opened:
        assert len(opened.scalars(select(Request)).all()) == 3
        said = opened.scalars(select(Audit).where(Audit.action == "appeal").order_by(Audit.seq)).all()
        assert [row.detail.get("late", False) for row in said] == [False, False, True]
    till.engine.dispose()


@pytest.mark.parametrize("ground", ["", "  ", "长" * 2001])
def test_an_appeal_says_why(board, ground):
    board = board(items=2)
    board.people("p1", "p2")
    board.advance()
    board.answer("annotator", lambda *_: "fine")
    with session(board.engine) as opened, pytest.raises(RecipeError, match="up to 2,000 characters"):
        appeal(opened, board.round(opened), "p1", "d1", ground)
