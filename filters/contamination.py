"""Whether a text holds questions of a benchmark: what a model must not have read before it is examined.

The operator names the files; without any, nothing is computed. An item is found in whatever order its options stand,
in either script and any width, spacing, line breaks, option letters and punctuation: all that is compared is the folded
letters, digits and Han characters. Few and rare 6-grams of an item (anchors) lead to it, so cost does not grow with the
number of items; its characters are then looked for in a window around the place.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from filters.benchmark_index import ANCHOR, GRAM, SLACK, Index, build_index, content, gram_hashes
from filters.benchmark_items import read_items
from filters.contract import attribute
from filters.fold import FOLD_VERSION
from filters.texts import Texts

_BASE = np.uint64(0x9E3779B97F4A7C15)
ALIGNED = 0.4
"""Share of a question or option that must stand in line with its anchor: one insertion leaves half of it so."""


@njit(cache=True, nogil=True)
def _covered(  # noqa: C901 - fills a table and asks it, n-gram by n-gram
    part: NDArray[np.uint32], window: NDArray[np.uint32], table: NDArray[np.int64], size: int, base: np.uint64
) -> int:
    """Count the characters of a part that lie in n-grams of `size` which the window holds too.

    `table` is scratch: a power of two of slots, at least twice the window, all -1; it is left so.
    """
    mask = len(table) - 1
    places = len(window) - size + 1
    for at in range(places):
        key = np.uint64(0)
        for k in range(size):
            key = key * base + np.uint64(window[at + k]) + np.uint64(1)
        slot = np.int64((key * base) >> np.uint64(20)) & mask
        fresh = True
        while fresh and table[slot] >= 0:
            same = True
            for k in range(size):
                same &= window[table[slot] + k] == window[at + k]
            fresh = not same
            slot = (slot + 1) & mask
        if fresh:
            table[slot] = at
    covered, covered_to = 0, 0
    for i in range(len(part) - size + 1):
        key = np.uint64(0)
        for k in range(size):
            key = key * base + np.uint64(part[i + k]) + np.uint64(1)
        slot = np.int64((key * base) >> np.uint64(20)) & mask
        while table[slot] >= 0:
            same = True
            for k in range(size):
                same &= window[table[slot] + k] == part[i + k]
            if same:
                covered += i + size - max(i, covered_to)
                covered_to = i + size
                break
            slot = (slot + 1) & mask
    table[:] = -1
    return covered


@njit(cache=True, nogil=True)
def _stands_in_line(
    values: NDArray[np.uint32], begin: int, end: int, shift: int, chars: NDArray[np.uint32], low: int, high: int
) -> float:
    """Share of chars[low:high] that equal the values of their text, [begin, end), `shift` further on."""
    equal = 0
    for k in range(max(low, begin - shift), min(high, end - shift)):
        equal += chars[k] == values[k + shift]
    return equal / (high - low)


@njit(cache=True, nogil=True)
def _share(
    window: NDArray[np.uint32],
    table: NDArray[np.int64],
    chars: NDArray[np.uint32],
    bounds: NDArray[np.int64],
    gram: int,
    least: float,
    base: np.uint64,
) -> float:
    """Share of an item's characters in the window, or of its question's, if that is less; 0 below `least`.

    `bounds` are the offsets of the item's parts in `chars`, and where the last one ends.
    """
    covered, stem = 0, 0.0
    for part in range(len(bounds) - 1):
        length = bounds[part + 1] - bounds[part]
        covered += _covered(chars[bounds[part] : bounds[part + 1]], window, table, min(gram, length), base)
        if part == 0:
            stem = covered / length
            if stem < least:
                return 0.0
    share = min(stem, covered / (bounds[-1] - bounds[0]))
    return share if share >= least else 0.0


@njit(cache=True, nogil=True)
def _search(  # noqa: C901 - one pass: sieve, table, the anchors of a hash, the texts that hold them
    values: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    sieve: NDArray[np.uint8],
    keys: NDArray[np.uint64],
    rows: NDArray[np.int32],
    anchor_item: NDArray[np.int32],
    anchor_at: NDArray[np.int32],
    next_anchor: NDArray[np.int32],
    chars: NDArray[np.uint32],
    part_offsets: NDArray[np.int64],
    item_offsets: NDArray[np.int64],
    settings: tuple[int, int, int],
    least: float,
    aligned: float,
    base: np.uint64,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return int64[texts, 2], the best item (-1 for none) and how many items; and float64[texts], its coverage."""
    anchor, gram, slack = settings
    texts = len(offsets) - 1
    found = np.zeros((texts, 2), np.int64)
    best = np.zeros(texts, np.float64)
    items = len(item_offsets) - 1
    matched = np.full(items, -1, np.int64)
    tried = np.full(items, -(1 << 40), np.int64)
    table = np.full(1024, -1, np.int64)
    sieve_mask, mask = np.uint64(len(sieve) - 1), len(keys) - 1
    for text in range(texts):
        found[text, 0] = -1
        begin, end = offsets[text], offsets[text + 1]
        for at in range(begin, end - anchor + 1):
            key = hashes[at]
            if not sieve[key >> np.uint64(40) & sieve_mask]:
                continue
            slot = np.int64(key >> np.uint64(20)) & mask
            while rows[slot] >= 0 and keys[slot] != key:
                slot = (slot + 1) & mask
            row = rows[slot]
            while row >= 0:
                item, place = anchor_item[row], anchor_at[row]
                row = next_anchor[row]
                if matched[item] == text or (tried[item] >= begin and at - tried[item] < slack // 2):
                    continue
                first, last = item_offsets[item], item_offsets[item + 1]
                # Cheap refusal: too few characters of the anchor's part stand where they should, seen from the anchor.
                part = first
                while part_offsets[part + 1] <= place:
                    part += 1
                low, high = part_offsets[part], part_offsets[part + 1]
                if _stands_in_line(values, begin, end, at - place, chars, low, high) < aligned:
                    continue
                tried[item] = at
                whole = part_offsets[last] - part_offsets[first]
                window = values[max(begin, at - whole - slack) : min(end, at + whole + slack)]
                while len(table) < 2 * len(window):
                    table = np.full(2 * len(table), -1, np.int64)
                share = _share(window, table, chars, part_offsets[first : last + 1], gram, least, base)
                if share > 0:
                    matched[item] = text
                    found[text, 1] += 1
                    if share > best[text]:
                        best[text] = share
                        found[text, 0] = item
    return found, best


@lru_cache(maxsize=4)
def _load(paths: tuple[str, ...], _stamps: tuple[tuple[int, int], ...]) -> Index:
    """Read and index benchmarks; a file of another time or size is read again."""
    return build_index([item for path in paths for item in read_items(Path(path))])


@dataclass(frozen=True, slots=True)
class Contamination:
    """Questions of benchmarks in each text.

    An item is found where at least `least` of its question's characters lie in 5-grams of the text, and as many of
    question and options together, within a window that reaches as far as the item is long on each side. Not found:
    items without a run of 6 characters or with fewer than 12 in all (1 + 1 = ?), and paraphrases or translations. A
    text that quotes what an item quotes (a statute, a poem) holds that item.
    """

    benchmarks: tuple[str, ...] = ()
    """Files of C-Eval, CMMLU, GAOKAO-Bench, CLUE or one's own; relative to the recipe."""
    least: float = 0.8
    """Share of an item's characters from which it counts as found."""
    index: Index | None = field(init=False, repr=False, compare=False, default=None)

    files: ClassVar[tuple[str, ...]] = ("benchmarks",)
    version: ClassVar[str] = f"1/fold-{FOLD_VERSION}"
    schema: ClassVar[pa.Schema] = pa.schema([
        attribute("contamination.benchmark", pa.string(), "label", "benchmark file of the item found best; else null"),
        attribute("contamination.item", pa.string(), "label", "its id there, or its number from 1; else null"),
        attribute(
            "contamination.coverage", pa.float64(), "ratio",
            "characters of that item that the text holds in one place / its characters; 0 without an item",
        ),
        attribute("contamination.items", pa.int64(), "count", "different items that the text holds"),
    ])  # fmt: skip

    def __post_init__(self) -> None:
        """Read the benchmarks.

        Raises:
            ValueError: a file has no known shape, or `least` is no share above a half.
            OSError: a file cannot be read.
        """
        if not 0.5 <= self.least <= 1:  # noqa: PLR2004 - below a half any text on the subject would do
            raise ValueError(f"least is a share from 0.5 to 1, not {self.least}")
        if self.benchmarks:
            status = [Path(path).stat() for path in self.benchmarks]
            stamps = tuple((entry.st_mtime_ns, entry.st_size) for entry in status)
            object.__setattr__(self, "index", _load(tuple(self.benchmarks), stamps))

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        names: list[tuple[str | None, str | None]] = [(None, None)] * len(texts)
        counts, coverage = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.float64)
        if self.index is not None:
            index = self.index
            values, offsets = content(texts.folded)
            found, coverage = _search(
                values, offsets, gram_hashes(values, ANCHOR, _BASE), index.sieve, index.keys, index.rows,
                index.anchor_item, index.anchor_at, index.next_anchor, index.chars, index.part_offsets,
                index.item_offsets, (ANCHOR, GRAM, SLACK), self.least, ALIGNED, _BASE,
            )  # fmt: skip
            names = [(None, None) if item < 0 else index.names[item] for item in found[:, 0].tolist()]
            counts = found[:, 1]
        columns = [
            pa.array([name[0] for name in names], pa.string()),
            pa.array([name[1] for name in names], pa.string()),
            pa.array(coverage, pa.float64(), mask=texts.null),
            pa.array(counts, pa.int64(), mask=texts.null),
        ]
        return pa.record_batch(columns, schema=self.schema)
