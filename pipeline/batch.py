"""The documents of a shard in batches: read and normalised, the same for the survey and for the scan."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import pyarrow as pa

from filters.segment import Segmenter
from filters.texts import Texts
from pipeline.identity import place_id
from pipeline.normalize import READER_KINDS, Edit, cut_lines, has_stray, normalize
from pipeline.plan import Shard
from pipeline.readers.reading import ReadOptions, read
from pipeline.readers.records import Record, Unread
from pipeline.schema import DOCUMENTS

BATCH_CHARS = 2_000_000
"""Characters in a batch: large enough that the kernels' fixed cost vanishes, small enough that all views of a batch
(about 40 bytes a character) stay near 100 MB."""
BATCH_RECORDS = 4_096

Cuts: TypeAlias = Mapping[int, Sequence[tuple[int, int, str]]]
"""By number of the text: whole lines to be cut, (start, end, kind of the edit), ascending, without their line feeds."""


@dataclass(slots=True)
class Row:
    """One record on its way into a batch."""

    source: str
    file: str
    record: Record


@dataclass(slots=True)
class Batch:
    """Normalised documents, and the edits that made them so."""

    rows: list[Row]
    texts: Texts
    edits: list[list[Edit]]
    segmenter: Segmenter | None = None
    """Cuts the texts into words; None for jieba's own dictionary."""

    def cut(self, cuts: Cuts) -> None:
        """Cut lines out of the texts; each becomes an edit."""
        if not cuts:
            return
        texts = self.texts.column.to_pylist()
        for number, lines in cuts.items():
            texts[number], self.edits[number] = cut_lines(texts[number], self.edits[number], lines)
        self.texts = Texts(pa.array(texts, pa.large_string()), self.segmenter)

    def documents(self) -> pa.RecordBatch:
        """Lay the documents out as they are stored."""
        rows = self.rows
        return pa.record_batch(
            [
                pa.array([document_id(row.source, row.file, row.record) for row in rows], pa.string()),
                pa.array([row.source for row in rows], pa.string()),
                pa.array([row.record.url for row in rows], pa.string()),
                self.texts.column,
                pa.array([list(row.record.meta.items()) for row in rows], DOCUMENTS.field("meta").type),
                pa.array([[asdict(edit) for edit in row] for row in self.edits], DOCUMENTS.field("edits").type),
                pa.array([row.file for row in rows], pa.string()),
                pa.array([row.record.record for row in rows], pa.int64()),
                pa.array([row.record.offset for row in rows], pa.int64()),
            ],
            schema=DOCUMENTS,
        )

    def reading(self) -> list[pa.Array]:
        """Return the columns of `READING`: what reading found out."""
        repaired = [sum(edit.end - edit.start for edit in row if edit.kind in READER_KINDS) for row in self.edits]
        return [
            pa.array([row.record.encoding for row in self.rows], pa.string()),
            pa.array(repaired, pa.int64()),
            pa.array([len(row) for row in self.edits], pa.int64()),
        ]


def read_shard(
    shard: Shard, options: ReadOptions, segmenter: Segmenter | None = None
) -> Iterator[tuple[Batch, list[dict[str, Any]]]]:
    """Read a shard in batches, each with what could not be read; the last may be empty."""
    for rows, unread in _batches(shard, options):
        yield _normalized(rows, segmenter), unread


def _batches(shard: Shard, options: ReadOptions) -> Iterator[tuple[list[Row], list[dict[str, Any]]]]:
    """Cut a shard into batches; where depends on its records alone."""
    rows: list[Row] = []
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
            rows.append(Row(piece.source, piece.file, record))
            chars += len(record.text)
            if chars >= BATCH_CHARS or len(rows) >= BATCH_RECORDS:
                yield rows, unread
                rows, unread, chars = [], [], 0
    yield rows, unread


def _normalized(rows: list[Row], segmenter: Segmenter | None) -> Batch:
    """Normalise the texts of a batch."""
    texts = [row.record.text for row in rows]
    edits: list[list[Edit]] = [[] for _ in rows]
    views = Texts(pa.array(texts, pa.large_string()), segmenter)
    changed = False
    for number, stray in enumerate(has_stray(views.code_points, views.kinds, views.offsets).tolist()):
        record = rows[number].record
        text, edits[number] = normalize(record.text, record.repairs, stray=stray)
        changed |= text is not record.text
        texts[number] = text
    if changed:
        views = Texts(pa.array(texts, pa.large_string()), segmenter)
    return Batch(rows, views, edits, segmenter)


def document_id(source: str, file: str, record: Record) -> str:
    """Return the input's own id, or the place of the record where it has none."""
    return place_id(source, file, record.record) if record.id is None else record.id
