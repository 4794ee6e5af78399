"""The scanned parts of a run, seen as one table: rows numbered through all of them, in the order of the parts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters.texts import Texts
from pipeline.dictionary import Dictionary, segmenter
from pipeline.shingles import shingled
from pipeline.store import ANSWERS, PASSAGES, RunFolder, count_rows, read_rows, read_table


def attribute_table(name: str) -> str:
    """Return the table that holds an attribute which some stage before judging measured."""
    return {"passages": PASSAGES, "human": ANSWERS}.get(name.partition(".")[0], "attributes")


VALUES_AT_ONCE = 20_000_000
"""Values of several columns that are held together at most: 160 MB of numbers."""


@dataclass(frozen=True)
class Parts:
    """The parts of a run's scan whose shards did not fail."""

    folder: RunFolder
    numbers: tuple[int, ...]
    """Ascending."""

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """int64[parts + 1]: part p holds the rows offsets[p] to offsets[p + 1]."""
        rows = [count_rows(self.folder.part("documents", number)) for number in self.numbers]
        return np.concatenate([[0], np.cumsum(rows, dtype=np.int64)])

    @property
    def rows(self) -> int:
        """Documents in all parts."""
        return int(self.offsets[-1])

    def bounds(self, number: int) -> tuple[int, int]:
        """Return the first row of a part and the first behind it."""
        place = self.numbers.index(number)
        return int(self.offsets[place]), int(self.offsets[place + 1])

    def within(self, low: int, high: int) -> Iterator[tuple[int, int]]:
        """Yield the parts that lie in the rows [low, high), which no part crosses: number and first row."""
        for number, begin, end in zip(self.numbers, self.offsets[:-1].tolist(), self.offsets[1:].tolist(), strict=True):
            if low <= begin and end <= high and begin < end:
                yield number, begin

    def column(self, table: str, name: str) -> pa.ChunkedArray:
        """Read one column of all parts."""
        schema = None
        chunks: list[pa.Array] = []
        for number in self.numbers:
            column = read_table(self.folder.part(table, number), [name])[name]
            schema = column.type
            chunks += column.chunks
        return pa.chunked_array(chunks, pa.null() if schema is None else schema)

    def columns(self, table: str, names: Sequence[str]) -> Iterator[tuple[str, pa.ChunkedArray]]:
        """Yield columns of all parts, each with its name: as many in one reading as fit, for opening a part is dear."""
        at_once = max(1, VALUES_AT_ONCE // max(self.rows, 1))
        for begin in range(0, len(names), at_once):
            some = list(dict.fromkeys(names[begin : begin + at_once]))
            read = [read_table(self.folder.part(table, number), some) for number in self.numbers]
            whole = pa.concat_tables(read) if read else pa.table({name: pa.nulls(0) for name in some})
            yield from ((name, whole[name]) for name in names[begin : begin + at_once])

    def measured(self, names: Sequence[str]) -> Iterator[pa.ChunkedArray]:
        """Yield attributes of all documents in the order of their names, whichever tables hold them."""
        for table, some in groupby(names, attribute_table):
            yield from (column for _, column in self.columns(table, list(some)))

    def attributes(self, rows: NDArray[np.int64], columns: Sequence[str]) -> dict[str, pa.Array]:
        """Read some attributes of some rows, in ascending order, from whichever tables hold them."""
        found: dict[str, pa.Array] = {}
        for table in sorted({attribute_table(name) for name in columns}):
            names = [name for name in columns if attribute_table(name) == table]
            read = self.take(table, rows, names)
            found |= {name: read[name].combine_chunks() for name in names}
        return found

    def take(self, table: str, rows: NDArray[np.int64], columns: Sequence[str]) -> pa.Table:
        """Read some rows, in ascending order, of some columns."""
        tables = []
        cuts = np.searchsorted(rows, self.offsets)
        for place, number in enumerate(self.numbers):
            inside = rows[cuts[place] : cuts[place + 1]] - self.offsets[place]
            if len(inside):
                tables.append(read_rows(self.folder.part(table, number), inside, columns))
        return pa.concat_tables(tables)

    def load_folded(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Read the folded texts of some documents, rows ascending: code points and offsets."""
        return self.folded(self.take("documents", rows, ["text"])["text"].combine_chunks())

    def folded(self, texts: pa.Array) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Fold texts as their signatures saw them: code points and offsets."""
        folded = Texts(texts).folded
        return folded.values, folded.offsets


@dataclass(frozen=True)
class WordParts(Parts):
    """The parts of a run whose signatures are made of words: their texts come cut into words."""

    dictionaries: tuple[Dictionary, ...]
    """Those of the run."""

    def folded(self, texts: pa.Array) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Fold texts, and cut them into words as `shingled` gives them."""
        return shingled(Texts(texts, segmenter(self.dictionaries)), "words")
