"""Door to jieba: words by its dictionary and algorithm, through rjieba (the same in Rust)."""

from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

import numpy as np
import rjieba
from numpy.typing import NDArray

SEGMENT_VERSION = f"rjieba-{version('rjieba')}"


@dataclass(frozen=True, slots=True)
class Words:
    """The tokens of a batch of texts: their lengths, so they index the original text."""

    lengths: NDArray[np.int64]
    """Code points in each token, in order; the tokens of a text add up to its length."""
    offsets: NDArray[np.int64]
    """int64[texts + 1]: the tokens of text i are lengths[offsets[i]:offsets[i + 1]]."""


@cache
def _jieba() -> rjieba.Jieba:
    return rjieba.Jieba()


def token_lengths(simplified: str) -> list[int]:
    """Cut one text (Traditional characters already replaced one to one) and return its tokens' lengths."""
    return list(map(len, _jieba().cut(simplified)))
