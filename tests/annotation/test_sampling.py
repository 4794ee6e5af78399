"""Samples: reproducible, with the chances they claim; estimates unbiased, intervals that cover the truth."""

import numpy as np
import pytest

from annotation.estimates import Design, respond, rules, share, total, wilson
from annotation.sampling import allocate, disputed, draw, inclusion, near_bounds, uncertain
from tests.benchmarks.estimates import coverage

IDS = [f"document-{number}" for number in range(60)]


def test_the_seed_and_the_ids_decide_not_the_order_of_the_documents():
    chosen = {IDS[row] for row in draw(IDS, 20, seed=5).rows}
    turned = IDS[::-1]
    assert {turned[row] for row in draw(turned, 20, seed=5).rows} == chosen
    assert {IDS[row] for row in draw(IDS, 20, seed=6).rows} != chosen


def test_every_document_is_drawn_as_often_as_is_claimed():
    strata = ["a" if number < 45 else "b" for number in range(60)]
    weights = 1 + np.arange(60) % 4.0
    drawn, claimed = np.zeros(60), np.zeros(60)
    for seed in range(2000):
        sample = draw(IDS, 20, seed=seed, strata=strata, weights=weights)
        drawn[sample.rows] += 1
        claimed[sample.rows] = sample.probability
        assert len(sample.rows) == 20
    assert np.abs(drawn / 2000 - claimed).max() < 0.045  # four standard deviations of 2,000 draws
    assert sample.population == {"a": 45, "b": 15}


@pytest.mark.parametrize(
    ("population", "size", "balanced", "expected"),
    [
        ([100, 100], 10, False, [5, 5]),
        ([900, 100], 10, False, [8, 2]),  # two of each at least
        ([900, 100], 40, True, [30, 10]),  # by square roots
        ([1000, 1, 3], 10, False, [7, 1, 2]),
        ([3, 3], 10, False, [3, 3]),
        ([50, 50, 50], 4, False, [2, 1, 1]),  # too few for two of each
    ],
)
def test_a_sample_is_shared_out_among_strata(population, size, balanced, expected):
    given = allocate(np.array(population), min(size, sum(population)), balanced=balanced)
    assert given.tolist() == expected


def test_chances_follow_the_weights_and_none_is_above_1():
    assert inclusion(np.array([1.0, 1.0, 8.0]), 2).tolist() == [0.5, 0.5, 1.0]
    assert inclusion(np.array([1.0, 2.0]), 5).tolist() == [1.0, 1.0]


def test_documents_near_a_bound_of_any_rule_weigh_more():
    values = np.array([0.0, 10.0, 20.0, 30.0, 1000.0, np.nan])
    weights = near_bounds([values], [19.0])
    assert weights.argmax() in {1, 2}
    assert weights[4] < weights[3] < weights[2]
    assert weights[5] == weights.min() == 0.25  # a document far away is drawn too, and so is an unmeasured one


def test_unsure_and_disputed_documents_weigh_more():
    assert uncertain(np.array([0.0, 0.5, np.nan])).tolist() == [0.25, 1.25, 0.25]
    assert disputed([np.array([0.1, 0.9]), np.array([0.1, 0.2])]).round(9).tolist() == [0.25, 0.95]


def test_a_full_count_has_no_doubt_and_no_documents_say_nothing():
    design = Design(np.ones(4), np.zeros(4, np.int64))
    hit = np.array([True, False, False, False])
    assert share(design, hit).as_json() == {"value": 0.25, "low": 0.25, "high": 0.25, "documents": 4}
    assert share(design, hit, np.zeros(4, bool)).as_json() == {"value": None, "low": 0, "high": 1, "documents": 0}
    assert total(Design(np.array([0.5, 0.25]), np.zeros(2, np.int64)), np.array([1.0, 1.0])) == 6


def test_nothing_found_in_a_sample_does_not_mean_that_nothing_is_there():
    estimate = share(Design(np.full(100, 0.01), np.zeros(100, np.int64)), np.zeros(100, bool))
    assert (estimate.value, estimate.low) == (0, 0)
    assert 0.03 < estimate.high < 0.045  # a simple random sample of 100 without a hit: 0.037


def test_wilsons_interval_is_the_textbooks():
    # R. G. Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263 and 15 of 148.
    assert [round(edge, 4) for edge in wilson(81 / 263, 263)] == [0.2553, 0.3662]
    assert [round(edge, 4) for edge in wilson(15 / 148, 148)] == [0.0624, 0.1605]


def test_answered_documents_stand_for_those_of_their_stratum_that_wait():
    design = respond(np.array([0.5, 0.5, 0.2, 0.2]), ["a", "a", "b", "b"], np.array([True, False, True, True]))
    assert design.weights.tolist() == [4, 5, 5]


def test_rules_are_right_and_lose_by_what_people_said():
    design = Design(np.full(8, 0.5), np.zeros(8, np.int64))
    bad = np.array([1, 1, 1, 0, 0, 0, 0, 0], bool)
    short = np.array([1, 1, 0, 1, 0, 0, 0, 0], bool)
    found = rules(design, {"too_short": short}, short, bad)
    assert found["too_short"]["precision"].value == 2 / 3
    assert found["too_short"]["recall"].value == 2 / 3
    assert found["policy"]["lost"].value == 1 / 5
    assert found["policy"]["passed"].value == 1 / 5


@pytest.mark.parametrize("case", ["at random, 30 % bad, 300 of 3,000", "near the bound, 10 % bad, 300"])
def test_intervals_cover_the_truth(case):
    rates = [rate for rate, *_ in coverage(case, 100).values()]
    assert 0.93 <= np.mean(rates) <= 0.97  # the benchmark has more cases, and draws a thousand samples of each
