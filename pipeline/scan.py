"""The scan of one shard: read, decode, normalise, measure and sign, in one pass over its records."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters.contract import Filter
from filters.fold import FOLD_VERSION
from filters.texts import Texts
from pipeline.executor import report
from pipeline.normalize import NORMALIZE_VERSION, READER_KINDS, Edit, has_stray, normalize
from pipeline.plan import Shard, slice_keys
from pipeline.readers.reading import READING_VERSION, ReadOptions, read
from pipeline.readers.records import Record, Unread
from pipeline.recipe import FilterChoice
from pipeline.schema import DOCUMENTS, QUARANTINE, READING, signature_schema
from pipeline.signing import Signing, exact_digest, shingle_counts, sign
from pipeline.store import SCANNED, PartWriter, RunFolder, digest_file, fingerprint, write_json

BATCH_CHARS = 2_000_000
"""Characters in a batch: large enough that the kernels' fixed cost vanishes, small enough that all views of a batch
(about 40 bytes a character) stay near 100 MB."""
BATCH_RECORDS = 4_096


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """What the result of a scan depends on, besides the shard itself."""

    options: ReadOptions
    filters: tuple[FilterChoice, ...]
    signing: Signing

    def fingerprint(self, shard: Shard) -> str:
        """Return the digest of everything that could change the scan of this shard."""
        filters = [(c.filter, c.identity, c.make().version, str(c.make().schema)) for c in self.filters]
        versions = (READING_VERSION, NORMALIZE_VERSION, BATCH_CHARS, BATCH_RECORDS, str(DOCUMENTS))
        header = self.signing.header(FOLD_VERSION)
        return fingerprint(asdict(self.options), filters, versions, header, slice_keys(shard))


@dataclass(slots=True)
class _Counts:
    """What a scan met: quarantined records do not count among the documents."""

    documents: int = 0
    quarantined: int = 0
    lost: int = 0
    lost_unknown: int = 0
    text_bytes: int = 0
    edits: int = 0


def scan_shard(folder: RunFolder, shard: Shard, settings: ScanSettings) -> dict[str, Any]:
    """Scan one shard into its parts of documents, attributes, signatures and quarantine.

    Returns:
        The receipt, which is also written, last: a shard without it is scanned again.
    """
    begun = time.process_time()
    filters = [choice.make() for choice in settings.filters]
    attributes = pa.schema(
        [pa.field("id", pa.string(), nullable=False), *READING, *(f for x in filters for f in x.schema)]
    )
    signatures = signature_schema(settings.signing.permutations, settings.signing.header(FOLD_VERSION))
    schemas = dict(zip(SCANNED, (DOCUMENTS, attributes, signatures, QUARANTINE), strict=True))
    parts = [(folder.part(table, shard.number), schema) for table, schema in schemas.items()]
    counts = _Counts()
    with PartWriter(parts) as writer:
        for batch, unread in _batches(shard, settings.options):
            documents, reading, texts = _normalized(batch)
            measured = _measure(documents, reading, texts, filters, attributes)
            signed = _sign(documents, texts, settings.signing, signatures)
            quarantine = pa.RecordBatch.from_pylist(unread, schema=QUARANTINE)
            writer.write(documents, measured, signed, quarantine)
            counts.documents += documents.num_rows
            counts.quarantined += quarantine.num_rows
            counts.lost += sum(row["records_lost"] or 0 for row in unread)
            counts.lost_unknown += sum(row["records_lost"] is None for row in unread)
            counts.text_bytes += documents["text"].nbytes
            counts.edits += len(documents["edits"].flatten())
            report(documents["text"].nbytes)
    receipt = {
        "stage": "scan",
        "part": shard.number,
        "source": shard.source,
        "fingerprint": settings.fingerprint(shard),
        "in": counts.documents + counts.quarantined,
        **asdict(counts),
        "bytes_in": shard.bytes,
        "outputs": {table: digest_file(folder.part(table, shard.number)) for table in SCANNED},
        "cpu_seconds": round(time.process_time() - begun, 3),
    }
    write_json(folder.receipt("scan", shard.number), receipt)
    return receipt


@dataclass(slots=True)
class _Row:
    """One record on its way into a batch."""

    source: str
    file: str
    record: Record


def _batches(shard: Shard, options: ReadOptions) -> Iterator[tuple[list[_Row], list[dict[str, Any]]]]:
    """Read a shard in batches; the cuts depend on its records alone. The last batch may be empty."""
    rows: list[_Row] = []
    unread: list[dict[str, Any]] = []
    chars = 0
    for piece in shard.slices:
        for record in read(piece, options):
            if isinstance(record, Unread):
                unread.append({
                    "source": piece.source, "file": piece.file, "record": record.record, "offset": record.offset,
                    "error": record.error, "raw": record.raw, "records_lost": record.lost,
                })  # fmt: skip
                continue
            rows.append(_Row(piece.source, piece.file, record))
            chars += len(record.text)
            if chars >= BATCH_CHARS or len(rows) >= BATCH_RECORDS:
                yield rows, unread
                rows, unread, chars = [], [], 0
    yield rows, unread


def _normalized(rows: list[_Row]) -> tuple[pa.RecordBatch, dict[str, pa.Array], Texts]:
    """Normalise the texts of a batch and lay its documents out; what reading found out goes beside them."""
    texts = [row.record.text for row in rows]
    edits: list[list[Edit]] = [[] for _ in rows]
    views = Texts(pa.array(texts, pa.large_string()))
    changed = False
    for number, stray in enumerate(has_stray(views.code_points, views.offsets).tolist()):
        record = rows[number].record
        text, edits[number] = normalize(record.text, record.repairs, stray=stray)
        changed |= text is not record.text
        texts[number] = text
    if changed:
        views = Texts(pa.array(texts, pa.large_string()))
    documents = pa.record_batch(
        [
            pa.array([document_id(row.source, row.file, row.record) for row in rows], pa.string()),
            pa.array([row.source for row in rows], pa.string()),
            pa.array([row.record.url for row in rows], pa.string()),
            views.column,
            pa.array([list(row.record.meta.items()) for row in rows], DOCUMENTS.field("meta").type),
            pa.array([[asdict(edit) for edit in row] for row in edits], DOCUMENTS.field("edits").type),
            pa.array([row.file for row in rows], pa.string()),
            pa.array([row.record.record for row in rows], pa.int64()),
            pa.array([row.record.offset for row in rows], pa.int64()),
        ],
        schema=DOCUMENTS,
    )
    repaired = [sum(edit.end - edit.start for edit in row if edit.kind in READER_KINDS) for row in edits]
    reading = {
        "reading.encoding": pa.array([row.record.encoding for row in rows], pa.string()),
        "reading.repaired_chars": pa.array(repaired, pa.int64()),
        "reading.edits": pa.array([len(row) for row in edits], pa.int64()),
    }
    return documents, reading, views


def document_id(source: str, file: str, record: Record) -> str:
    """Return the input's own id, or the place of the record where it has none."""
    return place_id(source, file, record.record) if record.id is None else record.id


def place_id(source: str, file: str, record: int) -> str:
    """Return the id that a document has by its place: unique, since a place is."""
    return f"{source}:{file}#{record}"


def _measure(
    documents: pa.RecordBatch, reading: Mapping[str, pa.Array], texts: Texts, filters: list[Filter], schema: pa.Schema
) -> pa.RecordBatch:
    """Measure a batch by every filter; a filter that breaks its promise makes the shard a bad one."""
    columns = [documents["id"], *reading.values()]
    for measure in filters:
        batch = measure(texts)
        if batch.num_rows != len(texts) or batch.schema != measure.schema:
            raise ValueError(
                f"{type(measure).__name__} returned {batch.num_rows} rows for {len(texts)} texts, or other columns"
            )
        columns += batch.columns
    return pa.record_batch(columns, schema=schema)


def _sign(documents: pa.RecordBatch, texts: Texts, signing: Signing, schema: pa.Schema) -> pa.RecordBatch:
    """Sign a batch: the digest of each folded text, its MinHash signature and what survivors are chosen by."""
    folded = texts.folded
    signatures = np.ascontiguousarray(sign(folded.values, folded.offsets, signing))
    digests = np.ascontiguousarray(exact_digest(folded.values, folded.offsets))
    return pa.record_batch(
        [
            documents["id"],
            _fixed(digests.view(np.uint8), schema.field("exact").type, len(texts)),
            _fixed(signatures.view(np.uint8), schema.field("signature").type, len(texts)),
            pa.array(shingle_counts(folded.offsets, signing.shingle), pa.int64()),
            pa.array(texts.chars, pa.int64()),
        ],
        schema=schema,
    )


def _fixed(data: NDArray[np.uint8], kind: pa.DataType, rows: int) -> pa.Array:
    return pa.Array.from_buffers(kind, rows, [None, pa.py_buffer(data.tobytes())])
