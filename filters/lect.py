"""Which Sinitic language a run of Han characters is written in, by single characters and pairs of neighbours.

Scripts cannot tell Mandarin, Cantonese, Wu, classical Chinese and Japanese without kana apart, and lid.176 cannot
either. A linear model over characters and pairs can, and it costs two table look-ups a character. Characters are
looked up in their Simplified form, so that the script of a text says nothing about its lect.

The weights (`models/lect.npz`) are made by `python -m tests.benchmarks.train_lect`, which states the data; they are
statistics of characters and hold no text.
"""

from functools import cache
from hashlib import sha256
from importlib.resources import files

import numpy as np
from numba import njit
from numpy.typing import NDArray

from filters.characters import Kind, kind_table
from filters.variants import japanese_only, to_simplified_table

LECTS = ("cmn", "yue", "lzh", "wuu", "ja")
"""Columns of the weights: Mandarin, Cantonese, classical Chinese, Wu, and Japanese by its kanji alone."""

SINGLES = 1 << 15
PAIRS = 1 << 16
ROWS = SINGLES + PAIRS + 1
"""Rows of the weights: one a character (the code point's low 15 bits), pairs by a hash of 16 bits, and the bias."""

SCALE = 16.0
"""Weights are stored as int8 multiples of 1 / SCALE."""

JAPANESE_CHARACTER = 0x3400
"""Stands for all characters that only Japanese has."""

JAPANESE_WEIGHT = 40.0
"""What a text of nothing but such characters adds to the logit of Japanese; one in ten adds 4. Measured on the rows
in training: 2,407 in 0.4 million characters of Japanese, 15 in 13.9 million of Mandarin (Japanese names)."""

MODEL_FILE = files("filters") / "models" / "lect.npz"


@njit(cache=True, nogil=True)
def _pair_row(before: np.uint32, code: np.uint32) -> np.int64:
    """Row of a pair of neighbours: a multiplicative hash of both code points."""
    mixed = (np.uint64(before) << np.uint64(21) | np.uint64(code)) * np.uint64(0x9E3779B97F4A7C15)
    return np.int64(SINGLES + (mixed >> np.uint64(48)))


@cache
def han_table() -> NDArray[np.uint32]:
    """uint32[CODE_POINTS]: the Simplified form of a Han character, 0 for any other.

    The characters of Japan's reform that no Chinese text has (駅 円 図) are all the same one here: each alone is rare,
    together they tell Japanese.
    """
    table = np.where(kind_table() == Kind.HAN, to_simplified_table(), np.uint32(0))
    table[japanese_only()] = JAPANESE_CHARACTER
    table.flags.writeable = False
    return table


@njit(cache=True, nogil=True)
def rows_of(values: NDArray[np.uint32], table: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return the rows of weights that a text adds up: its Han characters, and the pairs of neighbours among them."""
    rows = np.empty(2 * len(values), np.int64)
    size = 0
    before = np.uint32(0)
    for value in values:
        code = table[value]
        if code:
            rows[size] = code & np.uint32(SINGLES - 1)
            size += 1
            if before:
                rows[size] = _pair_row(before, code)
                size += 1
        before = code
    return rows[:size]


@njit(cache=True, nogil=True)
def _add_up(
    values: NDArray[np.uint32], offsets: NDArray[np.int64], table: NDArray[np.uint32], weights: NDArray[np.int8]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sum the weights of each text: int64[texts, lects]; count rows added, Han, Japanese-only: int64[texts, 3]."""
    lects = weights.shape[1]
    sums = np.zeros((len(offsets) - 1, lects), np.int64)
    counts = np.zeros((len(offsets) - 1, 3), np.int64)
    for text in range(len(offsets) - 1):
        before = np.uint32(0)
        for i in range(offsets[text], offsets[text + 1]):
            code = table[values[i]]
            if code:
                counts[text, 0] += 1
                counts[text, 1] += 1
                counts[text, 2] += code == JAPANESE_CHARACTER
                row = np.int64(code & np.uint32(SINGLES - 1))
                for lect in range(lects):
                    sums[text, lect] += weights[row, lect]
                if before:
                    counts[text, 0] += 1
                    row = _pair_row(before, code)
                    for lect in range(lects):
                        sums[text, lect] += weights[row, lect]
            before = code
    return sums, counts


@cache
def _weights() -> NDArray[np.int8]:
    """int8[ROWS, len(LECTS)], read-only."""
    with MODEL_FILE.open("rb") as file:
        weights: NDArray[np.int8] = np.load(file, allow_pickle=False)["weights"]
    if weights.shape != (ROWS, len(LECTS)) or weights.dtype != np.int8:
        raise ValueError(f"{MODEL_FILE} holds {weights.dtype}{weights.shape}, not int8{(ROWS, len(LECTS))}")
    weights.flags.writeable = False
    return weights


@cache
def model_version() -> str:
    """First eight digits of the sha256 of the weights."""
    return sha256(_weights().tobytes()).hexdigest()[:8]


def lect_probabilities(values: NDArray[np.uint32], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return float64[texts, len(LECTS)]: how probable each lect is by the Han characters of each text.

    The sum of the weights is divided by the square root of how many there are, in training as here: neighbours are
    no independent evidence, and a plain sum would be certain of anything after twenty characters.
    """
    weights = _weights()
    sums, counts = _add_up(values, offsets, han_table(), weights)
    added, han, japanese = np.maximum(counts, [1, 1, 0]).T
    logits = (sums / np.sqrt(added)[:, None] + weights[-1]) / SCALE
    logits[:, LECTS.index("ja")] += JAPANESE_WEIGHT * japanese / han
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]
