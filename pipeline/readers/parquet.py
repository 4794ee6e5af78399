"""Parquet as input: row groups, a few rows at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.decode import UndecodableError, decode_escaped, decode_escaped_as
from pipeline.readers.cut import Cut
from pipeline.readers.field import TEXT_NAMES, Place, find, make_record
from pipeline.readers.options import ReadOptions
from pipeline.readers.records import Record, Slice, Unread
from pipeline.stream import BLOCK, BrokenStreamError, Digest, open_bytes, raw_blocks

BATCH = 256
"""Rows in memory at a time: at the longest record allowed they would be 8 GB, at the usual 5 KB they are 1 MB."""


def cut_parquet(path: str, target_bytes: int) -> Iterator[Cut]:
    """Cut a file between row groups, after about `target_bytes`; start and end number row groups.

    Raises:
        BrokenStreamError: it cannot be read, or is not Parquet.
    """
    with _open(path) as file:
        meta = file.metadata
        schema = file.schema_arrow.serialize().to_pybytes()
        start = first = size = rows = 0
        for group in range(meta.num_row_groups):
            size += meta.row_group(group).total_byte_size
            rows += meta.row_group(group).num_rows
            if size >= target_bytes or group == meta.num_row_groups - 1:
                yield Cut(start, group + 1, first, size, _digest(path, meta, schema, start, group + 1))
                start, first, size = group + 1, rows, 0
        if not meta.num_row_groups:
            yield Cut(0, 0, 0, 0, _digest(path, meta, schema, 0, 0))


def read_parquet(piece: Slice, options: ReadOptions) -> Iterator[Record | Unread]:
    """Read rows of some row groups; columns of bytes other than the text are left out: JSON has no form for them."""
    record = piece.first_record
    if piece.start == piece.end:
        return
    with _open(piece.path) as file:
        text = options.text or find(file.schema_arrow.names, TEXT_NAMES)
        columns = [f.name for f in file.schema_arrow if f.name == text or not _is_binary(f.type)]
        for group in range(piece.start, piece.end):
            # A group at a time: damage in one costs the rest of that one.
            following = record + file.metadata.row_group(group).num_rows
            try:
                for batch in file.iter_batches(BATCH, [group], columns, use_threads=False):
                    for fields in _rows(batch):
                        yield _read_row(fields, Place(record, -1, b""), text, options)
                        record += 1
            except (pa.ArrowException, OSError) as error:
                lost = following - record
                reason = f"the last {lost} rows of row group {group} cannot be read ({_reason(error)})"
                yield Unread(record, -1, f"corrupt_parquet: {reason}", b"", lost)
            record = following


@contextmanager
def _open(path: str) -> Iterator[pq.ParquetFile]:
    with open_bytes(path) as handle:
        try:
            # Column chunks are read through a small buffer each, not whole.
            file = pq.ParquetFile(handle, buffer_size=BLOCK, pre_buffer=False, page_checksum_verification=True)
        except (pa.ArrowException, OSError) as error:
            raise BrokenStreamError("unreadable_file", f"it is not Parquet ({_reason(error)})") from error
        yield file


def _rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """Yield a batch's rows; strings come as bytes, for nobody has checked that they are UTF-8."""
    names = batch.schema.names
    columns = [_unchecked(column).to_pylist() for column in batch.columns]
    for values in zip(*columns, strict=True):
        yield dict(zip(names, values, strict=True))


def _unchecked(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type):
        return column.view(pa.binary())
    if pa.types.is_large_string(column.type):
        return column.view(pa.large_binary())
    return column


def _read_row(fields: dict[str, Any], place: Place, name: str | None, options: ReadOptions) -> Record | Unread:
    raw = fields.get(name) if name is not None else None
    if isinstance(raw, bytes):
        place = Place(place.record, place.offset, raw)
        if len(raw) > options.max_record_bytes:
            error = f"record_too_long: a text of {len(raw)} bytes, at most {options.max_record_bytes} are allowed"
            return place.unread(error)
    encoding = "utf-8"
    surrogates = ""
    try:
        for key, value in fields.items():
            if not isinstance(value, bytes):
                continue
            try:
                fields[key] = value.decode("utf-8")
            except UnicodeDecodeError:
                stated = options.encoding
                decoded = decode_escaped(value) if stated is None else decode_escaped_as(value, stated)
                fields[key], surrogates = decoded[0], "escaped"
                encoding = decoded[1] if key == name else encoding
    except UndecodableError as error:
        return place.unread(f"undecodable: {error}")
    return make_record(fields, place, encoding, options, surrogates=surrogates)


def _reason(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


def _digest(path: str, meta: pq.FileMetaData, schema: bytes, start: int, end: int) -> str:
    """Digest the bytes of the row groups' columns, and the schema, which says what they mean."""
    digest = Digest(schema)
    for group in range(start, end):
        for number in range(meta.num_columns):
            column = meta.row_group(group).column(number)
            begin = min(filter(None, (column.dictionary_page_offset, column.data_page_offset)))
            for block in raw_blocks(path, begin, begin + column.total_compressed_size):
                digest.update(block)
    return digest.hexdigest()
