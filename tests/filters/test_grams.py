"""Repeated n-grams against counting them one by one."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from filters.grams import count_grams

LARGEST = 6
SYMBOLS = st.lists(st.integers(0, 3), max_size=60)


def brute_force(symbols, widths):
    most, covered = [0] * (LARGEST + 1), [0] * (LARGEST + 1)
    for size in range(2, LARGEST + 1):
        grams = [tuple(symbols[i : i + size]) for i in range(len(symbols) - size + 1)]
        wide = {gram: sum(widths[i : i + size]) for i, gram in enumerate(grams)}
        most[size] = max((n * wide[gram] for gram, n in Counter(grams).items() if n > 1), default=0)
        again = {i + k for i, gram in enumerate(grams) if gram in grams[:i] for k in range(size)}
        covered[size] = sum(widths[i] for i in again)
    return [most, covered]


@given(st.lists(SYMBOLS, max_size=4))
def test_what_repeats_is_what_counting_finds(texts):
    symbols = np.array([symbol for text in texts for symbol in text], np.uint32)
    offsets = np.concatenate([[0], np.cumsum(list(map(len, texts)))]).astype(np.int64)
    widths = (symbols % 3 + 1).astype(np.int64)  # a symbol is as wide wherever it stands

    plain = count_grams(symbols, offsets, LARGEST)
    wide = count_grams(symbols, offsets, LARGEST, widths)

    assert plain.tolist() == [brute_force(text, [1] * len(text)) for text in texts]
    assert wide.tolist() == [brute_force(text, [symbol % 3 + 1 for symbol in text]) for text in texts]
