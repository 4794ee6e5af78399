"""What comes next in a round, on rows of a registry: answers, reviews, audits, adjudication, exams."""

from datetime import timedelta

import pytest

from annotation.people import settle_exam, suspend
from annotation.standing import load_standing
from pipeline.database import session
from pipeline.registry import Assignment, Audit, Item, Qualification, select
from tests.annotation.board import TOY, Board

PEOPLE = ("p1", "p2", "p3", "p4")


@pytest.fixture
def board(tmp_path):
    return lambda **settings: Board(tmp_path, **settings)


def held(board):
    with session(board.engine) as opened:
        rows = opened.execute(select(Item.document, Assignment.contributor, Assignment.role).join(Assignment)).all()
        return sorted(map(tuple, rows))


def test_every_item_gets_its_people_once_and_nothing_is_issued_twice(board):
    board = board(items=20)
    board.people(*PEOPLE)
    assert board.advance().issued == {"annotator": 40}
    assert board.advance().issued == {}
    people = [person for _, person, _ in held(board)]
    assert {person: people.count(person) for person in PEOPLE} == dict.fromkeys(PEOPLE, 10)


def test_the_unqualified_and_the_expired_get_nothing(board):
    board = board(items=5)
    board.people("p1", "p2")
    board.people("p3", role="reviewer")
    board.later = timedelta(days=10)
    step = board.advance()
    assert (dict(step.issued), dict(step.short)) == ({"annotator": 0}, {"annotator": 10})
    board.later = timedelta(0)
    assert board.advance().issued == {"annotator": 10}
    assert {person for _, person, _ in held(board)} == {"p1", "p2"}


def test_a_refused_answer_and_a_suspended_person_leave_gaps_that_others_fill(board):
    board = board(items=6)
    board.people(*PEOPLE)
    board.advance()
    first = held(board)[0][:2]
    board.answer("annotator", lambda doc, person, _: "refused" if (doc, person) == first else None)
    with session(board.engine) as opened:
        taken = suspend(opened, "p2")
    assert board.advance().issued == {"annotator": taken + 1}
    assert "p2" not in {row.contributor for row, _ in board.waiting()}


def test_safety_needs_a_reviewer_for_each_who_is_not_its_annotator(board):
    board = board(items=8, review="every")
    board.people(*PEOPLE)
    board.people(*PEOPLE, role="reviewer")
    board.advance()
    board.answer("annotator", lambda *_: "fine")
    assert set(board.finals().values()) == {"fine"}  # nobody has doubted it, but nothing is issued yet
    assert board.advance().issued == {"reviewer": 8}
    assert set(board.finals().values()) == {None}
    for document in {document for document, *_ in held(board)}:
        people = [person for doc, person, _ in held(board) if doc == document]
        assert len(set(people)) == len(people) == 3
    assert {row.shown["said"] for row, _ in board.waiting("reviewer")} == {"fine"}
    board.answer("reviewer", lambda *_: "fine")
    assert set(board.finals().values()) == {"fine"}


def test_what_a_reviewer_rejects_goes_to_a_third_person_whose_word_counts(board):
    board = board(items=3, review="every")
    board.people("p1", "p2")
    board.people("r1", role="reviewer")
    board.people("r1", "a1", role="adjudicator")
    board.advance()
    board.answer("annotator", lambda *_: "fine")
    board.advance()
    board.answer("reviewer", lambda document, *_: "poor" if document == "d1" else "fine")
    assert board.advance().issued == {"adjudicator": 1}
    assert [(row.contributor, item.document, row.shown) for row, item in board.waiting("adjudicator")] == [
        ("a1", "d1", None)  # not r1, who has rejected it; and a1 is shown nothing to lean on
    ]
    assert board.finals() == {"d0": "fine", "d1": None, "d2": "fine"}
    board.answer("adjudicator", lambda *_: "poor")
    assert board.finals()["d1"] == "poor"
    assert board.advance().issued == {}


def test_where_annotators_disagree_a_third_person_decides(board):
    board = board(items=4)
    board.people("p1", "p2")
    board.people("a1", role="adjudicator")
    board.advance()
    board.answer("annotator", lambda document, person, _: "poor" if (document, person) == ("d2", "p1") else "fine")
    assert board.advance().issued == {"adjudicator": 1}
    assert [item.document for _, item in board.waiting("adjudicator")] == ["d2"]


def test_ones_word_against_anothers_is_decided_by_a_third_however_reliable_one_of_them_is(board):
    board = board(items=30, settings={"round": {"consensus": "dawid_skene"}})
    board.people("p1", "p2", "p3")
    board.people("a1", role="adjudicator")
    board.advance()
    wrong = {f"d{number}" for number in range(1, 30, 3)}
    board.answer("annotator", lambda document, person, _: "poor" if person == "p3" and document in wrong else "fine")
    with session(board.engine) as opened:
        standing = load_standing(opened, board.round(opened), TOY)
    disputed = {one.item.document for one in standing if {held.answer.label["said"] for held in one.held} != {"fine"}}
    assert max(one.posterior for one in standing if one.item.document in disputed) > 0.8
    board.advance()
    assert {item.document for _, item in board.waiting("adjudicator")} == disputed


def audit(board, say):
    board.people("r1", "r2", role="reviewer")
    board.people("a1", role="adjudicator")
    board.advance()
    board.answer("annotator", lambda *_: "fine")
    board.advance()
    board.answer("reviewer", say)
    board.advance()
    board.answer("adjudicator", say)
    return board.advance()


AUDIT = {"review": {"batch": 10, "share": 0.3, "most_wrong": 0.1}}


def test_an_audit_looks_at_a_part_of_each_batch_once_it_is_whole(board):
    board = board(items=20, review="audit", settings=AUDIT)
    board.people(*PEOPLE)
    board.advance()
    board.answer("annotator", lambda document, *_: None if document == "d15" else "fine")
    board.people("r1", role="reviewer")
    assert board.advance().issued == {"reviewer": 3}  # the second batch waits for d15
    assert {item.batch for _, item in board.waiting("reviewer")} == {0}


def test_a_batch_with_illegal_content_is_void(board):
    board = board(items=20, review="audit", settings=AUDIT)
    board.people(*PEOPLE)
    step = audit(board, lambda document, *_: "illegal" if int(document[1:]) < 10 else "fine")
    assert (step.void, step.returned) == ([0], [])
    states = {one.item.document: one.item.state for one in board.standing()}
    assert {state for document, state in states.items() if int(document[1:]) < 10} == {"void"}
    assert {state for document, state in states.items() if int(document[1:]) >= 10} == {"open"}
    assert board.advance().void == []


def test_a_batch_that_is_wrong_too_often_goes_back_and_is_audited_anew(board):
    board = board(items=10, review="audit", settings=AUDIT)
    board.people(*PEOPLE)
    step = audit(board, lambda *_: "poor")
    assert (step.void, step.returned) == ([], [0])
    assert len(board.waiting("annotator")) == 14  # seven items by two people; three are decided already
    board.answer("annotator", lambda *_: "poor")
    assert board.advance().issued["reviewer"] > 0
    with session(board.engine) as opened:
        actions = [row.action for row in opened.scalars(select(Audit))]
    assert actions.count("batch returned") == 1


def test_an_exam_is_marked_once_everything_is_answered(board):
    board = board(items=0, golds=5, purpose="exam", settings={"gold": {"file": "g"}, "exam": {"pass_score": 0.8}})
    board.people("p1", "p2", "p3")
    with session(board.engine) as opened:
        opened.query(Qualification).delete()
    assert board.advance().issued == {"annotator": 15}
    wrong = {("g0", "p1"), ("g0", "p2"), ("g1", "p2")}
    board.answer("annotator", lambda document, person, _: None if person == "p3" and document == "g4"
                 else "poor" if (document, person) in wrong else "fine")  # fmt: skip
    for expected in ([("p1", 0.8, True), ("p2", 0.6, False)], []):
        with session(board.engine) as opened:
            exams = settle_exam(opened, board.round(opened), TOY)
            assert [(exam.contributor, exam.score, exam.passed) for exam in exams] == expected


def test_gold_is_mixed_in_without_a_trace(board):
    board = board(items=40, golds=30, settings={"gold": {"file": "g", "rate": 0.2}})
    board.people(*PEOPLE)
    step = board.advance()
    assert 14 <= step.issued["gold"] <= 28
    rows = sorted((row.contributor, row.place, item.is_gold) for row, item in board.waiting())
    places = [place for person, place, _ in rows if person == "p1"]
    assert places == list(range(len(places)))
    assert len({row.key for row, _ in board.waiting()}) == len(rows)
    assert {len(row.key) for row, _ in board.waiting()} == {32}
