"""What comes next in a round, on rows of a registry: answers, reviews, audits, adjudication, exams, appeals."""

from datetime import timedelta

import pytest

from annotation import results
from annotation.appeals import appeal, settle_appeals
from annotation.people import settle_exam, suspend
from annotation.standing import load_standing
from pipeline.database import record, session
from pipeline.errors import RecipeError
from pipeline.registry import Answer, Assignment, Audit, Item, Qualification, select, update
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
    assert set(board.finals().values()) == {None}  # nobody has doubted it, but nobody has approved it either
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


def test_a_batch_is_void_whoever_finds_the_illegal_content(board):
    """Here a third person between two annotators, on an item that no audit has drawn, before any reviewer is there."""
    board = board(items=10, review="audit", settings=AUDIT)
    board.people("p1", "p2")
    board.people("p3", role="adjudicator")
    board.advance()
    board.answer("annotator", lambda document, person, _: "illegal" if (document, person) == ("d3", "p1") else "fine")
    assert board.advance().issued.get("adjudicator") == 1
    board.answer("adjudicator", lambda *_: "illegal")
    assert board.advance().void == [0]


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


def test_a_batch_in_which_all_is_decided_goes_back_to_nobody(board):
    board = board(items=4, review="audit", settings={"review": {"batch": 10, "share": 1.0, "most_wrong": 0.1}})
    board.people(*PEOPLE)
    audit(board, lambda *_: "poor")
    assert [board.advance().returned for _ in range(3)] == [[], [], []]


def test_a_batch_that_came_back_is_judged_by_what_was_answered_anew(board):
    board = board(items=80, review="audit", settings=AUDIT)
    board.people(*PEOPLE)
    assert audit(board, lambda *_: "poor").returned == list(range(8))
    decided = {one.item.document for one in board.standing() if one.said("adjudicator")}
    board.answer("annotator", lambda *_: "poor")
    assert board.advance().issued == {"reviewer": 8 * 3}  # three of the seven of each
    assert decided & {item.document for _, item in board.waiting("reviewer")} == set()
    board.answer("reviewer", lambda *_: "poor")
    assert (board.advance().returned, set(board.finals().values())) == ([], {"poor"})


def test_who_was_refused_is_not_asked_again_beside_the_one_who_took_over(board):
    board = board(items=4, review="audit", settings={"review": {"batch": 10, "share": 0.25, "most_wrong": 0.1}})
    board.people("p1", "p2")
    board.advance()
    board.answer("annotator", lambda _, person, __: "refused" if person == "p1" else "fine")
    board.people("p3")
    assert board.advance().issued == {"annotator": 4}
    assert audit(board, lambda *_: "poor").returned == [0]
    assert {row.contributor for row, _ in board.waiting("annotator")} == {"p2", "p3"}


def test_what_was_approved_before_its_batch_came_back_is_doubted_anew(board):
    board = board(items=40, review="audit", settings=AUDIT)
    board.people("p1", "p2")
    board.people("r3", role="reviewer")
    approved = {}

    def say(document, *_):
        return "fine" if approved.setdefault(int(document[1:]) // 10, document) == document else "poor"

    assert audit(board, say).returned == [0, 1, 2, 3]
    board.answer("annotator", lambda _, person, __: "fine" if person == "p1" else "poor")
    board.advance()
    waiting = {(item.document, row.role) for row, item in board.waiting()}
    tied = {one.item.document for one in board.standing() if one.tied}
    assert tied == {document for document, _ in waiting} >= set(approved.values())
    assert {role for document, role in waiting if document in approved.values()} == {"reviewer", "adjudicator"}


def test_a_tie_is_nothing_as_long_as_nobody_can_be_found_to_decide_it(board):
    board = board(items=2)
    board.people("p1", "p2")
    board.advance()
    board.answer("annotator", lambda document, person, _: "poor" if (document, person) == ("d1", "p1") else "fine")
    assert board.advance().short == {"adjudicator": 1}
    assert board.finals() == {"d0": "fine", "d1": None}


def test_a_third_persons_word_goes_back_with_certainty_not_with_what_spoke_for_another_label(board):
    board = board(items=1)
    board.people("p1", "p2")
    board.people("a1", role="adjudicator")
    board.advance()
    board.answer("annotator", lambda _, person, __: "poor" if person == "p1" else "fine")
    board.advance()
    board.answer("adjudicator", lambda *_: "poor")
    with session(board.engine) as opened:
        done = [(one, one.final(TOY)) for one in load_standing(opened, board.round(opened), TOY)]
        table = results._attributes(board.round(opened), done, {"d0": {"source": "s"}}, TOY)
    assert table.to_pylist() == [
        {"id": "d0", "source": "s", "human.toy": "poor", "human.toy_bad": 1, "human.toy_posterior": 1.0}
    ]


def test_a_reviewer_who_was_shown_nothing_is_heard_too(board):
    board = board(items=2, review="every")
    board.people("p1", "p2")
    board.people("r1", role="reviewer")
    board.people("a1", role="adjudicator")
    board.advance()
    board.answer("annotator", lambda *_: "fine")
    board.advance()
    with session(board.engine) as opened:  # a consensus that is nobody's answer
        opened.execute(update(Assignment).where(Assignment.role == "reviewer").values(shown=None))
    board.answer("reviewer", lambda document, *_: "poor" if document == "d1" else "fine")
    assert board.finals() == {"d0": "fine", "d1": None}
    assert board.advance().issued == {"adjudicator": 1}


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


def test_an_appeal_is_decided_by_one_who_has_not_seen_it_and_makes_gold(board):
    board = board(items=4)
    board.people("p1", "p2")
    board.people("p1", "a1", "a2", role="adjudicator")
    board.advance()
    board.answer("annotator", lambda document, person, _: "poor" if (document, person) == ("d2", "p1") else "fine")
    board.advance()
    board.answer("adjudicator", lambda *_: "fine")  # who decided the dispute does not decide the appeal
    before = {row[1] for row in held(board) if row[2] == "adjudicator"}
    with session(board.engine) as opened:
        round_ = board.round(opened)
        appeal(opened, round_, "p1", "d2", "这篇文字有三处乱码。")
        assert settle_appeals(opened, round_, load_standing(opened, round_, TOY), TOY) == []
        with pytest.raises(RecipeError, match="appealed"):
            appeal(opened, round_, "p1", "d2", "again")
        with pytest.raises(RecipeError, match="was not asked about"):
            appeal(opened, round_, "a1", "d2", "never asked")
    assert board.advance().issued == {"adjudicator": 1}
    assert board.advance().issued == {}
    board.answer("adjudicator", lambda *_: "poor")
    with session(board.engine) as opened:
        round_ = board.round(opened)
        decided = settle_appeals(opened, round_, load_standing(opened, round_, TOY), TOY)
        assert [(row.decision, row.contributor) for row in decided] == [("granted", "p1")]
        assert {decided[0].decided_by} == {"a1", "a2"} - before
        gold = opened.scalars(select(Item).where(Item.document == "d2")).one()
        assert (gold.is_gold, gold.gold, gold.gold_revision, gold.probability) == (True, {"said": "poor"}, 1, 0.5)


@pytest.mark.parametrize(("person", "decision"), [("r1", "granted"), ("p1", "refused")])
def test_an_appeal_is_decided_once_whoever_made_it_and_whatever_is_left_of_the_answer(board, person, decision):
    board = board(items=1, review="every")
    board.overruled()
    with session(board.engine) as opened:
        appeal(opened, board.round(opened), person, "d0", "look again")
        mine = select(Assignment.id).where(Assignment.contributor == "p1")
        opened.execute(update(Answer).where(Answer.assignment.in_(mine)).values(latest=False))  # p1 deletes his
    assert board.advance().issued["adjudicator"] == 1
    board.answer("adjudicator", lambda *_: "poor")
    with session(board.engine) as opened:
        round_ = board.round(opened)
        decided = settle_appeals(opened, round_, load_standing(opened, round_, TOY), TOY)
        assert [row.decision for row in decided] == [decision]
    assert board.advance().issued["adjudicator"] == 0


def test_nobody_gets_more_than_his_room_however_often_is_dealt(board):
    board = board(items=6, settings={"people": {"cap": 4}})
    board.people("p1", "p2")
    assert board.advance().issued["annotator"] == 8
    step = board.advance()
    assert (step.issued["annotator"], step.short["annotator"]) == (0, 4)


@pytest.mark.parametrize(("named", "working"), [(None, {"p1", "p3"}), (["p1", "p2"], {"p1"})])
def test_only_who_is_named_and_not_suspended_works(board, named, working):
    board = board(items=4, settings={"people": {} if named is None else {"annotators": named}})
    board.people("p1", "p2", "p3")
    with session(board.engine) as opened:
        suspend(opened, "p2")
    board.advance()
    assert {row.contributor for row, _ in board.waiting()} == working


def test_as_many_wrong_as_are_borne_send_nothing_back(board):
    board = board(items=10, review="audit", settings={"review": {"batch": 10, "share": 1.0, "most_wrong": 0.1}})
    board.people(*PEOPLE)
    assert audit(board, lambda document, *_: "poor" if document == "d3" else "fine").returned == []


def test_what_is_decided_or_appealed_about_gets_no_reviewer_and_what_is_drawn_no_third_person_yet(board):
    board = board(items=4, review="audit", settings={"review": {"batch": 10, "share": 1.0, "most_wrong": 0.1}})
    board.people("p1", "p2")
    board.people("r1", role="reviewer")
    board.people("a1", "a2", role="adjudicator")
    board.advance()

    def say(document, person, _):
        return "poor" if person == "p1" and document != "d2" else "fine"

    board.answer("annotator", lambda *about: None if about[0] in {"d2", "d3"} else say(*about))
    assert board.advance().issued == {"adjudicator": 2}  # the batch is not whole
    board.answer("adjudicator", lambda document, *_: "fine" if document == "d0" else None)
    board.answer("annotator", say)
    with session(board.engine) as opened:
        appeal(opened, board.round(opened), "p1", "d2", "look again")
    board.advance()
    waiting = sorted((item.document, row.role) for row, item in board.waiting())
    assert waiting == [("d1", "adjudicator"), ("d1", "reviewer"), ("d2", "adjudicator"), ("d3", "reviewer")]


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


def test_an_appeal_about_a_closed_round_is_judged_and_nothing_else_of_it_is_dealt_any_more(board):
    board = board(items=4)
    board.people("p1", "p2", "p3")
    board.people("a1", role="adjudicator")
    board.advance()
    board.answer("annotator", lambda document, *_: None if document == "d1" else "fine")
    with session(board.engine) as opened:
        suspend(opened, board.waiting("annotator")[0][0].contributor)  # a gap that an open round would fill
        round_ = board.round(opened)
        round_.state = "closed"
        record(opened, "operator", "round closed", round="r", withdrawn=0)
        person = next(one.held[0].assignment.contributor for one in load_standing(opened, round_, TOY)
                      if one.item.document == "d2")  # fmt: skip
    assert board.advance().issued == {}
    with session(board.engine) as opened:
        appeal(opened, board.round(opened), person, "d2", "it is fine")
    assert board.advance().issued == {"adjudicator": 1}
    assert board.advance().issued == {}
    board.answer("adjudicator", lambda *_: "fine")
    with session(board.engine) as opened:
        round_ = board.round(opened)
        decided = settle_appeals(opened, round_, load_standing(opened, round_, TOY), TOY)
        assert [(row.decision, row.decided_by) for row in decided] == [("granted", "a1")]
    assert board.advance().issued == {}
