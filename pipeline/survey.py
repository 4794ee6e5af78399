"""The survey: a first reading that counts in how many documents of its source each line stands.

A line that many documents share is a template of the site. Copies of one document must not make its lines templates, or
an article posted ten times would be cut to nothing before deduplication could keep one: so beside the count, each line
has a sketch of how many different texts it stood in.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from pipeline.batch import read_shard
from pipeline.executor import report
from pipeline.form import Survey
from pipeline.normalize import NORMALIZE_VERSION
from pipeline.plan import Shard, slice_keys
from pipeline.readers.reading import READING_VERSION, ReadOptions
from pipeline.store import (
    PartWriter,
    RunFolder,
    count_rows,
    digest_file,
    fingerprint,
    read_between,
    withdraw,
    write_json,
)
from pipeline.templates import TEMPLATES_VERSION, hash_pieces, split_lines

SURVEY_VERSION = "1"

ROWS_IN_GROUP = 1 << 16
"""Rows of a row group, 1 MB: what a merge reads too much at either end of a range of hashes."""

BYTES_PER_ROW = 128
"""What a row costs while it is merged: 24 bytes as read, as much end to end and sorted; measured 108 at the peak."""

SKETCH_BITS = np.uint64(64)
MOST_BITS = 8
"""Bits of the sketch that are enough. A line in n different texts sets about n of 64 bits while n is small; half of
the bound, at most 8, are asked for. Of a line in 10 different texts fewer than 5 are set with chance 6e-7; copies of
one text set one."""

LINES = pa.schema(
    [
        pa.field("hash", pa.uint64(), nullable=False),
        pa.field("documents", pa.int64(), nullable=False),
        pa.field("sketch", pa.uint64(), nullable=False),
    ]
)
TEMPLATES = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("hash", pa.uint64(), nullable=False),
        pa.field("documents", pa.int64(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class Counted:
    """Lines with the documents they stand in, by ascending hash."""

    hashes: NDArray[np.uint64]
    documents: NDArray[np.int64]
    sketches: NDArray[np.uint64]

    def batch(self, begin: int, end: int) -> pa.RecordBatch:
        """Return some rows as they are stored."""
        columns = (self.hashes, self.documents, self.sketches)
        return pa.record_batch([pa.array(column[begin:end]) for column in columns], schema=LINES)


def add_up(parts: Sequence[Counted]) -> Counted:
    """Add up counts of the same lines."""
    hashes = np.concatenate([part.hashes for part in parts]) if parts else np.empty(0, np.uint64)
    if not len(hashes):
        return Counted(hashes, np.empty(0, np.int64), np.empty(0, np.uint64))
    order = np.argsort(hashes, kind="stable")
    hashes = hashes[order]
    first = np.flatnonzero(np.concatenate([[True], hashes[1:] != hashes[:-1]]))
    documents = np.concatenate([part.documents for part in parts])[order]
    sketches = np.concatenate([part.sketches for part in parts])[order]
    return Counted(hashes[first], np.add.reduceat(documents, first), np.bitwise_or.reduceat(sketches, first))


def survey_fingerprint(shard: Shard, options: ReadOptions, least_chars: int) -> str:
    """Return the digest of everything that could change the survey of this shard."""
    versions = (SURVEY_VERSION, TEMPLATES_VERSION, READING_VERSION, NORMALIZE_VERSION)
    return fingerprint(versions, asdict(options), least_chars, slice_keys(shard))


def survey_shard(folder: RunFolder, shard: Shard, options: ReadOptions, least_chars: int) -> dict[str, Any]:
    """Count the lines of one shard: in how many of its documents each stands.

    Returns:
        The receipt, which is also written, last.
    """
    begun = time.process_time()
    documents = 0
    counted: list[Counted] = []
    for batch, _ in read_shard(shard, options):
        lines = split_lines(batch.texts)
        long = lines.chars >= least_chars
        # One row for each distinct line of a document.
        order = np.lexsort((lines.texts[long], lines.hashes[long]))
        hashes, numbers = lines.hashes[long][order], lines.texts[long][order]
        fresh = np.ones(len(hashes), np.bool_)
        fresh[1:] = (hashes[1:] != hashes[:-1]) | (numbers[1:] != numbers[:-1])
        hashes, numbers = hashes[fresh], numbers[fresh]
        folded = batch.texts.folded
        whole = hash_pieces(folded.values, folded.offsets)
        bits = np.uint64(1) << (whole % SKETCH_BITS)
        counted.append(add_up([Counted(hashes, np.ones(len(hashes), np.int64), bits[numbers])]))
        documents += len(batch.texts)
        report(batch.texts.column.nbytes)
    lines_of_shard = add_up(counted)
    path = folder.part("survey", shard.number)
    withdraw(folder.receipt("survey", shard.number))
    with PartWriter([(path, LINES)]) as writer:
        for begin in range(0, len(lines_of_shard.hashes), ROWS_IN_GROUP):
            writer.write(lines_of_shard.batch(begin, begin + ROWS_IN_GROUP))
    receipt = {
        "stage": "survey",
        "part": shard.number,
        "source": shard.source,
        "fingerprint": survey_fingerprint(shard, options, least_chars),
        "documents": documents,
        "lines": len(lines_of_shard.hashes),
        "outputs": {"survey": digest_file(path)},
        "cpu_seconds": round(time.process_time() - begun, 3),
    }
    write_json(folder.receipt("survey", shard.number), receipt)
    return receipt


def templates_fingerprint(surveys: Mapping[int, Mapping[str, Any]], settings: Survey) -> str:
    """Return the digest of everything that could change the templates."""
    parts = [[n, r["source"], r["documents"], r["outputs"]] for n, r in sorted(surveys.items())]
    return fingerprint(SURVEY_VERSION, TEMPLATES_VERSION, settings.model_dump(), parts)


def find_templates(
    folder: RunFolder, surveys: Mapping[int, Mapping[str, Any]], settings: Survey, expected: str, memory: int
) -> dict[str, Any]:
    """Merge the surveys of each source into `templates.parquet`.

    Args:
        folder: of the run.
        surveys: the receipts of the surveys, by number of the part.
        settings: how common a line must be.
        expected: fingerprint of this stage.
        memory: bytes that the counts being merged may take; one row group of each part, however little that is.

    Returns:
        The receipt: for every source the number of its templates, and in `digests` that of their hashes, so that what
        is measured by them stays good while only the counts change.
    """
    begun = time.process_time()
    digests: dict[str, str] = {}
    templates: dict[str, int] = {}
    path = folder.path / "templates.parquet"
    withdraw(folder.whole_receipt("templates"))
    with PartWriter([(path, TEMPLATES)]) as writer:
        for source in sorted({receipt["source"] for receipt in surveys.values()}):
            mine = {n: receipt for n, receipt in sorted(surveys.items()) if receipt["source"] == source}
            documents = sum(receipt["documents"] for receipt in mine.values())
            least = max(settings.least_documents, int(np.ceil(settings.least_share * documents)))
            digest = xxhash.xxh3_128()
            templates[source] = 0
            for common in _common_lines(folder, list(mine), least, memory):
                digest.update(common.hashes.tobytes())
                templates[source] += len(common.hashes)
                columns = [pa.array([source] * len(common.hashes)), common.hashes, common.documents]
                writer.write(pa.record_batch([pa.array(column) for column in columns], schema=TEMPLATES))
            digests[source] = digest.hexdigest()
    receipt = {
        "stage": "templates",
        "fingerprint": expected,
        "templates": templates,
        "digests": digests,
        "outputs": {"templates": digest_file(path)},
        "cpu_seconds": round(time.process_time() - begun, 3),
    }
    write_json(folder.whole_receipt("templates"), receipt)
    return receipt


def _common_lines(folder: RunFolder, numbers: Sequence[int], least: int, memory: int) -> Iterator[Counted]:
    """Add the parts up, one range of hashes after another, and yield the lines of each that are common enough."""
    paths = [folder.part("survey", number) for number in numbers]
    rows = sum(count_rows(path) for path in paths)
    ranges = max(1, -(-rows * BYTES_PER_ROW // memory))
    bounds = [(i << 64) // ranges for i in range(ranges + 1)]
    bits = min(MOST_BITS, -(-least // 2))
    for low, behind in pairwise(bounds):
        parts = []
        for path in paths:
            table = read_between(path, "hash", low, behind - 1)
            columns = (table[name].to_numpy() for name in LINES.names)
            parts.append(Counted(*columns))
        found = add_up(parts)
        common = (found.documents >= least) & (np.bitwise_count(found.sketches) >= bits)
        yield Counted(found.hashes[common], found.documents[common], found.sketches[common])
