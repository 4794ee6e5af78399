"""Exact bounds of a share: the table of the compliance notes to the digit, and scipy's beta quantiles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betaincinv

from pipeline.proportion import Rate, lower_bound, most_bad, upper_bound


def test_as_many_may_be_bad_as_the_table_says():
    assert [most_bad(n, 500) for n in (59, 100, 200, 400, 1000, 4000)] == [0, 1, 4, 12, 38, 177]
    assert most_bad(58, 500) == -1  # too few to be sure of anything
    assert most_bad(4000, 400) == 139


def test_160_of_4000_pass_to_the_letter_and_not_with_confidence():
    rate = Rate(4000, 160, 400)
    assert (rate.letter_pass, rate.confident_pass, f"{rate.upper:.2%}") == (True, False, "4.55%")
    assert [Rate(4000, bad, 400).confident_pass for bad in (139, 140)] == [True, False]
    assert [Rate(4000, bad, 400).letter_pass for bad in (160, 161)] == [True, False]


@pytest.mark.parametrize("n", [59, 100, 200, 400, 1000, 4000])
def test_the_table_is_where_confidence_ends(n):
    most = most_bad(n, 500)
    assert [Rate(n, bad, 500).confident_pass for bad in (most, most + 1)] == [True, False]


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), st.sampled_from([0.95, 0.975]))
def test_bounds_are_quantiles_of_the_beta_distribution(sample, confidence):
    n, bad = sample
    above = 1.0 if bad == n else betaincinv(bad + 1, n - bad, confidence)
    below = 0.0 if bad == 0 else betaincinv(bad, n - bad + 1, 1 - confidence)
    assert upper_bound(n, bad, confidence) == pytest.approx(above, abs=1e-9)
    assert lower_bound(n, bad, confidence) == pytest.approx(below, abs=1e-9)


def test_nothing_looked_at_passes_nothing():
    rate = Rate(0, 0, 500)
    assert (rate.letter_pass, rate.confident_pass, rate.upper, rate.interval) == (False, False, 1.0, (0.0, 1.0))
