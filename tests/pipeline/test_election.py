import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.clusters import Clusters, components
from pipeline.election import elect


def clusters_of(group, edges):
    """Build the clusters of documents that are numbered in base order; `edges` maps pairs of group heads to Jaccard."""
    n = len(group)
    pairs = np.array(sorted(edges), np.int64).reshape(-1, 2)
    root = components(n, np.concatenate([pairs, np.stack([np.arange(n), np.array(group, np.int64)], axis=1)]))
    rank = np.array([int(np.sum(root[:row] == root[row])) for row in range(n)], np.int64)
    size = np.bincount(root, minlength=n)[root]
    similarity = np.array([edges[pair] for pair in sorted(edges)], np.float64)
    return Clusters(root, rank, size, np.array(group, np.int64), pairs, similarity)


def by_definition(group, edges, passes):
    """Elect one document after the other, looking at all survivors so far."""

    def similarity(one, other):
        if group[one] == group[other]:
            return 1.0
        return edges.get((min(group[one], group[other]), max(group[one], group[other])))

    survivors = []
    for row in range(len(group)):
        if passes[row] and all(similarity(row, one) is None for one in survivors):
            survivors.append(row)
    of = [
        -1 if row in survivors else next((one for one in survivors if similarity(row, one) is not None), -1)
        for row in range(len(group))
    ]
    return of, [similarity(row, one) if one >= 0 else None for row, one in enumerate(of)]


@st.composite
def elections(draw):
    n = draw(st.integers(0, 10))
    group = []
    for row in range(n):
        head = draw(st.integers(0, row))
        group.append(group[head] if head < row and draw(st.booleans()) else row)
    heads = sorted(set(group))
    edges = {
        (one, other): draw(st.sampled_from([0.7, 0.8, 1.0]))
        for place, other in enumerate(heads)
        for one in heads[:place]
        if draw(st.integers(0, 2)) == 0
    }
    return group, edges, draw(st.lists(st.booleans(), min_size=n, max_size=n))


@settings(deadline=None, max_examples=500)  # the first call compiles
@given(elections())
def test_the_election_is_the_one_by_definition(case):
    group, edges, passes = case
    clusters = clusters_of(group, edges)
    outcome = elect(clusters, np.array(passes, np.bool_))
    of, similarity = by_definition(group, edges, passes)

    assert outcome.of.tolist() == of
    assert [None if math.isnan(value) else value for value in outcome.jaccard.tolist()] == similarity
    assert outcome.exact.tolist() == [one >= 0 and group[one] == group[row] for row, one in enumerate(of)]
    for root in set(clusters.cluster.tolist()):
        duplicates = [row for row, one in enumerate(of) if one >= 0 and clusters.cluster[row] == root]

        assert outcome.rank[duplicates].tolist() == list(range(1, len(duplicates) + 1))
    assert (outcome.rank > 0).tolist() == [one >= 0 for one in of]


@settings(deadline=None)
@given(elections(), st.randoms())
def test_permuting_the_rows_permutes_the_election(case, rng):
    group, edges, passes = case
    n = len(group)
    moved = rng.sample(range(n), n)
    there = np.full(n + 1, -1, np.int64)  # where each row went; the last for "none"
    there[moved] = range(n)
    clusters = clusters_of(group, edges)
    before = elect(clusters, np.array(passes, np.bool_))
    after = elect(
        Clusters(
            there[clusters.cluster[moved]],
            clusters.rank[moved],
            clusters.size[moved],
            there[clusters.exact_group[moved]],
            there[clusters.edges],
            clusters.edge_jaccard,
        ),
        np.array(passes, np.bool_)[moved],
    )

    assert after.of.tolist() == there[before.of[moved]].tolist()
    assert after.rank.tolist() == before.rank[moved].tolist()


def test_in_a_chain_whose_ends_differ_both_ends_survive():
    outcome = elect(clusters_of([0, 1, 2], {(0, 1): 0.8, (1, 2): 0.9}), np.array([True, True, True]))

    assert outcome.rank.tolist() == [0, 1, 0]
    assert outcome.of.tolist() == [-1, 0, -1]


def test_a_chain_whose_middle_is_best_keeps_the_middle():
    outcome = elect(clusters_of([0, 1, 2], {(0, 1): 0.8, (0, 2): 0.9}), np.array([True, True, True]))

    assert outcome.rank.tolist() == [0, 1, 2]
    assert outcome.of.tolist() == [-1, 0, 0]
    assert outcome.jaccard.tolist()[1:] == [0.8, 0.9]


def test_an_exact_pair_whose_better_member_fails_keeps_the_other():
    outcome = elect(clusters_of([0, 0], {}), np.array([False, True]))

    assert outcome.rank.tolist() == [1, 0]
    assert outcome.of.tolist() == [1, -1]
    assert outcome.exact.tolist() == [True, False]


def test_where_nobody_passes_nobody_is_a_duplicate():
    outcome = elect(clusters_of([0, 0, 2], {(0, 2): 0.9}), np.array([False, False, False]))

    assert outcome.rank.tolist() == [0, 0, 0]
    assert outcome.of.tolist() == [-1, -1, -1]
    assert np.isnan(outcome.jaccard).tolist() == [True, True, True]


def test_a_member_that_fails_is_told_whom_it_resembles():
    outcome = elect(clusters_of([0, 1, 2], {(0, 1): 0.8, (1, 2): 0.9}), np.array([True, False, False]))

    assert outcome.of.tolist() == [-1, 0, -1]  # the third resembles only what is dropped itself
