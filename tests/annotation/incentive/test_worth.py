"""Money by itself: integers, bounds and order, on random settlements; sharing out; rules of pay as a file."""

import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from annotation.incentive.dividend import share_out
from annotation.incentive.policy import check_policy, load_policy
from annotation.incentive.settlement import Share
from annotation.incentive.works import _gaps
from annotation.incentive.worth import Measured, credited_ms, entitle, flat_bp, multiplier_bp, reserve_fen, value_fen
from pipeline.errors import RecipeError
from tests.annotation.incentive.till import START, rules

TRIALS = 20_000


def random_rules(rng):
    zero = rng.randrange(0, 5000)
    wmin = rng.randrange(0, 5000)
    form = rules(
        rates={"default": rng.randrange(1, 30_000), "domains": {"law": rng.randrange(1, 50_000)}},
        floor={"wmin_fen_h": wmin, "credited_norms": rng.randrange(1, 5), "low_rates_because": "chance"},
        norms=[{"kind": "default", "seconds": rng.randrange(1, 200),
                "seconds_per_1000_characters": rng.randrange(0, 100)}],
        multiplier={"j_zero_bp": zero, "j_full_bp": rng.randrange(zero + 1, 10_001),
                    "most_bp": rng.randrange(10_000, 30_001)},
        roles={"adjudication_bp": rng.randrange(0, 30_001), "review_bp": rng.choice([None, 0, 9000, 25_000])},
    )  # fmt: skip
    check_policy(form, "random")
    return form


def random_measured(rng):
    j = rng.randrange(-10_000, 10_001)
    return Measured(
        j, max(-10_000, j - rng.randrange(0, 5000)), rng.choice([None, rng.randrange(-10_000, 10_001)]),
        rng.randrange(0, 100), rng.choice(["anchored", "unanchored", "none"]), "none", rng.choice([1, 1, 1, 2, 7]),
        rng.choice(["", "", "suspected", "confirmed", "cleared"]),
    )  # fmt: skip


def test_20_000_random_settlements_are_integers_within_the_reserve_and_rise_with_j_and_with_items():
    rng = random.Random(7)
    form = random_rules(rng)
    for trial in range(TRIALS):
        if trial % 50 == 0:
            form = random_rules(rng)
        kind = rng.choice(["quality", "quality/review", "quality/adjudication"])
        value = reserved = milliseconds = 0
        last = None
        said = random_measured(rng)
        for _ in range(rng.randrange(1, 6)):
            norm = form.norm_ms(kind, rng.randrange(0, 5000))
            worth = value_fen(form, rng.choice(["", "law"]), norm, rng.randrange(4))
            gap = rng.choice([None, rng.randrange(0, 600_000)])
            credited = credited_ms(form, norm, rng.choice([None, rng.uniform(-5, 900)]), rng.uniform(0, 900), gap)
            assert type(worth) is int
            assert type(credited) is int
            value, milliseconds = value + worth, milliseconds + credited
            reserved += reserve_fen(form, worth, norm)
            owed = entitle(form, kind, value, milliseconds // 1000, said)
            assert [type(part) for part in (owed.m_bp, owed.variable_fen, owed.floor_fen, owed.entitled_fen)] == (
                [int] * 4
            )
            assert 0 <= owed.entitled_fen <= reserved
            assert last is None or last <= owed.entitled_fen  # more items are never worth less
            last = owed.entitled_fen
        better = replace(said, j_bp=min(10_000, said.j_bp + rng.randrange(2000)))
        assert entitle(form, kind, value, milliseconds // 1000, better).entitled_fen >= last
        low = entitle(form, kind, value, milliseconds // 1000, said, low=True)
        assert low.entitled_fen <= last  # an advance is never above what is owed


def test_20_000_dividends_are_exact_and_whoever_has_more_points_never_gets_less():
    rng = random.Random(8)
    for _ in range(TRIALS):
        points = {f"p{k}": rng.choice([0, rng.randrange(5), rng.randrange(10**6)]) for k in range(rng.randrange(1, 9))}
        pool = rng.choice([0, 1, rng.randrange(100), rng.randrange(10**7)])
        parts = share_out(pool, points)
        assert sum(parts.values()) == (pool if any(points.values()) else 0)
        assert min(parts.values()) >= 0
        name = rng.choice(sorted(points))
        more = share_out(pool, {**points, name: points[name] + rng.choice([1, rng.randrange(1, 10**5)])})
        assert more[name] >= parts[name]


def test_equal_remainders_go_by_name_whatever_the_order():
    assert share_out(2, {"c": 1, "a": 1, "b": 1}) == {"a": 1, "b": 1, "c": 0}
    assert share_out(5, {"a": 0, "b": 0}) == {"a": 0, "b": 0}


@pytest.mark.parametrize(("j_bp", "m_bp"), [(-10_000, 0), (2000, 0), (2001, 1), (5000, 5000), (8000, 10_000),
                                            (9500, 12_500), (10_000, 12_500)])  # fmt: skip
def test_the_multiplier_is_a_straight_line_with_two_ends(j_bp, m_bp):
    assert multiplier_bp(rules(), j_bp) == m_bp


def test_the_worked_example_of_the_reference():
    """0.62 of J, 248.00 yuan of values, a floor of 96.30 yuan: 173.60 yuan."""
    form = rules(floor={"wmin_fen_h": 2500})
    owed = entitle(form, "quality", 24_800, 13_867, Measured(6200, 5000, 9000, 24, "anchored"))
    assert (owed.m_bp, owed.variable_fen, owed.floor_fen, owed.entitled_fen) == (7000, 17_360, 9630, 17_360)


def test_half_a_fen_of_value_is_a_whole_one():
    form = rules()  # 10,000 fen an hour
    assert [value_fen(form, "", norm_ms, 0) for norm_ms in (179, 180, 539, 540)] == [0, 1, 1, 2]


def test_a_flat_multiplier_is_for_reviewers_of_whom_nothing_can_be_measured():
    form = rules(roles={"review_bp": 9000, "adjudication_bp": 11_000})
    by_kind = {kind: [flat_bp(form, kind, Measured(5000, 4000, state=state)) for state in ("anchored", "unanchored")]
               for kind in ("toy", "toy/review", "toy/adjudication")}  # fmt: skip
    assert by_kind == {"toy": [None, None], "toy/review": [None, 9000], "toy/adjudication": [11_000, 11_000]}


@pytest.mark.parametrize(("copying", "points"), [("", 200), ("suspected", 0), ("confirmed", 0), ("cleared", 400)])
def test_points_of_who_answers_as_one_are_shared_none_or_whole_as_somebody_has_decided(copying, points):
    said = Measured(8000, 8000, copy_size=2, copying=copying)
    assert Share("p", "toy", rules(), "2026-11", said, None, items=4, value_fen=400).points() == points


def test_time_since_the_submission_before_goes_by_the_clock_not_by_the_order_of_issue():
    sent = [("p", 1, 40), ("p", 2, 10), ("q", 3, 20), ("p", 4, 25)]
    given = [SimpleNamespace(contributor=who, assignment=number, at=START + timedelta(seconds=at))
             for who, number, at in sent]  # fmt: skip
    assert _gaps(given) == {2: None, 4: 15_000, 1: 15_000, 3: None}


def test_the_floor_is_owed_to_everybody_but_those_whom_golds_or_a_person_convict():
    form, owed = rules(), lambda **said: entitle(rules(), "quality", 1000, 3600, Measured(0, 0, **said)).entitled_fen
    assert form.floor.wmin_fen_h == owed() == owed(gold_cap_bp=0, golds=39) == owed(gold_cap_bp=2000, golds=90) == 3600
    assert owed(gold_cap_bp=1999, golds=40) == owed(copying="confirmed") == 0


def test_variable_pay_of_suspects_waits_is_shared_when_confirmed_and_whole_when_cleared():
    def owed(copying):
        found = entitle(rules(), "quality", 1000, 0, Measured(8000, 8000, copy_size=4, copying=copying))
        return found.entitled_fen, found.held_fen

    assert [owed(said) for said in ("suspected", "confirmed", "cleared")] == [(0, 250), (250, 0), (1000, 0)]


def test_time_is_what_the_server_saw_within_three_norms_and_never_more_than_has_passed():
    form = rules()
    assert credited_ms(form, 36_000, 50.0, 1.0, None) == 50_000
    assert credited_ms(form, 36_000, 5000.0, None, None) == 108_000
    assert credited_ms(form, 36_000, 5000.0, None, 2000) == 2000  # two hundred open tabs
    assert credited_ms(form, 36_000, None, 70.0, 60_000) == 60_000
    assert credited_ms(form, 36_000, None, 70.0, None) == 0  # only the browser says so


def test_the_example_is_a_policy_and_every_key_of_it_is_known():
    form = load_policy(Path(__file__).parents[3] / "sample_data" / "incentive.toml")
    assert (form.label, form.rate("medicine"), form.rate("sport")) == ("example 2026-11", 15_000, 6000)
    assert form.norm_ms("safety/review", 500) == 42_000
    assert form.norm_ms("domain/review", 500) == 45_000


@pytest.mark.parametrize(
    ("parts", "word"),
    [
        ({"rates": {"default": 7199}}, "low_rates_because"),
        ({"rates": {"default": 9000, "domains": {"law": 100}}}, r"rates \(law\)"),
        ({"norms": [{"kind": "quality", "seconds": 3}]}, '"default"'),
        ({"norms": [{"kind": kind, "seconds": 3} for kind in ("default", "safty/review")]}, 'mean "safety/review"'),
        ({"rates": {"default": 9000, "domains": {"medecine": 9000}}}, 'mean "medicine"'),
        ({"norms": [{"kind": "default", "seconds": 3}] * 2}, "each kind once"),
        ({"multiplier": {"j_zero_bp": 8000, "j_full_bp": 8000}}, "above j_zero_bp"),
        ({"tiers": {"t1_bp": 12_000}}, "higher tier"),
        ({"dividend": {"pool_fen": 10**7}}, "pool_fen"),
        ({"budget": {"period_fen": 5, "periods": {"2026-13": 5}}}, "2026-13"),
        ({"policy": {"name": "p", "version": "1", "timezone": "Asia/Atlantis"}}, "Atlantis"),
    ],
)
def test_what_does_not_fit_together_is_refused_with_the_reason(parts, word):
    with pytest.raises(RecipeError, match=word):
        check_policy(rules(**parts), "policy")


def test_a_low_rate_passes_with_a_reason_and_floats_and_unknown_keys_never(tmp_path):
    check_policy(rules(rates={"default": 1}, floor={"wmin_fen_h": 3600, "low_rates_because": "a trial"}), "policy")
    path = tmp_path / "p.toml"
    path.write_text('[policy]\nname = "p"\nversion = "1"\n[rates]\ndefault = 50.5\n[floor]\nwmin = 1\n', "utf-8")
    with pytest.raises(RecipeError, match=r'(?s)whole number.*wmin: unknown key; did you mean "wmin_fen_h"'):
        load_policy(path)
