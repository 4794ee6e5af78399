import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.candidates import (
    NEIGHBOURS,
    NO_KEY,
    agreement,
    band_key,
    band_keys,
    banded_pairs,
    candidate_pairs,
    decoded,
    encoded,
    least_agreement,
    united,
)
from pipeline.signing import EMPTY_HASH, Signing

SMALL = Signing(permutations=7, bands=3, rows=2)


def signatures_of(rows):
    return np.array(rows, np.uint32).reshape(-1, SMALL.permutations)


SIGNATURES = st.lists(st.lists(st.integers(0, 2), min_size=7, max_size=7), max_size=12).map(signatures_of)


@settings(deadline=None)  # the first call compiles
@given(SIGNATURES)
def test_keys_are_equal_where_bands_are(signatures):
    keys = band_keys(signatures, SMALL) if len(signatures) else np.empty((0, 3), np.uint64)
    for one in range(len(signatures)):
        for other in range(len(signatures)):
            bands = [
                signatures[one, 2 * band : 2 * band + 2].tolist() == signatures[other, 2 * band : 2 * band + 2].tolist()
                for band in range(3)
            ]

            assert (keys[one] == keys[other]).tolist() == bands


def test_a_band_can_be_keyed_for_some_texts_only():
    signatures = signatures_of([[row, *range(6)] for row in range(5)])

    assert band_key(signatures, SMALL, 0, np.array([4, 1])).tolist() == band_keys(signatures, SMALL)[[4, 1], 0].tolist()


def test_texts_without_shingles_are_candidates_for_nothing():
    signatures = np.full((10_000, 7), EMPTY_HASH, np.uint32)

    assert set(band_keys(signatures, SMALL).ravel().tolist()) == {int(NO_KEY)}
    assert candidate_pairs(band_key(signatures, SMALL, 0)).tolist() == []
    assert banded_pairs(signatures, np.arange(10_000), SMALL, 0.7).tolist() == []


def test_a_small_bucket_gives_all_its_pairs():
    keys = np.array([7, 9, 7, 7, 5, 7], np.uint64)

    assert candidate_pairs(keys, 2).tolist() == [[0, 2], [0, 3], [2, 3], [0, 5], [2, 5], [3, 5]]


def test_a_large_bucket_gives_a_star_and_its_neighbours():
    keys = np.full(6, 7, np.uint64)

    assert candidate_pairs(keys, 1).tolist() == [
        [0, 1], [0, 2], [1, 2], [0, 3], [2, 3], [0, 4], [3, 4], [0, 5], [4, 5],
    ]  # fmt: skip


def test_a_giant_bucket_stays_linear():
    assert len(candidate_pairs(np.full(1_000_000, 7, np.uint64))) < 1_000_000 * (1 + NEIGHBOURS)


@settings(deadline=None)
@given(SIGNATURES)
def test_agreement_counts_equal_places(signatures):
    pairs = decoded(np.arange(len(signatures) ** 2), len(signatures))

    assert agreement(signatures, pairs).tolist() == [
        int(np.sum(signatures[one] == signatures[other])) for one, other in pairs
    ]


@settings(deadline=None)
@given(SIGNATURES, st.randoms())
def test_pairs_agree_in_a_band_and_join_what_does(signatures, rng):
    texts = np.array(rng.sample(range(len(signatures)), len(signatures)), np.int64)
    pairs = [tuple(pair) for pair in banded_pairs(signatures, texts, SMALL, 0.01).tolist()]
    keys = band_keys(signatures, SMALL)[texts] if len(signatures) else signatures
    agreeing = [
        (one, other)
        for one in range(len(texts))
        for other in range(one + 1, len(texts))
        if (keys[one] == keys[other]).any()
    ]

    assert sorted(set(pairs)) == pairs
    assert set(pairs) <= set(agreeing)
    assert joined(len(texts), pairs) == joined(len(texts), agreeing)


def joined(n, pairs):
    """Join by definition: repeat until nothing changes."""
    component = list(range(n))
    for _ in range(n):
        for one, other in pairs:
            component[one] = component[other] = min(component[one], component[other])
    return component


def test_a_pair_at_the_threshold_is_lost_once_in_eight_hundred_thousand():
    least = least_agreement(Signing(), 0.7)
    lost = math.fsum(math.comb(112, k) * 0.7**k * 0.3 ** (112 - k) for k in range(least))

    assert (least, round(lost * 1e6, 2)) == (55, 1.2)


@pytest.mark.parametrize(("threshold", "least"), [(1.0, 112), (0.9, 85), (0.5, 30), (0.1, 0)])
def test_the_agreement_asked_for_follows_the_threshold(threshold, least):
    assert least_agreement(Signing(), threshold) == least


@given(st.lists(st.integers(0, 20)), st.lists(st.integers(0, 20)))
def test_united_is_the_sorted_union(one, other):
    assert united(np.array(one, np.int64), np.array(other, np.int64)).tolist() == sorted({*one, *other})


def test_codes_keep_the_order_of_pairs():
    rng = random.Random(5)
    pairs = sorted([rng.randrange(3_000_000_000), rng.randrange(3_000_000_000)] for _ in range(1000))
    codes = encoded(np.array(pairs), 3_000_000_000)

    assert np.sort(codes).tolist() == codes.tolist()
    assert decoded(codes, 3_000_000_000).tolist() == pairs
