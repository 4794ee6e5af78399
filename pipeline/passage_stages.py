"""Passages as a run finds them: two counts over all parts, each by ranges of hashes, then a measurement.

standing ─► anchors (parts) ─► common anchors (ranges) ─► windows (parts) ─► common windows (ranges) ─► passages (parts)

What lies between is removed when the attributes are there: it is larger than they are, and another cluster changes it.
"""

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters.texts import Texts
from pipeline.errors import ShardError
from pipeline.executor import Item
from pipeline.form import Passages
from pipeline.holders import BYTES_PER_ROW, count_holders
from pipeline.parts import Parts
from pipeline.passages import PASSAGES_VERSION, measure_part, sample_part, window_part
from pipeline.preference import Preference, base_order
from pipeline.stage import Receipt, Stages
from pipeline.store import PartWriter, fingerprint, read_json, read_range, withdraw, write_json
from pipeline.templates import hash_pieces

MERGE_SHARE = 4
"""Part of a worker's memory for the rows of one range."""

STANDING = pa.schema([pa.field("cluster", pa.uint64(), nullable=False), pa.field("order", pa.int64(), nullable=False)])
"""A row for every document: a hash of its cluster, and its place among all documents, best first."""

BETWEEN = ("passage_anchors", "passage_common_anchors", "passage_windows", "passage_common_windows")


def find_passages(
    stages: Stages, parts: Parts, settings: Passages, preference: Preference, documents: Mapping[int, Any], memory: int
) -> dict[int, Receipt]:
    """Measure the passages of all documents, unless that is done.

    Args:
        stages: with the receipt of deduplication.
        parts: of the run.
        settings: of the recipe.
        preference: whom one would rather keep: who owns a passage.
        documents: digests of each part's tables that the result depends on.
        memory: bytes that a worker may use.

    Returns:
        The receipts by part.

    Raises:
        ShardError: a step failed; what is common cannot be known without it.
    """
    clusters = stages.receipts["dedup"][0]["outputs"]["clusters"]
    depends = fingerprint(
        PASSAGES_VERSION, settings.model_dump(), preference.fingerprint(), clusters, sorted(documents.items())
    )  # fmt: skip
    wanted = {number: fingerprint(depends, number) for number in parts.numbers}
    ranges = (1, 1)
    folder = parts.folder
    if any((read_json(folder.receipt("passages", n)) or {}).get("fingerprint") != wanted[n] for n in parts.numbers):
        steps = _Steps(stages, parts, settings, depends, memory)
        steps.stand(preference)
        ranges = (steps.count("anchors", sample_part, ()), 0)
        ranges = (ranges[0], steps.count("windows", window_part, (ranges[0],)))

    def measure(number: int) -> Item:
        return Item(f"passages part-{number:05d}", measure_part, (parts, number, settings, ranges, wanted[number]))

    done = _whole(stages, lambda: stages.each("passages", wanted, measure, ("passages",), "parts"))
    for table in BETWEEN:
        shutil.rmtree(folder.path / "receipts" / table, ignore_errors=True)  # first, so that nothing seems done
        shutil.rmtree(folder.path / table, ignore_errors=True)
    withdraw(folder.whole_receipt("standing"))
    (folder.path / "standing.parquet").unlink(missing_ok=True)
    return done


def _whole(stages: Stages, step: Callable[[], dict[int, Receipt]]) -> dict[int, Receipt]:
    before = set(stages.failed)
    done = step()
    for part in set(stages.failed) - before:
        raise ShardError(f"passages, {part}: {stages.failed[part]}")
    return done


@dataclass(frozen=True)
class _Steps:
    """The steps before the last, in items with receipts of their own."""

    stages: Stages
    parts: Parts
    settings: Passages
    depends: str
    memory: int

    def stand(self, preference: Preference) -> None:
        arguments = (self.parts, preference, self.depends)
        self.stages.whole("standing", self.depends, ("standing",), lambda: Item("standing", write_standing, arguments))

    def count(self, kind: str, function: Callable[..., Receipt], more: tuple[Any, ...]) -> int:
        """Have each part write who holds what, then find what is common; return in how many ranges."""
        first, second = f"passage_{kind}", f"passage_common_{kind}"
        parts, settings = self.parts, self.settings
        wanted = {number: fingerprint(self.depends, first, number, more) for number in parts.numbers}

        def write(number: int) -> Item:
            return Item(
                f"{first} part-{number:05d}", function, (parts, number, settings, *more, wanted[number])
            )  # fmt: skip

        written = _whole(self.stages, lambda: self.stages.each(first, wanted, write, (first,), "bytes"))
        rows = sum(receipt["rows"] for receipt in written.values())
        ranges: int = max(1, -(-rows * BYTES_PER_ROW // (self.memory // MERGE_SHARE)))
        counted = {number: fingerprint(self.depends, second, number, ranges) for number in range(ranges)}
        fixed = partial(
            count_holders, parts.folder, second, (first, second), parts.numbers, ranges=ranges,
            least=settings.least_documents,
        )  # fmt: skip

        def merge(number: int) -> Item:
            return Item(
                f"{second} range-{number:05d}", partial(fixed, number=number, fingerprint=counted[number]), ()
            )  # fmt: skip

        _whole(self.stages, lambda: self.stages.each(second, counted, merge, (second,), "ranges"))
        return ranges


def write_standing(parts: Parts, preference: Preference, expected: str) -> Receipt:
    """Write standing.parquet, part by part."""
    begun = time.process_time()
    ids = parts.column("documents", "id").cast(pa.large_string()).combine_chunks()
    by_id = np.empty(len(ids), np.int64)
    by_id[pc.sort_indices(ids).to_numpy()] = np.arange(len(ids))
    del ids
    order = np.empty(len(by_id), np.int64)
    order[np.lexsort((by_id, base_order(parts, preference)))] = np.arange(len(by_id))
    folder = parts.folder
    withdraw(folder.whole_receipt("standing"))
    with PartWriter([(folder.path / "standing.parquet", STANDING)]) as writer:
        for number in parts.numbers:
            begin, end = parts.bounds(number)
            clusters = read_range(folder.path / "clusters.parquet", begin, end)["cluster"].combine_chunks()
            columns = (hash_names(clusters), order[begin:end])
            writer.write(pa.record_batch([pa.array(column) for column in columns], schema=STANDING))
    receipt = {
        "stage": "standing", "fingerprint": expected, "cpu_seconds": round(time.process_time() - begun, 3)
    }  # fmt: skip
    write_json(folder.whole_receipt("standing"), receipt)
    return receipt


def hash_names(names: pa.Array) -> NDArray[np.uint64]:
    """Hash strings to 64 bits each."""
    texts = Texts(names)
    return hash_pieces(texts.code_points, texts.offsets)
