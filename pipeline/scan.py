"""The scan of one shard: read, decode, normalise, measure and sign, in one pass over its records."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters.boilerplate import BOILERPLATE_VERSION, find_batch
from filters.contract import BeforeCutting, Filter
from filters.fold import FOLD_VERSION
from filters.texts import Texts
from pipeline.batch import BATCH_CHARS, BATCH_RECORDS, Batch, read_shard
from pipeline.dictionary import Dictionary, segmenter
from pipeline.executor import report
from pipeline.normalize import NORMALIZE_VERSION
from pipeline.plan import Shard, slice_keys
from pipeline.readers.reading import READING_VERSION, ReadOptions
from pipeline.recipe import FilterChoice
from pipeline.schema import DOCUMENTS, QUARANTINE, READING, signature_schema
from pipeline.shingles import shingle_counts, shingled, word_shingle_counts
from pipeline.signing import Signing, exact_digest, sign
from pipeline.store import SCANNED, PartWriter, RunFolder, digest_file, fingerprint, withdraw, write_json
from pipeline.templates import MEASURED, TEMPLATES_VERSION, TemplateLines, load_templates


@dataclass(frozen=True, slots=True)
class Cutting:
    """What the scan does with lines that are no text of their document's own."""

    boilerplate: bool = False
    """Cut the lines that the filter `boilerplate` finds."""
    templates: bool = False
    """Cut the lines that the survey found in many documents of the source."""
    surveyed: str | None = None
    """Digest of those of this source; None without a survey."""
    least_chars: int = 0
    """Of a template."""

    def fingerprint(self) -> list[Any]:
        """Return what the scan depends on."""
        return [
            BOILERPLATE_VERSION if self.boilerplate else None,
            None if self.surveyed is None else [TEMPLATES_VERSION, self.surveyed, self.templates, self.least_chars],
        ]


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """What the result of a scan depends on, besides the shard itself."""

    options: ReadOptions
    filters: tuple[FilterChoice, ...]
    signing: Signing
    cutting: Cutting = Cutting()
    dictionaries: tuple[Dictionary, ...] = ()

    def fingerprint(self, shard: Shard) -> str:
        """Return the digest of everything that could change the scan of this shard."""
        filters = [(*c.identity(), c.make().version, str(c.make().schema)) for c in self.filters]
        tables = [str(table) for table in (DOCUMENTS, QUARANTINE, READING)]
        versions = (READING_VERSION, NORMALIZE_VERSION, BATCH_CHARS, BATCH_RECORDS, tables)
        header = self.signing.header(FOLD_VERSION)
        words = [dictionary.digest for dictionary in self.dictionaries]
        return fingerprint(
            asdict(self.options), filters, versions, header, slice_keys(shard), self.cutting.fingerprint(), words
        )


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
    surveyed = settings.cutting.surveyed is not None
    templates = load_templates(folder, shard.source) if surveyed else None
    attributes = pa.schema(
        [
            pa.field("id", pa.string(), nullable=False), *READING, *(MEASURED if surveyed else ()),
            *(f for x in filters for f in x.schema),
        ]
    )  # fmt: skip
    signatures = signature_schema(settings.signing.permutations, settings.signing.header(FOLD_VERSION))
    schemas = dict(zip(SCANNED, (DOCUMENTS, attributes, signatures, QUARANTINE), strict=True))
    parts = [(folder.part(table, shard.number), schema) for table, schema in schemas.items()]
    counts = _Counts()
    # The ids were settled over all parts, this one as it was before among them.
    withdraw(folder.receipt("scan", shard.number), folder.whole_receipt("ids"))
    with PartWriter(parts) as writer:
        for batch, unread in read_shard(shard, settings.options, segmenter(settings.dictionaries)):
            whole = {number: x(batch.texts) for number, x in enumerate(filters) if isinstance(x, BeforeCutting)}
            first = _cut(batch, settings.cutting, templates)
            documents = batch.documents()
            measured = _measure(documents, batch.reading() + first, batch.texts, filters, whole, attributes)
            signed = _sign(documents, batch.texts, settings.signing, signatures)
            quarantine = pa.RecordBatch.from_pylist(unread, schema=QUARANTINE)
            writer.write(documents, measured, signed, quarantine)
            counts.documents += documents.num_rows
            counts.quarantined += quarantine.num_rows
            counts.lost += sum(row["records_lost"] or 0 for row in unread)
            counts.lost_unknown += sum(row["records_lost"] is None for row in unread)
            text_bytes = pc.sum(pc.binary_length(documents["text"])).as_py() or 0
            counts.text_bytes += text_bytes
            counts.edits += len(documents["edits"].flatten())
            report(text_bytes)
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


def _cut(batch: Batch, cutting: Cutting, templates: NDArray[np.uint64] | None) -> list[pa.Array]:
    """Cut what is to be cut; return the columns that had to be measured before, `MEASURED` after a survey."""
    found = None if templates is None else TemplateLines(batch.texts, templates, cutting.least_chars)
    cuts: dict[int, list[tuple[int, int, str]]] = {}
    if cutting.boilerplate:
        for text, lines in find_batch(batch.texts).items():
            cuts[text] = [(start, end, f"boilerplate_{kind}") for start, end, kind in lines]
    if found is not None and cutting.templates:
        known = {(text, start) for text, lines in cuts.items() for start, _, _ in lines}
        for text, start, end in found.cuts():
            if (text, start) not in known:
                cuts.setdefault(text, []).append((start, end, "template"))
        for lines in cuts.values():
            lines.sort()
    batch.cut(cuts)
    return [] if found is None else found.measure()


def _measure(
    documents: pa.RecordBatch, reading: Sequence[pa.Array], texts: Texts, filters: list[Filter],
    whole: Mapping[int, pa.RecordBatch], schema: pa.Schema,
) -> pa.RecordBatch:  # fmt: skip
    """Measure a batch by every filter; a filter that breaks its promise makes the shard a bad one.

    `whole` holds, by their number, the measurements that were taken before lines were cut.
    """
    columns = [documents["id"], *reading]
    for number, measure in enumerate(filters):
        batch = whole[number] if number in whole else measure(texts)
        if batch.num_rows != len(texts) or batch.schema != measure.schema:
            raise ValueError(
                f"{type(measure).__name__} returned {batch.num_rows} rows for {len(texts)} texts, or other columns"
            )
        columns += batch.columns
    return pa.record_batch(columns, schema=schema)


def _sign(documents: pa.RecordBatch, texts: Texts, signing: Signing, schema: pa.Schema) -> pa.RecordBatch:
    """Sign a batch: the digest of each folded text, its MinHash signature and what survivors are chosen by."""
    folded = texts.folded
    values, offsets = shingled(texts, signing.unit)
    signatures = np.ascontiguousarray(sign(values, offsets, signing))
    if signing.unit == "words":
        counts = word_shingle_counts(values, offsets, signing.shingle)
    else:
        counts = shingle_counts(offsets, signing.shingle)
    digests = np.ascontiguousarray(exact_digest(folded.values, folded.offsets))
    return pa.record_batch(
        [
            documents["id"],
            _fixed(digests.view(np.uint8), schema.field("exact").type, len(texts)),
            _fixed(signatures.view(np.uint8), schema.field("signature").type, len(texts)),
            pa.array(counts, pa.int64()),
            pa.array(texts.chars, pa.int64()),
        ],
        schema=schema,
    )


def _fixed(data: NDArray[np.uint8], kind: pa.DataType, rows: int) -> pa.Array:
    return pa.Array.from_buffers(kind, rows, [None, pa.py_buffer(data.tobytes())])
