"""Tiers that do not flap, points that never fall for more work, and agreement beside alpha."""

import pyarrow as pa
import pytest

from annotation.agreement import ac1, raw_agreement
from annotation.consensus import Votes
from annotation.incentive.tiers import tiers
from annotation.incentive.worth import points


def scores(low, high, golds=40, state="anchored"):
    columns = {"contributor": ["p"], "kind": ["k"], "golds": [golds], "j_low_bp": [low], "j_high_bp": [high]}
    return pa.table({**columns, "state": [state]})


def before(tier):
    return {("p", "k"): tier}


@pytest.mark.parametrize(
    ("low", "high", "golds", "had", "expected"),
    [
        (1999, 3000, 40, 0, (0, "below")),
        (2000, 3000, 40, 0, (1, "reached")),
        (6000, 9000, 40, 0, (3, "reached")),
        (9000, 9500, 19, 0, (0, "few_golds")),
        (3000, 6000, 40, 3, (3, "kept")),  # the upper bound still reaches it
        (3000, 5999, 40, 3, (2, "fallen")),
        (-5000, 1000, 40, 3, (0, "fallen")),
        (-5000, 1000, 5, 2, (2, "kept")),  # too few golds to take it away
    ],
)
def test_up_by_the_lower_bound_and_down_by_the_upper(low, high, golds, had, expected):
    row = tiers(scores(low, high, golds), before(had)).to_pylist()[0]
    assert (row["tier"], row["because"]) == expected


@pytest.mark.parametrize(("high", "expected"), [(5000, (3, "kept")), (4999, (2, "fallen"))])
def test_a_bound_that_stands_for_want_of_golds_takes_no_tier_away(high, expected):
    row = tiers(scores(1000, high, state="unanchored"), before(3)).to_pylist()[0]
    assert (row["tier"], row["because"]) == expected


def test_the_highest_tier_of_a_locked_domain_needs_a_credential():
    assert tiers(scores(7000, 9000), None, verified=[])["tier"].to_pylist() == [2]
    assert tiers(scores(7000, 9000), None, verified=["p"])["tier"].to_pylist() == [3]
    assert tiers(scores(7000, 9000, state="unanchored"))["because"].to_pylist() == ["unanchored"]


def test_points_are_whole_and_shared_by_those_who_answer_as_one():
    assert [points(24800, 7000, 1), points(24800, 7000, 6), points(0, 9000, 1)] == [17360, 2893, 0]
    assert points(10**15, 12_500, 1) == 125 * 10**13  # more than int64 holds in between
    for value, m_bp in ((-1, 1), (1, -1)):
        with pytest.raises(ValueError, match="0 or more"):
            points(value, m_bp, 1)


def test_ac1_is_gwets_worked_by_hand():
    # Four items by two people: xx, xx, xx, xy. raw 3/4; shares 7/8, 1/8; chance 7/32; (24 - 7) / (32 - 7).
    table = pa.table({"item": list("aabbccdd"), "contributor": list("pqpqpqpq"), "label": list("xxxxxxxy")})
    votes = Votes.of(table, ["x", "y"])
    assert raw_agreement(votes) == 0.75
    assert ac1(votes) == pytest.approx(17 / 25)
    assert ac1(Votes.of(table.slice(0, 1), ["x", "y"])) is None
