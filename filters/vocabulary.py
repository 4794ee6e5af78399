"""How rich a text is in different characters: what is stuffed or generated from a template uses few of them."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from filters.characters import CODE_POINTS
from filters.contract import attribute
from filters.fold import FOLD_VERSION
from filters.script import share
from filters.texts import Texts


@njit(cache=True, nogil=True)
def _count(values: NDArray[np.uint32], offsets: NDArray[np.int64], code_points: int) -> NDArray[np.float64]:
    """float64[texts, 2]: different characters, sum over them of count * log2(count)."""
    counts = np.zeros(code_points, np.int32)
    result = np.zeros((len(offsets) - 1, 2), np.float64)
    for text in range(len(offsets) - 1):
        for i in range(offsets[text], offsets[text + 1]):
            counts[values[i]] += 1
        for i in range(offsets[text], offsets[text + 1]):
            times = counts[values[i]]
            if times:
                result[text, 0] += 1.0
                if times > 1:
                    result[text, 1] += times * np.log2(float(times))
                counts[values[i]] = 0
    return result


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Different characters and their entropy, on the folded text, so that both scripts measure alike.

    Source: MAP-CC's distinct characters > 0.1 and unigram entropy >= 3 (arXiv 2404.04167), there in natural units on
    characters after NFKC; ours in bits. The ratio falls as a text grows longer: a bound on it must know the length,
    which is why there is also the count.
    """

    version: ClassVar[str] = f"1/fold-{FOLD_VERSION}"
    schema: ClassVar[pa.Schema] = pa.schema([
        attribute("vocabulary.distinct_chars", pa.int64(), "chars", "different folded characters"),
        attribute(
            "vocabulary.distinct_char_ratio", pa.float64(), "ratio",
            "different folded characters / folded characters; falls with length",
        ),
        attribute(
            "vocabulary.char_entropy_bits", pa.float64(), "bits",
            "Shannon entropy of the folded characters of the text; 0 without any",
        ),
    ])  # fmt: skip

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        folded = texts.folded
        distinct, weighted = _count(folded.values, folded.offsets, CODE_POINTS).T
        length = np.diff(folded.offsets)
        whole = np.maximum(length, 1)
        entropy = np.maximum(np.log2(whole) - weighted / whole, 0.0)  # rounding alone can bring it below 0
        number = distinct.astype(np.int64)
        columns = (number, share(number, length), entropy)
        return pa.record_batch([pa.array(c, mask=texts.null) for c in columns], schema=self.schema)
