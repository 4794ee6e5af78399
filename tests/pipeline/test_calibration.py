"""Calibration and thresholds, against counting by hand."""

import numpy as np
import pytest

from pipeline.calibration import area_under_curve, calibration_error, fit_platt, measure_bound, propose_bound

RANDOM = np.random.default_rng(5)


def test_the_area_is_the_share_of_pairs_in_order_ties_half():
    scores = RANDOM.integers(0, 12, 60) / 12
    good = RANDOM.random(60) < 0.4
    pairs = [(g > b) + (g == b) / 2 for g in scores[good] for b in scores[~good]]

    assert area_under_curve(scores, good) == pytest.approx(np.mean(pairs))


def test_platt_finds_the_chances_that_the_truth_was_drawn_with():
    raw = RANDOM.normal(0, 3, 40_000)
    good = RANDOM.random(40_000) < 1 / (1 + np.exp(-(0.7 * raw - 1.2)))

    assert fit_platt(raw, good, np.ones(40_000)) == pytest.approx((0.7, -1.2), abs=0.06)


def test_platt_stays_finite_where_the_classes_are_apart():
    slope, intercept = fit_platt(np.array([-2.0, -1.0, 1.0, 2.0]), np.array([False, False, True, True]), np.ones(4))

    assert (0.2 < slope < 2, abs(intercept) < 1e-3) == (True, True)


def test_the_calibration_error_is_the_gap_between_told_and_true():
    scores = np.array([0.05, 0.05, 0.95, 0.95])

    assert calibration_error(scores, np.array([False, False, True, False]), np.ones(4)) == pytest.approx(
        0.5 * 0.05 + 0.5 * 0.45
    )


def test_a_bound_is_inclusive_and_counted_by_weight():
    scores, good = np.array([0.2, 0.5, 0.5, 0.9]), np.array([True, True, False, True])
    bound = measure_bound(0.5, scores, good, np.array([1.0, 2.0, 1.0, 1.0]))

    assert (bound.precision, bound.recall, bound.kept) == pytest.approx((3 / 4, 3 / 4, 4 / 5))
    assert bound.recall_interval == pytest.approx((0.2077, 0.9385), abs=1e-4)  # Wilson's for 2 of 3


def test_the_proposed_bound_is_the_highest_that_keeps_enough():
    scores = np.array([0.1, 0.405, 0.6, 0.8, 0.9])
    good = np.array([False, True, True, True, True])

    assert propose_bound(scores, good, np.ones(5), 0.95) == 0.4
    assert propose_bound(scores, good, np.ones(5), 0.75) == 0.6
