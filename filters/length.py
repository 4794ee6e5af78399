"""How long a text is, in characters and lines."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from filters.characters import UNICODE_VERSION, Kind
from filters.contract import attribute
from filters.texts import Texts

_LF = 0x0A


@njit(cache=True, nogil=True)
def _count(
    values: NDArray[np.uint32], kinds: NDArray[np.uint8], offsets: NDArray[np.int64], space: int
) -> NDArray[np.int64]:
    """int64[texts, 2]: characters that are not white space, lines that are not blank."""
    counts = np.zeros((len(offsets) - 1, 2), np.int64)
    for text in range(len(offsets) - 1):
        written = False
        for i in range(offsets[text], offsets[text + 1]):
            if kinds[i] != space:
                counts[text, 0] += 1
                written = True
            elif values[i] == _LF:
                counts[text, 1] += written
                written = False
        counts[text, 1] += written
    return counts


@dataclass(frozen=True, slots=True)
class Length:
    """Characters and lines; white space is told apart, since padding must not make a text long enough."""

    version: ClassVar[str] = f"1/unicode-{UNICODE_VERSION}"
    schema: ClassVar[pa.Schema] = pa.schema(
        [
            attribute("length.chars", pa.int64(), "chars", "code points, white space included"),
            attribute("length.text_chars", pa.int64(), "chars", "code points that are not white space"),
            attribute("length.lines", pa.int64(), "lines", "lines with something other than white space on them"),
            attribute(
                "length.mean_line_chars", pa.float64(), "chars", "text characters / lines; 0 for a text without any"
            ),
        ]
    )

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        counts = _count(texts.code_points, texts.kinds, texts.offsets, Kind.SPACE)
        mean = counts[:, 0] / np.maximum(counts[:, 1], 1)
        columns = (texts.chars, counts[:, 0], counts[:, 1], mean)
        return pa.record_batch([pa.array(c, mask=texts.null) for c in columns], schema=self.schema)
