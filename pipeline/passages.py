"""Contained passages: long runs of folded characters that stand in many documents, however the rest may differ.

A window is a passage's least length, 50 characters. A document's passages are the characters in windows that enough
clusters of duplicates hold. Writing down every window of a corpus would take several times its size, so windows are
sampled by content first (winnowing: Schleimer, Wilkerson and Aiken 2003): the anchor of a window is the smallest hash
among its runs of 25 characters. The same window has the same anchor wherever it stands, neighbouring windows mostly
share one, and so one position in thirteen is written. Only windows whose anchor is common are then looked at, all of
them, and counted: nothing is missed, and the result is exact.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from filters.contract import attribute
from filters.fold import FOLD_VERSION
from filters.script import share
from filters.texts import Texts
from pipeline.executor import report
from pipeline.form import Passages
from pipeline.holders import Holders, among, common_of, write_holders
from pipeline.parts import Parts
from pipeline.shingles import shingle_hashes
from pipeline.store import PartWriter, digest_file, read_batches, read_range, withdraw, write_json

PASSAGES_VERSION = f"1/fold-{FOLD_VERSION}"

MEASURED = (
    attribute(
        "passages.char_ratio", pa.float64(), "ratio",
        "folded characters in passages that many documents hold (duplicates of each other are one) / all folded ones",
    ),
    attribute(
        "passages.repeated_ratio", pa.float64(), "ratio",
        "those of them in passages that a document one would rather keep holds too / all folded ones",
    ),
    attribute("passages.count", pa.int64(), "count", "such passages, those that touch taken for one"),
    attribute("passages.longest_chars", pa.int64(), "chars", "folded characters of the longest; 0 without any"),
)  # fmt: skip
"""Attributes that are there where the recipe asks for passages."""

TABLE = pa.schema([pa.field("id", pa.string(), nullable=False), *MEASURED])


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of a batch of texts, in order."""

    hashes: NDArray[np.uint64]
    anchors: NDArray[np.uint64]
    at: NDArray[np.int64]
    """int64[texts + 1]: those of text i are hashes[at[i]:at[i + 1]]."""
    chars: NDArray[np.int64]
    """int64[texts]: folded characters."""

    @property
    def texts(self) -> NDArray[np.int64]:
        """int64[windows]: which text each belongs to."""
        return np.repeat(np.arange(len(self.chars)), np.diff(self.at))

    def anchored(self, common: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Find the windows whose anchor is among `common`, which ascends: int64[found], ascending."""
        new = np.ones(len(self.anchors), np.bool_)
        new[1:] = self.anchors[1:] != self.anchors[:-1]
        first = np.flatnonzero(new)
        inside = among(self.anchors[first], common)
        return np.flatnonzero(np.repeat(inside, np.diff(np.append(first, len(self.anchors)))))


@njit(cache=True, nogil=True)
def _anchors(
    hashes: NDArray[np.uint64], from_: NDArray[np.int64], width: int, at: NDArray[np.int64], out: NDArray[np.uint64]
) -> None:
    """Write the least of each `width` neighbouring hashes of a text."""
    for text in range(len(at) - 1):
        shift = from_[text] - at[text]
        least = -1
        for window in range(at[text], at[text + 1]):
            start = window + shift
            if least < start:  # it left the window, or there is none yet
                least = start
                for i in range(start + 1, start + width):
                    if hashes[i] <= hashes[least]:
                        least = i
            elif hashes[start + width - 1] <= hashes[least]:
                least = start + width - 1
            out[window] = hashes[least]


def cut_windows(texts: Texts, chars: int) -> Windows:
    """Cut texts into all windows of so many folded characters; a shorter text has none."""
    folded = texts.folded
    hashes, at = shingle_hashes(folded.values, folded.offsets, chars)
    run = chars // 2
    runs, from_ = shingle_hashes(folded.values, folded.offsets, run)
    anchors = np.empty(len(hashes), np.uint64)
    _anchors(runs, from_, chars - run + 1, at, anchors)
    return Windows(hashes, anchors, at, np.diff(folded.offsets))


@njit(cache=True, nogil=True)
def _cover(
    found: NDArray[np.bool_], at: NDArray[np.int64], chars: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Count the characters in found windows, the passages they make, and the longest: int64[texts] each."""
    covered, passages, longest = (
        np.zeros(len(at) - 1, np.int64), np.zeros(len(at) - 1, np.int64), np.zeros(len(at) - 1, np.int64),
    )  # fmt: skip
    for text in range(len(at) - 1):
        begin, behind = 0, -1  # of the passage that is open
        for window in range(at[text + 1] - at[text]):
            if found[at[text] + window]:
                if window > behind:
                    passages[text] += 1
                    begin = behind = window
                covered[text] += window + chars - max(behind, window)
                behind = window + chars
                longest[text] = max(longest[text], behind - begin)
    return covered, passages, longest


def _batches(parts: Parts, number: int, chars: int) -> Iterator[tuple[pa.Array, Windows, NDArray[Any], NDArray[Any]]]:
    """Yield ids, windows, clusters and orders of the documents of a part, as many at a time as a row group has."""
    standing = read_range(parts.folder.path / "standing.parquet", *parts.bounds(number))
    clusters, orders = standing["cluster"].to_numpy(), standing["order"].to_numpy()
    begin = 0
    for table in read_batches(parts.folder.part("documents", number), ["id", "text"]):
        end = begin + table.num_rows
        texts = Texts(table["text"].combine_chunks())
        yield table["id"].combine_chunks(), cut_windows(texts, chars), clusters[begin:end], orders[begin:end]
        report(table["text"].nbytes)
        begin = end


def sample_part(parts: Parts, number: int, settings: Passages, fingerprint: str) -> dict[str, Any]:
    """Write the anchors of a part's documents."""

    def found() -> Iterator[Holders]:
        for _, windows, clusters, orders in _batches(parts, number, settings.least_chars):
            texts = windows.texts
            new = np.ones(len(texts), np.bool_)
            new[1:] = (windows.anchors[1:] != windows.anchors[:-1]) | (texts[1:] != texts[:-1])
            texts = texts[new]
            yield Holders(windows.anchors[new], clusters[texts], orders[texts])

    return _write(parts, "passage_anchors", number, found(), fingerprint)


def window_part(parts: Parts, number: int, settings: Passages, ranges: int, fingerprint: str) -> dict[str, Any]:
    """Write the windows of a part's documents whose anchors are common."""
    anchors, _ = common_of(parts.folder, "passage_common_anchors", ranges, number)

    def found() -> Iterator[Holders]:
        for _, windows, clusters, orders in _batches(parts, number, settings.least_chars):
            chosen = windows.anchored(anchors)
            texts = windows.texts[chosen]
            yield Holders(windows.hashes[chosen], clusters[texts], orders[texts])

    return _write(parts, "passage_windows", number, found(), fingerprint)


def _write(parts: Parts, stage: str, number: int, found: Iterator[Holders], fingerprint: str) -> dict[str, Any]:
    begun = time.process_time()
    folder = parts.folder
    withdraw(folder.receipt(stage, number))
    rows = write_holders(folder.part(stage, number), found)
    receipt = {
        "stage": stage, "part": number, "fingerprint": fingerprint, "rows": rows,
        "cpu_seconds": round(time.process_time() - begun, 3),
    }  # fmt: skip
    write_json(folder.receipt(stage, number), receipt)
    return receipt


def measure_part(
    parts: Parts, number: int, settings: Passages, ranges: tuple[int, int], fingerprint: str
) -> dict[str, Any]:
    """Write the attributes of a part's documents, given the common anchors and windows, in so many ranges each."""
    begun = time.process_time()
    folder, chars = parts.folder, settings.least_chars
    withdraw(folder.receipt("passages", number))
    anchors, _ = common_of(folder, "passage_common_anchors", ranges[0], number)
    common, owners = common_of(folder, "passage_common_windows", ranges[1], number)
    with PartWriter([(folder.part("passages", number), TABLE)]) as writer:
        for ids, windows, clusters, _ in _batches(parts, number, chars):
            chosen = windows.anchored(anchors)
            chosen = chosen[among(windows.hashes[chosen], common)]
            found = np.zeros(len(windows.hashes), np.bool_)
            found[chosen] = True
            covered, passages, longest = _cover(found, windows.at, chars)
            owner = owners[np.searchsorted(common, windows.hashes[chosen])]
            found[chosen] = owner != clusters[windows.texts[chosen]]
            repeated, _, _ = _cover(found, windows.at, chars)
            columns = (share(covered, windows.chars), share(repeated, windows.chars), passages, longest)
            writer.write(pa.record_batch([ids, *(pa.array(column) for column in columns)], schema=TABLE))
    receipt = {
        "stage": "passages",
        "part": number,
        "fingerprint": fingerprint,
        "outputs": {"passages": digest_file(folder.part("passages", number))},
        "cpu_seconds": round(time.process_time() - begun, 3),
    }
    write_json(folder.receipt("passages", number), receipt)
    return receipt
