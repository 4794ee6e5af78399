import numpy as np
import pyarrow as pa
import pytest

from filters.policy import Rule, decide


def column(*values):
    return {"a.b": pa.array(values)}


def broken(rule, **attributes):
    arrays = {name.replace("__", "."): pa.array(values) for name, values in attributes.items()}
    return rule.broken_by(arrays).tolist()


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        (Rule("r", "a.b", at_least=0.7), [0.7, 0.69, 1.0], [False, True, False]),
        (Rule("r", "a.b", at_most=0.7), [0.7, 0.71], [False, True]),
        (Rule("r", "a.b", at_least=1, at_most=2), [0, 1, 2, 3], [True, False, False, True]),
        (Rule("r", "a.b", at_least=0), [0.0, float("nan"), float("inf")], [False, True, False]),
        (Rule("r", "a.b", at_most=5), [float("nan"), float("-inf")], [True, False]),
        (Rule("r", "a.b", at_least=0), [0.0, None], [False, True]),
        (Rule("r", "a.b", at_least=0, missing="pass"), [0.0, None, -1.0], [False, False, True]),
        (Rule("r", "a.b", one_of=("zh", "yue")), ["zh", "en", None], [False, True, True]),
        (Rule("r", "a.b", none_of=("en",)), ["zh", "en", None], [False, True, True]),
        (Rule("r", "a.b", one_of=(1, 2)), [1, 3], [False, True]),
    ],
)
def test_bounds(rule, values, expected):
    assert rule.broken_by(column(*values)).tolist() == expected


def test_a_condition_limits_a_rule_and_an_unknown_condition_does_not_fulfil_it():
    rule = Rule("r", "a.b", at_least=10, when=("a.lect", ("yue", "lzh")))

    assert broken(rule, a__b=[1, 1, 1, 99], a__lect=["yue", "zh", None, "lzh"]) == [True, False, False, False]


def test_the_first_broken_rule_is_the_reason_and_all_broken_ones_are_told():
    rules = [Rule("short", "a.n", at_least=5), Rule("foreign", "a.l", one_of=("zh",))]
    attributes = {"a.n": pa.array([1, 9, 1, 9]), "a.l": pa.array(["en", "en", "zh", "zh"])}

    verdict = decide(rules, attributes, 4)

    assert verdict["verdict.keep"].to_pylist() == [False, False, False, True]
    assert verdict["verdict.reason"].to_pylist() == ["short", "foreign", "short", None]
    assert verdict["verdict.failed"].to_pylist() == [["short", "foreign"], ["foreign"], ["short"], []]


def test_review_keeps_and_lists_and_hold_keeps_out_for_a_reason_of_its_own():
    rules = [
        Rule("short", "a.n", at_least=5),
        Rule("odd", "a.odd", at_most=0.5, action="review"),
        Rule("worse", "a.odd", at_most=0.8, action="hold"),
    ]
    attributes = {"a.n": pa.array([9, 9, 9, 1]), "a.odd": pa.array([0.1, 0.6, 0.9, 0.9])}

    verdict = decide(rules, attributes, 4)

    assert verdict["verdict.keep"].to_pylist() == [True, True, False, False]
    assert verdict["verdict.reason"].to_pylist() == [None, None, "held_for_review", "short"]
    assert verdict["verdict.failed"].to_pylist() == [[], [], ["held_for_review"], ["short", "held_for_review"]]
    assert verdict["verdict.review"].to_pylist() == [[], ["odd"], ["odd", "worse"], ["odd", "worse"]]


def test_without_rules_everything_is_kept():
    verdict = decide([], {}, 2)

    assert verdict["verdict.keep"].to_pylist() == [True, True]
    assert verdict["verdict.failed"].to_pylist() == [[], []]


def test_a_verdict_on_no_rows_has_no_rows():
    assert decide([Rule("r", "a.b", at_least=0)], {"a.b": pa.array([], pa.float64())}, 0).num_rows == 0


def test_bounds_are_said_in_words():
    rule = Rule("r", "a.b", at_least=0.1, when=("a.l", ("zh", "yue")))

    assert rule.bounds() == ">= 0.1 and when a.l is zh or yue"


def test_broken_says_bool_for_each_row():
    assert Rule("r", "a.b", at_least=1).broken_by(column(1)).dtype == np.bool_
