"""Laws of the score: what must change nothing, what must never lower it, what pays nothing, and a slice of the
figures."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.anchored import Panel, fit
from annotation.incentive.confusion import Lists, belief_of_others, gold_witness, peer_witness
from annotation.incentive.informedness import bounds, together, weights, wilson
from annotation.incentive.scoring import Scoring, score
from annotation.incentive.tables import SCORES
from tests.benchmarks.incentive import worlds
from tests.benchmarks.incentive.crowds import SHARED, control, crowds, true_informedness
from tests.benchmarks.incentive.real import informedness, spearman
from tests.benchmarks.incentive.rivals import majority_agreement
from tests.benchmarks.incentive.simulate import SETTINGS, ordered, pay
from tests.benchmarks.incentive.table import answers

MEASURED = [name for name in SCORES.names if name.endswith("_bp")] + ["answers", "golds", "cap", "state", "copy_size"]


def crowd(seed, people=8, items=40, classes=3, each=4):
    """A small crowd of mixed skill, a fifth of its items gold."""
    g = np.random.default_rng(seed)
    truth = g.integers(0, classes, items)
    item = np.repeat(np.arange(items), each)
    person = np.concatenate([g.permutation(people)[:each] for _ in range(items)])
    skill = g.uniform(0.2, 1, people)
    label = np.where(g.random(len(item)) < skill[person], truth[item], g.integers(0, classes, len(item)))
    gold = np.where(np.arange(items) % 5 == 0, truth, -1)
    return item, person, label, gold


def named(item, person, label, gold, classes=3, stratum=None):
    return answers(item, person, label, list("abc")[:classes], gold[item], stratum)


def by_person(scored, rename=lambda name: name):
    return {rename(row["contributor"]): [row[name] for name in MEASURED] for row in scored.table.to_pylist()}


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_order_of_rows_and_names_of_people_items_and_classes_change_nothing(seed, stamped):
    item, person, label, gold = crowd(seed)
    stratum = (item % 2) if stamped else None
    table = named(item, person, label, gold, stratum=stratum)
    before = score(table, list("abc"))
    g = np.random.default_rng(seed)
    who, what, kind = g.permutation(8), g.permutation(40), g.permutation(3)
    moved = named(what[item], who[person], kind[label], np.where(gold >= 0, kind[gold], -1)[np.argsort(what)],
                  stratum=None if stratum is None else kind[stratum])  # fmt: skip
    after = score(moved.take(pa.array(g.permutation(len(item)))), list("abc"))
    back = {f"p{who[n]}": f"p{n}" for n in range(8)}
    assert by_person(after, back.get) == by_person(before)
    again = score(table.take(pa.array(g.permutation(len(item)))), list("abc"))
    assert again.table.equals(before.table)
    assert again.labels.equals(before.labels)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 5))
def test_a_gold_answer_turned_right_never_lowers_j_given_the_peers(seed, classes):
    g = np.random.default_rng(seed)
    golds, peers = g.integers(1, 25), g.integers(0, 40)
    true, said = g.integers(0, classes, golds), g.integers(0, classes, golds)
    share, omega = g.uniform(0.02, 1), weights(classes, g.dirichlet(np.ones(classes)), tuple(g.uniform(1, 5, classes)))
    pool = g.dirichlet(np.ones(classes), classes)
    zeros = np.zeros(peers, np.int64)
    peer, ahead = peer_witness(zeros, g.integers(0, classes, peers), g.dirichlet(np.ones(classes), peers), 1, pool)

    def limits(label):
        gold, *_ = gold_witness(np.zeros(golds, np.int64), label, true, 1, classes)
        cap, both = bounds(gold.right, gold.weight, 2.0, omega), bounds(*_both(gold, peer, ahead, share), 1.28, omega)
        return np.array([both.j[0], cap.j[0] + cap.up[0]])

    wrong = np.flatnonzero(said != true)
    if len(wrong):
        better = said.copy()
        better[wrong[0]] = true[wrong[0]]
        assert (limits(better) >= limits(said) - 1e-12).all()


def _both(gold, peer, ahead, share):
    both = together(gold, peer, ahead, share)
    return both.right, both.weight


def test_a_gold_answer_turned_right_does_not_lower_j_in_the_whole_score():
    falls = []
    for seed in range(12):
        item, person, label, gold = crowd(seed, items=60)
        before = by_person(score(named(item, person, label, gold), list("abc")))
        wrong = np.flatnonzero((gold[item] >= 0) & (gold[item] != label))
        for row in wrong[:4]:
            turned = label.copy()
            turned[row] = gold[item[row]]
            after = by_person(score(named(item, person, turned, gold), list("abc")))
            falls.append(before[f"p{person[row]}"][0] - after[f"p{person[row]}"][0])
    assert len(falls) > 30
    assert max(falls) <= 0


def test_the_belief_of_others_is_what_the_model_says_without_him():
    item, person, label, gold = crowd(4)
    panel = Panel(item, person, label, gold, 8, 3)
    found = fit(panel)
    cluster = np.array([0, 1, 1, 0, 0, 2, 2, 2])
    said = belief_of_others(panel, Lists.of(panel), found, cluster)
    for row in range(len(item)):
        log = np.log(found.prior)
        for other in range(len(item)):
            same = person[other] == person[row] or (
                cluster[person[other]] > 0 and cluster[person[other]] == cluster[person[row]]
            )
            if item[other] == item[row] and not same:
                log = log + np.log(found.errors[person[other], :, label[other]])
        assert np.allclose(said[row], np.exp(log) / np.exp(log).sum(), atol=1e-8)


def test_the_peers_regression_is_least_squares():
    g = np.random.default_rng(2)
    belief, said, pool = g.dirichlet(np.ones(3), 50), g.integers(0, 3, 50), np.full((3, 3), 1 / 3)
    found, ahead = peer_witness(np.zeros(50, np.int64), said, belief, 1, pool)
    squares, sums = belief.T @ belief + 4 / 3 * np.eye(3), belief.T @ np.eye(3)[said]
    prior = np.tile(np.bincount(said, minlength=3) / 50, (3, 1))
    first = np.linalg.solve(squares, sums + 4 / 3 * prior)
    weight = 1 / np.diagonal(np.linalg.inv(squares))
    v = np.diagonal(pool) - np.diagonal(prior)
    effort = np.clip(
        (weight * v * (np.diagonal(first) - np.diagonal(prior))).sum() / ((weight * v**2).sum() + 4 / 3), 0, 1
    )
    second = np.linalg.solve(squares, sums + 4 / 3 * (effort * pool + (1 - effort) * prior))
    assert np.allclose(found.right[0], np.diagonal(second), atol=1e-5)
    assert np.allclose(ahead[0], effort / 3 + (1 - effort) * np.diagonal(prior), atol=1e-5)


def test_wilsons_bounds_are_the_published_ones():
    low, high = wilson(np.array([0.8, 0.0]), np.array([10.0, 0.0]), 1.959964)
    assert np.round([low[0], high[0]], 3).tolist() == [0.490, 0.943]  # 8 of 10, 95 %
    assert (low[1], high[1]) == (0, 1)


@pytest.mark.parametrize("strategy", [worlds.constant, worlds.rare, worlds.stamp])
def test_who_does_not_look_has_no_informedness(strategy):
    world = worlds.World(SETTINGS[3], 7)
    table, names = world.table(world.said(strategy, 3))
    scored = score(table, names)
    paid, whole = (ordered(scored, scored.table[name].to_numpy())[:3] for name in ("j_bp", "j_all_bp"))
    assert paid.max() <= 150
    assert np.abs(whole).max() <= 150  # of 10,000


def test_costs_weigh_the_classes_and_blind_answers_still_pay_nothing():
    world = worlds.World(SETTINGS[0], 3)
    for strategy in (worlds.constant, worlds.rare):
        table, names = world.table(world.said(strategy, 1))
        scored = score(table, names, Scoring(costs=(1.0, 9.0)))
        assert ordered(scored, scored.table["j_bp"].to_numpy())[0] <= 50
        assert ordered(scored, scored.table["j_bp"].to_numpy())[1:].mean() > 3000


def test_without_two_classes_of_gold_half_is_the_most():
    item, person, label, gold = crowd(5, items=90)
    scored = score(named(item, person, np.where(person < 4, gold[item].clip(0), label), np.full(90, -1)), list("abc"))
    assert set(scored.table["state"].to_pylist()) == {"unanchored"}
    assert max(scored.table["j_bp"].to_pylist()) <= 5000
    assert scored.j_reference is None
    assert "golds" in scored.alarms[0]


def test_a_question_without_truth_measures_nobody():
    item, person, label, gold = crowd(5)
    scored = score(named(item, person, label, gold), list("abc"), Scoring(perspectivist=True))
    assert set(scored.table["state"].to_pylist()) == {"none"}
    assert set(scored.table["j_bp"].to_pylist()) == {0}


def test_the_later_of_two_answers_counts_and_a_skipped_one_does_not():
    item, person, label, gold = crowd(6)
    table = named(item, person, label, gold)
    older = table.slice(0, 5).set_column(
        table.schema.get_field_index("label"), table.schema.field("label"), pa.array(["a"] * 5)
    )
    older = older.set_column(
        table.schema.get_field_index("at"), table.schema.field("at"), pa.array([-1] * 5, pa.timestamp("us"))
    )
    skipped = table.slice(3, 1).set_column(
        table.schema.get_field_index("label"), table.schema.field("label"), pa.array([""])
    )
    whole = score(pa.concat_tables([table, older, skipped]), list("abc"))
    assert whole.table.equals(score(table, list("abc")).table)


def test_wrong_requests_are_refused():
    item, person, label, gold = crowd(6)
    table = named(item, person, label, gold)
    with pytest.raises(KeyError, match="c"):
        score(table, ["a", "b"])
    other = table.set_column(
        table.schema.get_field_index("kind"), table.schema.field("kind"), pa.array(["k"] * len(item))
    )
    with pytest.raises(ValueError, match="one at a time"):
        score(pa.concat_tables([table, other]), list("abc"))
    assert score(table.slice(0, 0), list("abc")).table.num_rows == 0


def test_a_stratum_weighs_what_there_is_to_tell_by_in_it():
    """Twenty golds right in one, and one of two wrong in another that hardly occurs: alike they would come to half."""
    truth = np.array([0, 1] * 11)
    label = np.append(truth[:-1], 0)
    stratum = np.append(np.zeros(20, np.int64), [1, 1])
    scored = score(answers(np.arange(22), np.zeros(22, np.int64), label, ["a", "b"], truth, stratum), ["a", "b"])
    row = scored.table.to_pylist()[0]
    assert row["strata"] == 2
    assert 0.65 < row["j_bp"] / 10_000 < 0.95


def test_one_person_alone_is_scored_without_harm():
    scored = score(named(np.arange(3), np.zeros(3, np.int64), np.array([0, 1, 0]), np.full(3, -1)), list("abc"))
    assert scored.table["j_bp"].to_pylist() == [0]


@pytest.mark.parametrize(
    ("setting", "strategy", "people", "bound"),
    [(0, worlds.sandbag, 3, 0.05), (0, worlds.one_works, 6, 0.10), (0, worlds.half, 6, 0.45), (1, worlds.clique, 12,
    0.05),
     (2, worlds.guess, 6, 0.02), (3, worlds.stamp, 15, 0.02)],
)  # fmt: skip
def test_a_slice_of_the_simulation(setting, strategy, people, bound):
    ratios = []
    for seed in (300, 301):
        world = worlds.World(SETTINGS[setting], seed)
        honest = pay(score(*world.table(world.honest))).mean()
        scored = score(*world.table(world.said(strategy, people)))
        ratios.append(ordered(scored, pay(scored))[:people].mean() / honest)
    assert np.mean(ratios) <= bound


def test_eighteen_of_thirty_do_not_take_the_pay_of_the_others():
    world = worlds.World(SETTINGS[0], 302)
    honest = ordered(one := score(*world.table(world.honest)), pay(one))
    many = score(*world.table(world.said(worlds.clique, 18)))
    assert ordered(many, pay(many))[18:].mean() >= 0.7 * honest[18:].mean()
    assert ordered(many, many.table["copy_size"].to_numpy()).tolist() == [18] * 18 + [1] * 12
    assert many.alarms


def test_who_has_been_cleared_is_in_no_cluster():
    world = worlds.World(SETTINGS[0], 302)
    table, names = world.table(world.said(worlds.clique, 6))
    scored = score(table, names, Scoring(cleared=frozenset({"p0"})))
    assert ordered(scored, scored.table["copy_size"].to_numpy()).tolist() == [1] + [5] * 5 + [1] * 24


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared crowds are not on this machine")
def test_on_real_crowds_j_measures_the_person():
    ours, theirs = [], []
    for crowd_ in (one for one in crowds() if one.name in {"bluebird", "dog", "ZenCrowd_in"}):
        gold = control(crowd_, 0.2, 0)
        truth = true_informedness(crowd_, gold, 20)
        judged = np.isfinite(truth)
        j, _ = informedness(crowd_, gold)
        ours.append((spearman(j[judged], truth[judged]), np.abs(j - truth)[judged].mean()))
        theirs.append(spearman(majority_agreement(crowd_, gold)[judged], truth[judged]))
    rank, error = np.mean(ours, axis=0)
    assert rank > 0.82
    assert rank > np.mean(theirs) + 0.1
    assert error < 0.12
