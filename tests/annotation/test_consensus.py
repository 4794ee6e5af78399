"""Consensus and agreement: worked examples of the literature, and the truth of real crowds."""

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from annotation.agreement import alpha, span_alpha
from annotation.consensus import METHODS, Votes, dawid_skene, majority

CROWD = Path(__file__).resolve().parents[2] / "../shared/data/labels/crowd"

# K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: four observers, twelve units.
OBSERVERS = (
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)


def votes(rows, classes, items=None):
    columns = zip(*rows, strict=True)
    table = pa.table(dict(zip(("item", "contributor", "label"), map(list, columns), strict=True)))
    return Votes.of(table, classes, items)


def krippendorff():
    rows = [
        (f"{unit:02d}", str(observer), label)
        for observer, line in enumerate(OBSERVERS)
        for unit, label in enumerate(line.split())
        if label != "."
    ]
    return votes(rows, list("12345"))


def test_alpha_is_krippendorffs():
    assert round(alpha(krippendorff()), 3) == 0.743
    assert round(alpha(krippendorff(), "ordinal"), 3) == 0.815


def test_alpha_says_nothing_where_nothing_can_be_compared():
    assert alpha(votes([("a", "p", "1"), ("b", "q", "2")], ["1", "2"])) is None  # no item with two answers
    assert alpha(votes([("a", "p", "1"), ("a", "q", "1")], ["1", "2"])) is None  # everybody always said the same


def test_alpha_of_spans_is_krippendorffs():
    # K. Krippendorff, Content Analysis (2004), p. 254: a continuum from 150 to 450, two observers, kinds c and k.
    one = [(75, 145, "c"), (220, 250, "c"), (30, 90, "k"), (150, 200, "k")]
    other = [(70, 150, "c"), (205, 225, "c"), (250, 270, "c"), (30, 90, "k"), (150, 200, "k")]
    found = span_alpha([(300, {"i": one, "j": other})])
    assert {kind: round(value, 4) for kind, value in found.items()} == {"c": 0.7286, "k": 1.0, "": 0.8587}


def test_spans_in_several_texts_add_up_and_people_who_found_nothing_count():
    one, nothing = [(10, 20, "t")], []
    agreed = span_alpha([(100, {"i": one, "j": one}), (100, {"i": nothing, "j": nothing})])
    missed = span_alpha([(100, {"i": one, "j": nothing}), (100, {"i": nothing, "j": one})])
    assert agreed == {"t": 1.0, "": 1.0}
    assert missed["t"] < 0.1
    assert span_alpha([(100, {"i": nothing, "j": nothing})]) == {"": None}


def test_a_majority_counts_and_a_tie_goes_to_the_first_class():
    belief = majority(votes([("a", "p", "x"), ("a", "q", "y"), ("b", "p", "y")], ["x", "y"], ["a", "b", "c"]))
    assert belief.posterior.tolist() == [[0.5, 0.5], [0, 1], [0.5, 0.5]]
    assert belief.labels.tolist() == [0, 1, 0]
    assert belief.needs_review.tolist() == [True, False, True]


def test_dawid_and_skene_hear_one_who_knows_above_two_who_do_not():
    generator = np.random.default_rng(1)
    truth = generator.integers(0, 2, 400)
    rows = []
    for item, true in enumerate(truth):
        for person, right in (("knows", 0.97), ("guesses", 0.5), ("guesses too", 0.5), ("knows much", 0.85)):
            said = true if generator.random() < right else 1 - true
            rows.append((f"{item:03d}", person, str(said)))
    belief = dawid_skene(votes(rows, ["0", "1"]))
    assert belief.converged
    assert (belief.labels == truth).mean() > 0.95 > (majority(votes(rows, ["0", "1"])).labels == truth).mean()
    assert belief.errors[votes(rows, ["0", "1"]).people.index("knows"), 0, 0] > 0.9


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_every_method_keeps_its_word(method):
    rows = [("a", "p", "x"), ("a", "q", "x"), ("b", "p", "y"), ("b", "q", "x"), ("c", "q", "y")]
    belief = method(votes(rows, ["x", "y", "z"], ["a", "b", "c", "d"]), np.array([-1, 2, -1, -1]))
    assert belief.posterior.shape == (4, 3)
    assert np.allclose(belief.posterior.sum(axis=1), 1)
    assert belief.posterior[1].tolist() == [0, 0, 1]  # the gold
    shuffled = method(votes(rows[::-1], ["x", "y", "z"], ["a", "b", "c", "d"]), np.array([-1, 2, -1, -1]))
    assert np.allclose(shuffled.posterior, belief.posterior)


@pytest.mark.skipif(not CROWD.is_dir(), reason="the shared crowds are not on this machine")
@pytest.mark.parametrize(
    ("crowd", "least"),  # crowd-kit's own figures: 88.9, 92.8, 84.3, 83.0, 75.7
    [("bluebird", 88.9), ("rte", 92.7), ("dog", 84.1), ("CF", 82.8), ("ZenCrowd_in", 75.6)],
)
def test_labels_of_real_crowds_are_as_right_as_dawid_and_skenes_elsewhere(crowd, least):
    with (CROWD / crowd / "label.csv").open() as labels, (CROWD / crowd / "truth.csv").open() as truths:
        rows = [(row["item"], row["worker"], row["label"]) for row in csv.DictReader(labels)]
        truth = {row["item"]: row["truth"] for row in csv.DictReader(truths)}
    classes = sorted({label for *_, label in rows} | set(truth.values()), key=int)
    cast = votes(rows, classes)
    said = dict(zip(cast.items, dawid_skene(cast).labels, strict=True))
    right = [classes[said[item]] == true for item, true in truth.items() if item in said]
    assert 100 * np.mean(right) >= least
