"""A batch's text column with its shared views, each computed at most once: this is where the speed comes from."""

from functools import cached_property

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from filters.characters import kind_table
from filters.fold import Folded, FoldedMap, fold, fold_map
from filters.segment import Segmenter, Words, plain_segmenter
from filters.tokens import CONTENT, Tokens, tokenise
from filters.variants import to_simplified_table


@njit(cache=True, nogil=True)
def _decode(
    data: NDArray[np.uint8], byte_offsets: NDArray[np.int64], out: NDArray[np.uint32], offsets: NDArray[np.int64]
) -> int:
    """Decode valid UTF-8 into code points; Arrow guarantees validity, the reader guarantees Arrow."""
    written = 0
    for text in range(len(byte_offsets) - 1):
        offsets[text] = written
        i, end = byte_offsets[text], byte_offsets[text + 1]
        while i < end:
            lead = np.uint32(data[i])
            if lead < 0x80:  # noqa: PLR2004 - the lead bytes of UTF-8
                out[written] = lead
                i += 1
            elif lead < 0xE0:  # noqa: PLR2004
                out[written] = (lead & 0x1F) << 6 | (data[i + 1] & 0x3F)
                i += 2
            elif lead < 0xF0:  # noqa: PLR2004
                out[written] = (lead & 0x0F) << 12 | np.uint32(data[i + 1] & 0x3F) << 6 | (data[i + 2] & 0x3F)
                i += 3
            else:
                out[written] = (
                    (lead & 0x07) << 18
                    | np.uint32(data[i + 1] & 0x3F) << 12
                    | np.uint32(data[i + 2] & 0x3F) << 6
                    | (data[i + 3] & 0x3F)
                )
                i += 4
            written += 1
    offsets[len(byte_offsets) - 1] = written
    return written


class Texts:
    """A column of texts and what every filter needs of it.

    A null text has no code points, no folded form and no words in the views; `null` tells it from an empty one.
    """

    def __init__(self, column: pa.StringArray | pa.LargeStringArray, segmenter: Segmenter | None = None) -> None:
        """Wrap a string column; nothing is computed yet. Words are cut by `segmenter`, jieba's own by default."""
        self.column = column.cast(pa.large_string())
        self._segmenter = segmenter

    def __len__(self) -> int:
        return len(self.column)

    @cached_property
    def null(self) -> NDArray[np.bool_]:
        """bool[texts]: True where there is no text."""
        null: NDArray[np.bool_] = self.column.is_null().to_numpy(zero_copy_only=False)
        return null

    @cached_property
    def _decoded(self) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        column = self.column.fill_null("") if self.column.null_count else self.column
        _, offset_buffer, data_buffer = column.buffers()
        at = np.zeros(1, np.int64) if offset_buffer is None else np.frombuffer(offset_buffer, np.int64)
        byte_offsets = at[column.offset : column.offset + len(column) + 1] if len(column) else np.zeros(1, np.int64)
        data = np.empty(0, np.uint8) if data_buffer is None else np.frombuffer(data_buffer, np.uint8)
        out = np.empty(byte_offsets[-1] - byte_offsets[0], np.uint32)
        offsets = np.empty(len(column) + 1, np.int64)
        written = _decode(data, byte_offsets, out, offsets)
        return out[:written], offsets

    @property
    def code_points(self) -> NDArray[np.uint32]:
        """uint32[total]: the code points of all texts, end to end."""
        return self._decoded[0]

    @property
    def offsets(self) -> NDArray[np.int64]:
        """int64[texts + 1]: text i is code_points[offsets[i]:offsets[i + 1]]."""
        return self._decoded[1]

    @cached_property
    def chars(self) -> NDArray[np.int64]:
        """int64[texts]: length of each text in code points."""
        return np.diff(self.offsets)

    @cached_property
    def kinds(self) -> NDArray[np.uint8]:
        """uint8[total]: the `Kind` of every code point."""
        return np.take(kind_table(), self.code_points)

    @cached_property
    def folded(self) -> Folded:
        """The folded form: NFKC, lower case, Simplified, no white space."""
        return fold(self.code_points, self.offsets)

    @cached_property
    def folded_map(self) -> FoldedMap:
        """From every folded code point to its original [start, end)."""
        return fold_map(self.code_points, self.offsets)

    @property
    def segmenter(self) -> Segmenter:
        """What cuts the words."""
        return plain_segmenter() if self._segmenter is None else self._segmenter

    @cached_property
    def content(self) -> Tokens:
        """The tokens of what each text says: `filters.tokens.CONTENT`."""
        return tokenise(self.code_points, self.offsets, CONTENT)

    @cached_property
    def words(self) -> Words:
        """Segmentation of the original text with only the one-to-one Traditional→Simplified table applied."""
        return self.segmenter.cut(np.take(to_simplified_table(), self.code_points), self.offsets)
