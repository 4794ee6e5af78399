"""How frequent a Han character is in Chinese: single characters counted in jieba's dictionary of words."""

from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from filters.variants import CODE_POINTS, HAN_BLOCKS, VARIANTS_VERSION, to_simplified_table

FREQUENCY_VERSION = f"jieba-{version('jieba')}/{VARIANTS_VERSION}"

UNSEEN = 0.5
"""Count of a character that no word of the dictionary has: half of one occurrence, so rare, not impossible."""


@cache
def character_log_frequency() -> NDArray[np.float32]:
    """Natural logarithm of each Han character's share among the Han characters of Chinese text.

    A word's count in the dictionary counts for each of its characters. A Traditional character has the value of its
    Simplified form, so that both scripts score alike; what is not Han has the value of an unseen character.

    Returns:
        float32[0x110000], read-only, all below 0: -4.4 for 一, -19.1 for a character that no word has.

    Source: `dict.txt` of the installed jieba (word, count, part of speech a line), counted over its own corpus.
    """
    counted = word_counts()
    words, weights = list(counted), np.fromiter(counted.values(), np.float64)
    characters = np.frombuffer("".join(words).encode("utf-32-le"), dtype=np.uint32)
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    simplified = to_simplified_table()
    counts = np.bincount(simplified[characters], np.repeat(weights, lengths), CODE_POINTS)
    han = np.zeros(CODE_POINTS, dtype=np.bool_)
    for start, end in HAN_BLOCKS:
        han[start:end] = True
    counts[~han] = 0
    share = np.maximum(counts, UNSEEN) / counts.sum()
    table: NDArray[np.float32] = np.log(share).astype(np.float32)[simplified]
    table.flags.writeable = False
    return table


def word_counts() -> dict[str, int]:
    """Return every word of jieba's dictionary with its count in jieba's corpus."""
    # Three fields a line, none of them with a space inside.
    fields = _dictionary().read_text("utf-8").split()
    return dict(zip(fields[0::3], map(int, fields[1::3]), strict=True))


def word_classes_and_counts() -> Iterator[tuple[str, int, str]]:
    """Yield every word of jieba's dictionary with its count and its part of speech (nr: a person's name)."""
    fields = _dictionary().read_text("utf-8").split()
    return zip(fields[0::3], map(int, fields[1::3]), fields[2::3], strict=True)


def _dictionary() -> Path:
    """Where jieba's dictionary lies; importing jieba (as `importlib.resources` would) costs more than reading it."""
    found = find_spec("jieba")
    if found is None or found.origin is None:
        raise FileNotFoundError("the package jieba is not installed: its dictionary gives the frequencies")
    return Path(found.origin).with_name("dict.txt")
