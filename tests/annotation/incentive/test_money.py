"""Money in the registry: what the database refuses, what is paid once, what corrections add, what is found."""

import csv
import random
from datetime import timedelta

import pytest
from sqlalchemy import event, text

from annotation.appeals import appeal, settle_appeals
from annotation.credentials import verify_credential
from annotation.incentive import ledger
from annotation.incentive.budgets import round_policy
from annotation.incentive.ledger import Entry, post, seal, verify
from annotation.incentive.payroll import payroll_rows, write_payroll
from annotation.incentive.period import score_period
from annotation.incentive.reserve import release_withdrawn, reserve, standings
from annotation.incentive.scores import decide_copying
from annotation.incentive.settlement import payments_before
from annotation.people import suspend
from annotation.standing import load_standing
from pipeline import database
from pipeline.database import record, session
from pipeline.errors import LedgerError, RecipeError
from pipeline.registry import (
    Account,
    Answer,
    Assignment,
    Audit,
    Budget,
    IntegrityError,
    Item,
    Ledger,
    Round,
    Score,
    select,
    update,
)
from pipeline.store import read_table
from tests.annotation.board import TOY
from tests.annotation.incentive.till import AFTER, PERIOD, START, Hand, Till, rules


@pytest.fixture
def till(tmp_path):
    def made(form=None, people=("p1", "p2"), **board):
        till = Till(tmp_path, form, **{"items": 4, **board})
        till.board.people(*people)
        till.board.advance()
        return till

    return made


def account(till, party):
    with session(till.engine) as opened:
        found = opened.scalars(select(Account).where(Account.party == party)).one()
    return found.held_fen, found.paid_fen


def test_a_reserve_is_the_most_that_work_can_come_to_and_is_entered_once(till):
    till = till()
    done = till.reserve()
    assert (len(done.allowed), done.fen, done.refused) == (8, 8 * 125, 0)  # m is 1.25 at most, a floor 108
    assert till.reserve().fen == 0
    assert [(row.party, row.kind, row.amount) for row in till.ledger()] == [("p1", "reserve", 500),
                                                                           ("p2", "reserve", 500)]  # fmt: skip
    assert account(till, "p1") == (500, 0)


def test_a_budget_that_does_not_cover_all_is_shared_evenly_and_the_rest_is_not_sent(till):
    till = till(rules(budget={"period_fen": 5 * 125 + 124}))
    done = till.reserve()
    assert (len(done.allowed), done.refused, done.left_fen) == (5, 3, 124)
    assert "1.24 yuan left" in done.warning()
    assert [row.amount for row in till.ledger()] == [375, 250]
    till.write(rules(budget={"period_fen": 8 * 125}))
    assert len(till.reserve().allowed) == 8


def test_a_budget_of_a_round_and_the_dividends_pool_count_too(till):
    till = till(rules(budget={"period_fen": 10**6, "round_fen": 300}))
    assert len(till.reserve().allowed) == 2
    till.write(rules(budget={"period_fen": 1000}, dividend={"pool_fen": 740}, policy={"name": "q", "version": "1"}))
    with session(till.engine) as opened:
        round_ = till.board.round(opened)
        round_.design = {key: value for key, value in round_.design.items() if key != "pay_policy"}
    assert len(till.reserve().allowed) == 2 + 2  # 260 fen are left beside the pool


BEYOND = """
INSERT INTO reservation (assignment, contributor, policy, version, period, round, kind, value_fen, norm_ms, tier,
tier_bp, fen, standing, at) SELECT id + 100, contributor, 'p', '1', '2026-11', 'r', 'toy', 1, 1, 0, 10000, 1, 1,
issued_at FROM assignment WHERE id = 1
"""
"""One fen more than the budget holds."""


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE budget SET fen = 999",  # less than is held
        "UPDATE reservation SET fen = 1",
        "UPDATE reservation SET value_fen = 125",
        "DELETE FROM reservation",
        "UPDATE ledger SET amount = 1",
        "DELETE FROM ledger",
        "UPDATE account SET paid_fen = 501 WHERE party = 'p1'",
        BEYOND,
    ],
)  # fmt: skip
def test_the_database_itself_refuses_to_be_overdrawn_or_rewritten(till, statement):
    till = till(rules(budget={"period_fen": 1000}))
    till.reserve()
    with pytest.raises(IntegrityError, match=r"append-only|held|paid"), session(till.engine) as opened:  # noqa: PT012
        opened.execute(text("PRAGMA defer_foreign_keys = ON"))
        opened.execute(text(statement))


def test_nobody_can_be_paid_more_than_was_set_aside_not_even_by_the_ledgers_own_program(till):
    till = till()
    till.reserve()
    with session(till.engine) as opened:
        post(opened, [Entry("p", PERIOD, "p1", "advance", 500, "a")], "test")
    for entry in (Entry("p", PERIOD, "p1", "correction", 1, "b"), Entry("p", PERIOD, "p9", "advance", 1, "c"),
                  Entry("p", PERIOD, "p1", "dividend", 1, "d"), Entry("p", PERIOD, "p1", "advance", -1, "e"),
                  Entry("p", PERIOD, "p1", "measured", 1, "f"),
                  Entry("p", PERIOD, "p1", "settlement", 1, "g", unit="characters")):  # fmt: skip
        with pytest.raises(IntegrityError), session(till.engine) as opened:
            post(opened, [entry], "test")
    assert account(till, "p1") == (500, 500)


def test_prices_of_a_version_never_change_and_budgets_may(till):
    till = till()
    till.reserve()
    till.form = rules(rates={"default": 20_000})
    with pytest.raises(RecipeError, match="version of its own"):
        till.reserve()
    till.form = rules(budget={"period_fen": 999})
    with pytest.raises(RecipeError, match=r"9\.99 is less"):
        till.reserve()


def test_advance_then_settlement_then_the_same_again(till):
    till = till()
    till.reserve()
    till.answer()
    shown = till.score()
    assert [one["entitled_fen"] for one in shown["people"]] == [400, 400]
    assert till.ledger("advance", "settlement") == []
    till.score("advance")
    assert till.paid() == {"p1": 200, "p2": 200}  # at the lower bound m is 0.5; the floor is 4 x 36
    till.score("advance")
    till.score("settle")
    rows = till.ledger("advance", "settlement", "correction")
    till.score("settle")
    assert till.ledger("advance", "settlement", "correction")[len(rows) :] == []
    assert [(row.kind, row.amount, row.why["paid_before_fen"]) for row in rows] == [
        ("advance", 200, 0), ("advance", 200, 0), ("settlement", 200, 200), ("settlement", 200, 200)
    ]  # fmt: skip
    why = rows[-1].why
    assert (why["j_bp"], why["m_bp"], why["items"], why["value_fen"], why["variable_fen"], why["floor_fen"]) == (
        8000, 10_000, 4, 400, 400, 144
    )  # fmt: skip
    assert why["appeal_until"] == "2026-12-15"
    with session(till.engine) as opened:
        assert verify(opened)["fen"] == {"reserve": 1000, "advance": 400, "settlement": 400}
        assert opened.scalars(select(Score.revision)).all() == [1, 1]


def test_days_are_told_by_the_calendar_of_the_rules_not_by_that_of_greenwich(till, monkeypatch):
    till = till()
    till.reserve()
    till.answer()
    evening = AFTER + timedelta(hours=20)
    monkeypatch.setattr(ledger, "now", lambda: evening)
    till.score("settle", at=evening)
    assert till.ledger("settlement")[0].why["appeal_until"] == "2026-12-16"
    page = (till.path / "scores" / PERIOD / "statements" / "p1.html").read_text("utf-8")
    assert "2026-12-06" in page
    assert "2026-12-05" not in page


def test_what_was_paid_is_never_taken_back_and_a_better_score_pays_the_difference(till):
    till = till()
    till.reserve()
    till.answer()
    till.score("settle")
    till.score("settle", Hand(p1={"j_bp": 2000}))
    till.score("settle", Hand(p1={"j_bp": 9500}))
    till.score("settle")
    rows = [row for row in till.ledger("settlement", "correction") if row.party == "p1"]
    assert [(row.kind, row.amount, row.why["entitled_fen"]) for row in rows] == [
        ("settlement", 400, 400), ("correction", 0, 144), ("correction", 100, 500), ("correction", 0, 400)
    ]  # fmt: skip
    assert rows[1].why["corrected"]["before"]["j_bp"] == 8000
    assert set(rows[1].why["corrected"]["changed"]) == {"j_bp", "entitled_fen"}


def test_a_granted_appeal_becomes_gold_and_pays_upwards(till):
    """Everybody's J is here the share of golds that he got right; the appeal makes an item gold that p1 got right."""

    def scorer(answers, classes):
        people = {}
        for row in answers.to_pylist():
            right, seen = people.get(row["contributor"], (0, 0))
            if row["gold"] is not None:
                people[row["contributor"]] = (right + (row["gold"] == row["label"]), seen + 1)
        rates = {name: {"j_bp": 2000 + 6000 * right // max(seen, 1), "golds": seen}
                 for name, (right, seen) in people.items()}  # fmt: skip
        return Hand(**rates)(answers, classes)

    till = till(settings={"gold": {"rate": 0.5}}, golds=1)
    till.reserve()
    till.answer(lambda document, person, _: "poor" if person == "p1" or document == "g0" else "fine")
    till.board.people("a1", role="adjudicator")
    till.score("settle", scorer)
    before = till.paid()
    with session(till.engine) as opened:
        appeal(opened, till.board.round(opened), "p1", "d0", "it is poor")
    till.board.advance()
    till.reserve(AFTER)
    till.answer(lambda *_: "poor", "adjudicator", at=AFTER)
    later = AFTER + timedelta(days=1)
    with session(till.engine) as opened:
        round_ = till.board.round(opened)
        assert [one.decision for one in settle_appeals(opened, round_, load_standing(opened, round_, TOY), TOY)] == [
            "granted"
        ]
    till.score("settle", scorer, at=later)
    after = till.paid()
    assert after["p1"] > before["p1"]
    assert after["p2"] == before["p2"]
    (row,) = [row for row in till.ledger("correction") if row.party == "p1"]
    assert row.amount == after["p1"] - before["p1"]
    assert "j_bp" in row.why["corrected"]["changed"]


def close(till):
    with session(till.engine) as opened:
        till.board.round(opened).state = "closed"
        record(opened, "operator", "round closed", round="r", withdrawn=0)


def test_who_judges_an_appeal_after_the_round_was_closed_is_paid_and_then_the_dividend(till, monkeypatch):
    till = till(rules(dividend={"pool_fen": 300}))
    till.reserve()
    till.answer(lambda _, person, __: "poor" if person == "p1" else "fine")
    till.board.people("a1", role="adjudicator")
    closing, judged = AFTER + timedelta(days=1), AFTER + timedelta(days=3)
    monkeypatch.setattr(database, "now", lambda: closing)
    close(till)
    with session(till.engine) as opened:
        request = appeal(opened, till.board.round(opened), "p1", "d0", "it is poor")
        request.opened_at = closing
    till.board.advance()
    with session(till.engine) as opened:
        opened.execute(update(Assignment).where(Assignment.role == "adjudicator").values(issued_at=closing))
    reserved = till.reserve(judged).fen
    said = till.score("settle", at=judged)
    assert (reserved, said["released_fen"], said["dividend"][:20]) == (125, 0, "the dividend waits u")
    till.answer(lambda *_: "poor", "adjudicator", at=judged)
    later = judged + timedelta(days=1)
    with session(till.engine) as opened:
        round_ = till.board.round(opened)
        assert [one.decision for one in settle_appeals(opened, round_, load_standing(opened, round_, TOY), TOY)] == [
            "granted"
        ]
    till.score("settle", at=later)
    assert sum(row.amount for row in till.ledger("dividend")) == 300
    score_period(till.path, "2026-12", act="settle", at=later, scorer=Hand(), readings=lambda _: TOY)
    assert [(row.period, row.amount) for row in till.ledger("settlement") if row.party == "a1"] == [("2026-12", 100)]
    with session(till.engine) as opened:
        verify(opened)


def test_work_that_is_answered_after_the_month_in_which_it_was_sent_is_measured_by_it_too(till):
    till = till()
    till.reserve(AFTER - timedelta(days=5))
    till.answer(at=AFTER - timedelta(days=4), most=2)  # the first of December
    assert [(one["j_bp"], one["entitled_fen"]) for one in till.score("settle")["people"]] == [(8000, 200)] * 2
    till.answer(at=AFTER - timedelta(days=1))
    till.score("settle")
    assert till.paid() == {"p1": 400, "p2": 400}
    with pytest.raises(RecipeError, match="no task of any round belongs to it"):
        score_period(till.path, "2027-01", act="settle", at=AFTER, scorer=Hand(), readings=lambda _: TOY)


def test_a_month_that_waits_for_its_settlement_is_named_in_the_next(till):
    till = till()
    till.reserve()
    till.answer(most=2)

    def later(act):
        return score_period(till.path, "2026-12", act=act, at=AFTER, scorer=Hand(), readings=lambda _: TOY)["unsettled"]

    assert later("show") == [PERIOD]
    till.score("advance")
    assert later("show") == [PERIOD]
    till.score("settle")
    assert later("show") == []


def test_who_is_suspected_of_copying_gets_the_floor_until_somebody_has_decided(till):
    till = till()
    till.reserve()
    till.answer()
    scorer = Hand(p1={"copy_cluster": 1, "copy_size": 2}, p2={"copy_cluster": 1, "copy_size": 2})
    till.score("settle", scorer)
    assert till.paid() == {"p1": 144, "p2": 144}
    with session(till.engine) as opened:
        decide_copying(opened, PERIOD, "p1", confirmed=False)
        decide_copying(opened, PERIOD, "p2", confirmed=True)
    till.score("settle", scorer)
    assert till.paid() == {"p1": 400, "p2": 200}


def test_the_dividend_is_shared_out_once_when_the_period_is_over_and_exactly(till):
    till = till(rules(dividend={"pool_fen": 1001}))
    till.reserve()
    till.answer()
    till.score("settle", at=START + timedelta(days=3))
    assert till.ledger("dividend") == []
    scorer = Hand(p1={"j_bp": 5000})
    till.score("settle", scorer)
    till.score("settle")
    assert [(row.party, row.amount, row.why["points"]) for row in till.ledger("dividend")] == [
        ("p1", 334, 200), ("p2", 667, 400)
    ]  # fmt: skip
    with session(till.engine) as opened:
        assert verify(opened)["fen"]["dividend"] == 1001


def pushed(till, form, person):
    """Set aside, under these rules, for one person."""
    due = [(held, item.document) for held, item in till.board.waiting() if held.contributor == person]
    with session(till.engine) as opened:
        round_ = till.board.round(opened)
        return reserve(opened, round_, round_policy(opened, round_, form, START), [due], {}, START)


@pytest.mark.parametrize("order", [("p1", "p2"), ("p2", "p1")])
def test_the_dividend_is_what_was_taken_off_the_budget_whoever_worked_under_which_version(till, order):
    one = rules(budget={"period_fen": 2000}, dividend={"pool_fen": 200})
    other = rules(policy={"name": "p", "version": "2"}, budget={"period_fen": 2000}, dividend={"pool_fen": 900})
    till = till(one)
    pushed(till, other, order[0])
    pushed(till, one, order[1])
    till.answer()
    till.score("settle")
    assert till.paid() == {"p1": 500, "p2": 500}
    with session(till.engine) as opened:
        assert sum(opened.scalars(select(Budget.fen))) == 2000


def test_a_late_answer_under_an_old_version_counts_against_the_budget_of_the_present_one(till):
    till = till(rules(budget={"period_fen": 1000}))
    pushed(till, till.form, "p1")
    raised = rules(policy={"name": "p", "version": "2"}, budget={"period_fen": 5000}, rates={"default": 30_000})
    with session(till.engine) as opened:
        mine = [held for held in opened.scalars(select(Assignment)) if held.contributor == "p1"]
        for held in mine:
            held.state = "withdrawn"
        opened.flush()
        assert release_withdrawn(opened, till.board.round(opened)) == 500
        for held in mine:
            held.state = "issued"
    pushed(till, raised, "p2")
    till.write(raised)
    till.answer()
    till.score("settle")
    assert till.paid() == {"p1": 400, "p2": 1200}


def test_what_is_taken_back_unanswered_is_set_free(till):
    till = till(people=("p1", "p2", "p3"))
    till.reserve()
    held = account(till, "p2")[0]
    with session(till.engine) as opened:
        taken = suspend(opened, "p2")
    till.board.advance()
    till.reserve()
    assert (account(till, "p2"), taken * 125) == ((0, 0), held)
    assert [row.amount for row in till.ledger("unreserve")] == [held]
    with session(till.engine) as opened:
        verify(opened)


@pytest.mark.parametrize("low", [3000, 8000])
def test_who_deletes_what_was_paid_in_advance_stops_nobodys_pay(till, low):
    till = till()
    till.reserve()
    till.answer()
    till.score("advance", Hand(p1={"j_low_bp": low}))
    advance = till.paid()["p1"]
    with session(till.engine) as opened:
        rows = opened.execute(select(Answer, Assignment).join(Assignment, Assignment.id == Answer.assignment))
        for answer, held in rows.all():
            if held.contributor == "p1":
                answer.valid, answer.deleted, answer.refusal, answer.label = False, True, "deleted", None
                held.state = "issued"
        till.board.round(opened).state = "closed"
    till.score("settle")
    till.score("settle")
    assert till.paid() == {"p1": advance, "p2": 400}
    held, paid = account(till, "p1")
    assert paid == advance <= held < advance + 125
    with session(till.engine) as opened:
        verify(opened)


def test_answers_without_a_reserve_are_priced_now_and_paid_if_the_budget_covers_them(till):
    till = till()
    till.answer()
    assert till.score()["late"] == 8
    till.write(rules(budget={"period_fen": 999}))
    with pytest.raises(RecipeError, match=r"8 answers .* lacks 1.25 yuan"):
        till.score("settle")
    assert till.ledger() == []
    till.write(rules(budget={"period_fen": 1000}))
    till.score("settle")
    assert till.paid() == {"p1": 400, "p2": 400}


def test_what_if_says_what_another_policy_would_have_paid_and_writes_nothing(till, tmp_path):
    till = till()
    till.reserve()
    till.answer()
    till.score("settle")
    before = till.ledger(), sorted(path.name for path in (tmp_path / "scores" / PERIOD).iterdir())
    other = rules(policy={"name": "o", "version": "1"}, rates={"default": 15_000}, budget={"period_fen": 1000})
    path = till.write(other, "other.toml")
    (tmp_path / "incentive.toml").unlink()
    said = till.score(what_if=path, scorer=Hand(p2={"j_bp": 5000}))
    assert [(one["contributor"], one["now_fen"], one["then_fen"]) for one in said["people"]] == [
        ("p1", 400, 600), ("p2", 200, 300)
    ]  # fmt: skip
    assert (said["needed_fen"], said["covered"]) == (8 * 188, False)
    after = till.ledger(), sorted(path.name for path in (tmp_path / "scores" / PERIOD).iterdir())
    assert [row.seal for row in after[0]] == [row.seal for row in before[0]]
    assert after[1] == before[1]


def test_payroll_gets_every_payment_once_in_yuan_and_in_fen(till, tmp_path):
    till = till()
    till.reserve()
    till.answer(most=3)
    till.score("settle")
    with session(till.engine) as opened:
        assert write_payroll(tmp_path / "pay.csv", payroll_rows(opened, PERIOD), bom=True) == 600
    data = (tmp_path / "pay.csv").read_bytes()
    assert data[:3] == b"\xef\xbb\xbf"
    rows = list(csv.DictReader(data.decode("utf-8-sig").splitlines()))
    assert [(row["contributor"], row["yuan"], row["fen"], row["kind"]) for row in rows] == [
        ("p1", "3.00", "300", "settlement"), ("p2", "3.00", "300", "settlement")
    ]  # fmt: skip


def test_an_answer_changed_after_its_deadline_or_forged_changes_nothing(till):
    till = till()
    till.reserve()
    till.answer()
    with session(till.engine) as opened:
        first = opened.scalars(select(Answer).order_by(Answer.id)).first()
        assert first is not None
        held = opened.get_one(Assignment, first.assignment)
        opened.add(Audit(seq=900, at=START + timedelta(days=1), actor="o", action="round closed",
                         detail={"round": "r"}, previous="0", seal="x"))  # fmt: skip
        first.latest = False
        opened.flush()
        opened.add(Answer(assignment=held.id, annotation=first.annotation, sequence=901, revision=2, latest=True,
                          at=START + timedelta(days=2), valid=False, refusal="skipped", label=None))  # fmt: skip
        opened.add(Answer(assignment=held.id, annotation=902, sequence=902, revision=1, latest=False, valid=False,
                          at=START, refusal="forged: sent by account 3", label=None))  # fmt: skip
    assert [one["items"] for one in till.score()["people"]] == [4, 4]


class Kill(Exception):  # noqa: N818 - no error: the end of a process
    pass


def test_a_settlement_killed_before_any_of_its_statements_is_finished_by_the_same_command(till):
    till = till(rules(dividend={"pool_fen": 301}))
    till.reserve()
    till.answer()
    scorer = Hand(p2={"j_bp": 5000})
    number, most = 0, -1

    def count(*_):
        nonlocal number
        number += 1
        if number == most:
            raise Kill

    event.listen(till.engine, "before_cursor_execute", count)
    from annotation.incentive import period  # the engine that it opens is ours, to count its statements

    original, period.open_registry = period.open_registry, lambda _: till.engine
    try:
        kills, whole, paid = 0, {"p1": 400 + 201, "p2": 200 + 100}, []
        for most in range(1, 400):
            number = 0
            try:
                till.score("settle", scorer)
                break
            except Kill:
                kills += 1
                number, was, most = 0, most, -1  # noqa: PLW2901
                paid.append(till.paid())  # what is read for the pages comes after everything was paid
                assert paid[-1] in ({}, whole), f"killed before statement {was}"
    finally:
        period.open_registry = original
        event.remove(till.engine, "before_cursor_execute", count)
    assert kills > 25
    assert till.paid() == whole
    assert paid.count({}) > 25  # and then all of it at once
    assert paid == sorted(paid, key=len)
    with session(till.engine) as opened:
        verify(opened)


COLUMNS = [column.name for column in Ledger.__table__.columns]


@pytest.fixture(scope="module")
def settled(tmp_path_factory):
    till = Till(tmp_path_factory.mktemp("settled"), rules(dividend={"pool_fen": 301}), items=4)
    till.board.people("p1", "p2")
    till.board.advance()
    till.reserve()
    till.answer()
    till.score("advance")
    till.score("settle")
    with session(till.engine) as opened:
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'reservation'"
        prices = [name for name in opened.scalars(text(triggers)).all() if "UPDATE" in name.upper()]
        for name in ("ledger_no_UPDATE", "ledger_no_DELETE", *prices):
            opened.execute(text(f'DROP TRIGGER "{name}"'))
    return till


class Undo(Exception):  # noqa: N818 - what is tried is taken back
    pass


def broken(settled, tamper):
    """Whether `verify` finds what is done to the ledger; it is undone afterwards."""
    found = []
    with pytest.raises(Undo), session(settled.engine) as opened:  # noqa: PT012
        tamper(opened)
        opened.expire_all()
        try:
            verify(opened)
        except LedgerError as error:
            found.append(str(error))
        raise Undo
    return found


@pytest.mark.parametrize("column", COLUMNS)
def test_a_change_of_any_field_of_any_row_is_found(settled, column):
    rows = len(settled.ledger())
    other = {"at": "2026-01-01 00:00:00.000000", "amount": 7, "seq": 99, "why": '{"a": 1}', "unit": "characters",
             "kind": "correction"}.get(column, "other")  # fmt: skip
    for seq in range(1, rows + 1):

        def tamper(opened, seq=seq):
            opened.execute(text("PRAGMA ignore_check_constraints = ON"))
            opened.execute(text(f"UPDATE ledger SET {column} = :value WHERE seq = :seq"), {"value": other, "seq": seq})
            opened.execute(text("PRAGMA ignore_check_constraints = OFF"))

        assert len(broken(settled, tamper)) == 1, (column, seq)


def test_rows_that_are_deleted_put_in_or_swapped_are_found(settled):
    rows = settled.ledger()
    for row in rows:
        assert broken(
            settled, lambda opened, seq=row.seq: opened.execute(text(f"DELETE FROM ledger WHERE seq = {seq}"))
        )
    for one, other in random.Random(3).sample([(a.seq, b.seq) for a in rows for b in rows if a.seq < b.seq], 6):

        def swap(opened, one=one, other=other):
            for before, after in ((one, -1), (other, one), (-1, other)):
                opened.execute(text(f"UPDATE ledger SET seq = {after} WHERE seq = {before}"))

        assert broken(settled, swap)

    def forge(opened):  # with a seal as it should be
        last = rows[-1]
        row = Ledger(seq=last.seq + 1, at=last.at, policy="p", period=PERIOD, party="p1", unit="fen",
                     kind="correction", amount=0, ref="forged", why={}, scorer_version="", inputs="",
                     previous=last.seal)  # fmt: skip
        row.seal = seal(row)
        opened.add(row)
        opened.flush()

    assert broken(settled, forge)
    assert broken(settled, lambda opened: opened.execute(update(Account).values(paid_fen=Account.paid_fen - 1)))
    assert broken(settled, lambda opened: opened.execute(update(Budget).values(held_fen=Budget.held_fen - 1)))
    assert broken(settled, lambda _: None) == []


def test_a_pending_appeal_holds_up_only_the_dividend_of_the_period_that_pays_for_its_round(till):
    till = till(rules(dividend={"pool_fen": 300}))
    till.reserve()
    till.answer()
    with session(till.engine) as opened:
        appeal(opened, till.board.round(opened), "p1", "d0", "it is poor")
        other = Round(name="q", kind="toy", rule_version="1", run="x", purpose="work", review="none", seed=1,
                      design=till.board.round(opened).design, opened_at=START)  # fmt: skip
        opened.add(other)
        opened.flush()
        item = Item(round=other.id, document="e0", probability=0.5, overlap=1, batch=0)
        opened.add(item)
        opened.flush()
        held = Assignment(item=item.id, contributor="p2", role="annotator", key="k", place=0, state="answered",
                          issued_at=AFTER)  # fmt: skip
        opened.add(held)
        opened.flush()
        opened.add(Answer(assignment=held.id, annotation=900, sequence=900, revision=1, at=AFTER, valid=True,
                          label={"said": "fine"}, server_seconds=36.0))  # fmt: skip
    later = AFTER + timedelta(days=40)
    said = {period: score_period(till.path, period, act="settle", at=later, scorer=Hand(), readings=lambda _: TOY)
            for period in (PERIOD, "2026-12")}  # fmt: skip
    assert said[PERIOD]["dividend"] == "the dividend waits until all appeals are decided"
    assert [(row.period, row.party, row.amount) for row in till.ledger("dividend")] == [("2026-12", "p2", 300)]
    with session(till.engine) as opened:
        opened.execute(update(Item).where(Item.document == "d0").values(state="void"))
    till.score("settle", at=later)
    assert sum(row.amount for row in till.ledger("dividend") if row.period == PERIOD) == 300


@pytest.mark.parametrize("version", ["", "v 1", "第一版", "1" * 65, "=1"])
def test_a_version_of_rules_is_a_plain_short_word(version):
    with pytest.raises(ValueError, match="version"):
        rules(policy={"name": "p", "version": version})


@pytest.mark.parametrize("column", ["value_fen", "tier", "norm_ms"])
def test_a_price_that_was_changed_after_it_was_agreed_is_found(settled, column):
    def tamper(opened):
        opened.execute(text(f"UPDATE reservation SET {column} = {column} + 1 WHERE assignment = 1"))

    (said,) = broken(settled, tamper)
    assert column in said


def test_golds_of_one_class_alone_raise_nobodys_tier(till):
    till = till()
    till.reserve()
    till.answer()
    till.score("show", Hand(p1={"state": "unanchored", "cap": "unanchored", "j_bp": 5000, "j_low_bp": 4500}))
    with session(till.engine) as opened:
        tiers = opened.execute(select(Score.contributor, Score.tier).order_by(Score.contributor)).all()
    assert tiers == [("p1", 0), ("p2", 2)]


def tier_of(till, person):
    with session(till.engine) as opened:
        rows = opened.scalars(select(Score).where(Score.contributor == person).order_by(Score.period, Score.revision))
        return [(row.tier, row.parts["because"]) for row in rows][-1]


def test_a_standing_is_not_lost_by_a_month_with_few_golds(till):
    till = till()
    with session(till.engine) as opened:
        opened.add(Score(contributor="p1", kind="toy", period="2026-10", revision=1, answers=9, golds=40, j_bp=7000,
                         tier=3, parts={"because": ""}, scorer_version="hand/1", inputs="", at=START))  # fmt: skip
    till.reserve()
    till.answer()
    till.score("show", Hand(p1={"golds": 5, "j_low_bp": -900, "j_high_bp": 900}))
    assert [tier_of(till, "p1"), tier_of(till, "p2")] == [(3, "kept"), (2, "reached")]


def test_the_highest_standing_of_locked_rounds_needs_a_credential_in_force(till):
    till = till(settings={"round": {"domain_locked": "medicine"}}, people=("p1", "p2"), later=timedelta(0))
    with session(till.engine) as opened:
        verify_credential(opened, "p2", domain="medicine", verifier="o", valid_days=999, evidence="seen")
    scorer = Hand(**{name: {"j_low_bp": 7000} for name in ("p1", "p2")})
    with session(till.engine) as opened:
        for number, item in enumerate(opened.scalars(select(Item)).all()):
            person = ("p1", "p2")[number % 2]
            opened.add(Assignment(item=item.id, contributor=person, role="annotator", key=str(number), place=number,
                                  issued_at=START))  # fmt: skip
    till.answer()
    till.score("show", scorer)
    assert [tier_of(till, "p1"), tier_of(till, "p2")] == [(2, "no_credential"), (3, "reached")]


def test_two_that_score_one_workspace_do_not_collide(till):
    till = till()
    till.reserve()
    till.answer()

    class Inner(Hand):
        def __call__(self, answers, classes):
            with pytest.raises(RecipeError, match="another command is scoring"):
                till.score()
            with pytest.raises(RecipeError, match="another command is scoring"):
                till.score("settle")
            return super().__call__(answers, classes)

    assert till.score("settle", Inner())["due_fen"] == 800
    assert till.score()["due_fen"] == 0


def test_void_items_are_paid_and_measure_nobody(till):
    till = till()
    till.reserve()
    till.answer()
    with session(till.engine) as opened:
        opened.execute(update(Item).where(Item.document == "d0").values(state="void"))
    said = till.score()
    assert (said["answers"], [one["items"] for one in said["people"]]) == (6, [4, 4])


def test_nothing_is_paid_on_a_ledger_that_somebody_has_touched(till):
    till = till()
    till.reserve()
    till.answer()
    with session(till.engine) as opened:
        opened.execute(text('DROP TRIGGER "ledger_no_UPDATE"'))
        opened.execute(text("UPDATE ledger SET ref = 'other' WHERE seq = 1"))
    for act in ("advance", "settle"):
        with pytest.raises(LedgerError, match="broken at row 1"):
            till.score(act)
    assert till.paid() == {}


def test_what_was_paid_for_another_period_is_nothing_that_was_paid_for_this_one(till):
    till = till()
    till.reserve()
    till.answer()
    till.score("settle")
    with session(till.engine) as opened:
        assert {key[0]: [row.amount for row in rows] for key, rows in payments_before(opened, PERIOD).items()} == {
            "p1": [400], "p2": [400]
        }  # fmt: skip
        assert payments_before(opened, "2026-12") == {}


def test_a_tier_counts_from_the_next_period_on_as_it_was_last_entered(till):
    till = till()
    with session(till.engine) as opened:
        for period, revision, tier in (("2026-10", 1, 3), ("2026-10", 2, 1), ("2026-09", 1, 2), (PERIOD, 1, 0)):
            opened.add(Score(contributor="p1", kind="toy", period=period, revision=revision, answers=9, golds=40,
                             j_bp=7000, tier=tier, parts={}, scorer_version="", inputs="", at=START))  # fmt: skip
    with session(till.engine) as opened:
        assert [standings(opened, period) for period in ("2026-09", "2026-10", PERIOD, "2026-12")] == [
            {}, {("p1", "toy"): 2}, {("p1", "toy"): 1}, {("p1", "toy"): 0}
        ]  # fmt: skip


def test_rules_that_changed_under_the_same_version_are_not_even_shown(till):
    till = till()
    till.reserve()
    till.answer()
    till.write(rules(rates={"default": 20_000}))
    with pytest.raises(RecipeError, match="version of its own"):
        till.score()


def test_a_task_is_paid_out_of_the_month_in_which_it_was_sent_whenever_it_is_answered(till):
    till = till()
    till.reserve()
    till.answer(most=2)
    till.score("settle")
    till.answer(at=AFTER - timedelta(days=2))
    till.score("settle")
    assert [(row.kind, row.amount) for row in till.ledger("settlement", "correction") if row.party == "p1"] == [
        ("settlement", 200), ("correction", 200)
    ]  # fmt: skip
    assert {row.period for row in till.ledger()} == {PERIOD}


def test_a_verdict_is_gold_for_annotators_and_for_the_reviewer_and_its_author_is_paid_flat(till):
    till = till(review="every", items=2)
    till.board.people("r1", role="reviewer")
    till.board.people("a1", role="adjudicator")
    till.answer()
    till.board.advance()
    till.answer(lambda document, *_: "poor" if document == "d0" else "fine", "reviewer")
    till.board.advance()
    till.answer(lambda *_: "poor", "adjudicator")
    till.score()
    table = read_table(till.path / "scores" / PERIOD / "answers.parquet").to_pylist()
    assert sorted((row["contributor"], row["kind"], row["label"], row["gold"] or "") for row in table) == [
        ("p1", "toy", "fine", ""), ("p1", "toy", "fine", "poor"), ("p2", "toy", "fine", ""),
        ("p2", "toy", "fine", "poor"), ("r1", "toy/review", "accept", ""), ("r1", "toy/review", "reject", "reject"),
    ]  # fmt: skip
    till.score("settle")
    (row,) = [row for row in till.ledger("settlement") if row.party == "a1"]
    assert (row.why["kind"], row.why["flat"], row.why["m_bp"], row.amount) == ("toy/adjudication", 1, 10_000, 100)
