import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.shingles import shingle_counts
from pipeline.verify import jaccard_pairs, shingle_sets, verify_pairs

TEXTS = st.lists(st.text("清源語a𠮷", max_size=30), min_size=1, max_size=6)


def pack(texts):
    """Lay texts end to end, as the folding does: code points and offsets."""
    values = np.frombuffer("".join(texts).encode("utf-32-le"), "<u4").astype(np.uint32)
    return values, np.cumsum([0, *map(len, texts)], dtype=np.int64)


def all_pairs(n):
    return np.array([(one, other) for one in range(n) for other in range(n)], np.int64)


def by_definition(one, other, shingle):
    one, other = ({text[i : i + shingle] for i in range(len(text) - shingle + 1)} for text in (one, other))
    return len(one & other) / len(one | other) if one or other else 0.0


@settings(deadline=None)  # the first call compiles
@given(TEXTS, st.integers(1, 6))
def test_similarity_is_that_of_the_sets_of_shingles(texts, shingle):
    pairs = all_pairs(len(texts))

    assert jaccard_pairs(*pack(texts), pairs, shingle).tolist() == [
        by_definition(texts[one], texts[other], shingle) for one, other in pairs
    ]


def test_repeated_shingles_count_once():
    sets = shingle_sets(*pack(["哈哈哈哈哈哈哈哈", "", "天地玄黄宇宙"]), 5)

    assert sets.offsets.tolist() == [0, 1, 1, 3]
    assert (np.diff(sets.hashes[1:3].astype(float)) > 0).tolist() == [True]


def test_texts_without_shingles_resemble_nothing():
    assert jaccard_pairs(*pack(["", "四个字。", "四个字。"]), np.array([[0, 0], [1, 2]]), 5).tolist() == [0.0, 0.0]


def test_seven_tenths_reach_a_threshold_of_seven_tenths():
    fourteen, eleven = "一二三四五六七八九十百千万亿", "一二三四五六七八九十百"

    assert jaccard_pairs(*pack([fourteen, eleven]), np.array([[0, 1]]), 5).tolist() == [0.7]


@settings(deadline=None)
@given(TEXTS, st.integers(0, 2000), st.randoms())
def test_a_memory_budget_changes_the_portions_and_nothing_else(texts, memory_bytes, rng):
    values, offsets = pack(texts)
    pairs = all_pairs(len(texts))[rng.sample(range(len(texts) ** 2), len(texts) ** 2)]
    counts = shingle_counts(offsets, 5)
    asked = []

    def load(documents):
        asked.append(documents.tolist())
        return pack([texts[document] for document in documents])

    similarity = verify_pairs(pairs, counts, load, 5, memory_bytes)

    assert similarity.tolist() == jaccard_pairs(values, offsets, pairs, 5).tolist()
    assert asked == [sorted(set(documents)) for documents in asked]
    for documents in asked:
        assert len(documents) <= 2 or 24 * counts[documents].sum() <= memory_bytes


def test_a_large_budget_loads_every_document_once():
    texts = ["".join(random.Random(seed).choices("天地玄黄宇宙洪荒", k=50)) for seed in range(20)]
    asked = []

    def load(documents):
        asked.extend(documents.tolist())
        return pack([texts[document] for document in documents])

    verify_pairs(all_pairs(20), shingle_counts(pack(texts)[1], 5), load, 5, 1 << 20)

    assert asked == list(range(20))


def test_no_pairs_load_nothing():
    similarity = verify_pairs(np.empty((0, 2), np.int64), np.array([3, 4]), lambda _: 1 / 0, 5, 1 << 20)

    assert similarity.tolist() == []
