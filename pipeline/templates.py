"""Lines that a site prints on page after page: what the survey found of them, and finding them again in a text."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from numpy.typing import NDArray

from filters.contract import attribute
from filters.fold import FOLD_VERSION, fold
from filters.script import share
from filters.texts import Texts
from pipeline.store import RunFolder, read_table

TEMPLATES_VERSION = f"1/fold-{FOLD_VERSION}"

MEASURED = (
    attribute(
        "template.line_ratio", pa.float64(), "ratio",
        "lines that many documents of the source share (the survey's templates), before any cutting / lines",
    ),
    attribute(
        "template.char_ratio", pa.float64(), "ratio",
        "characters in such lines / text characters, before any cutting",
    ),
)  # fmt: skip
"""Attributes that the scan measures after a survey."""

_LF = 0x0A
_SEED = np.uint64(0x9E3779B97F4A7C15)
_FACTOR = np.uint64(0xD6E8FEB86659FD93)
_SHIFT = np.uint64(32)


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a batch of texts, blank ones too."""

    hashes: NDArray[np.uint64]
    """Of each folded line."""
    chars: NDArray[np.int64]
    """Characters of each folded line: it has no white space."""
    starts: NDArray[np.int64]
    """[lines + 1]: line i is code_points[starts[i]:starts[i + 1]], its line feed included."""
    texts: NDArray[np.int64]
    """Which text each line belongs to."""


@njit(cache=True, nogil=True)
def _starts(values: NDArray[np.uint32], offsets: NDArray[np.int64], starts: NDArray[np.int64]) -> None:
    """Write where each line starts: a text of n line feeds has n + 1 lines, of which the last may be empty."""
    line = 0
    for text in range(len(offsets) - 1):
        starts[line] = offsets[text]
        line += 1
        for i in range(offsets[text], offsets[text + 1]):
            if values[i] == _LF:
                starts[line] = i + 1
                line += 1
    starts[line] = offsets[-1]


@njit(cache=True, nogil=True)
def hash_pieces(values: NDArray[np.uint32], offsets: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Hash pieces of code points to 64 bits; two that differ share a hash with chance 2^-64."""
    hashes = np.empty(len(offsets) - 1, np.uint64)
    for piece in range(len(offsets) - 1):
        key = _SEED
        for i in range(offsets[piece], offsets[piece + 1]):
            key = (key ^ np.uint64(values[i])) * _FACTOR
            key ^= key >> _SHIFT
        hashes[piece] = key * _FACTOR
    return hashes


def split_lines(texts: Texts) -> Lines:
    """Split a batch into lines, and fold and hash each."""
    values, offsets = texts.code_points, texts.offsets
    feeds = np.concatenate([[0], np.cumsum(values == _LF)])[offsets]
    starts = np.empty(int(feeds[-1]) + len(texts) + 1, np.int64)
    _starts(values, offsets, starts)
    folded = fold(values, starts)
    numbers = np.repeat(np.arange(len(texts)), np.diff(feeds) + 1)
    return Lines(hash_pieces(folded.values, folded.offsets), np.diff(folded.offsets), starts, numbers)


def load_templates(folder: RunFolder, source: str) -> NDArray[np.uint64]:
    """Return the hashes of a source's templates, ascending."""
    table = read_table(folder.path / "templates.parquet", ["source", "hash"])
    mine = table.filter(pc.equal(table["source"], source))["hash"]
    return np.sort(mine.to_numpy().astype(np.uint64))


class TemplateLines:
    """The template lines of one batch."""

    def __init__(self, texts: Texts, templates: NDArray[np.uint64], least_chars: int) -> None:
        """Find them.

        Args:
            texts: normalised, nothing cut yet.
            templates: hashes, ascending.
            least_chars: shorter lines are none.
        """
        self._lines = lines = split_lines(texts)
        self._offsets = texts.offsets
        self._found = (lines.chars >= least_chars) & np.isin(lines.hashes, templates)

    def measure(self) -> list[pa.Array]:
        """Return the columns of `MEASURED`."""
        lines = self._lines
        room = len(self._offsets) - 1
        totals = (np.bincount(lines.texts, weights, room) for weights in (lines.chars > 0, lines.chars))
        found = (np.bincount(lines.texts, w, room) for w in (self._found, lines.chars * self._found))
        return [pa.array(share(part, whole), pa.float64()) for part, whole in zip(found, totals, strict=True)]

    def cuts(self) -> Iterator[tuple[int, int, int]]:
        """Yield text, start and end in code points of the text, of every template line, in order."""
        for line in np.flatnonzero(self._found).tolist():
            text = int(self._lines.texts[line])
            start, end = self._lines.starts[line : line + 2].tolist()
            last = line + 1 == len(self._lines.texts) or self._lines.texts[line + 1] != text
            begin = int(self._offsets[text])
            yield text, start - begin, end - begin - (not last)
