"""A run's folder: where each table lies, and writing that a crash cannot tear. Door to Parquet."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash
from numpy.typing import NDArray

COMPRESSION_LEVEL = 3
"""zstd level: 205 MB/s; level 9 writes a quarter as fast for 14 % less."""

SCANNED = ("documents", "attributes", "signatures", "quarantine")
SURVEYED = "survey"
"""Counts of a shard's lines; there only where the recipe asks for a survey."""
PASSAGES = "passages"
"""What a document shares with others; there only where the recipe asks for it."""
ANSWERS = "answers"
"""What people said of a document; there only where the recipe names rounds."""
STAGE_TABLES = {
    "survey": (SURVEYED,), "scan": SCANNED, "passages": (PASSAGES,), "answers": (ANSWERS,), "judge": ("verdicts",),
    "write": ("corpus",),
}  # fmt: skip
"""Which tables each stage makes of a shard, in the order of the stages."""
_ASKED_FOR = {SURVEYED, PASSAGES, ANSWERS}
TABLES = tuple(table for tables in STAGE_TABLES.values() for table in tables if table not in _ASKED_FOR)
PRIVATE = ("documents", "quarantine")
"""Tables with unmasked text: their folders are closed to other users."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The paths of one run, `<workspace>/runs/<name>`."""

    path: Path

    def part(self, table: str, number: int) -> Path:
        """Return where part `number` of a table lies."""
        return self.path / table / f"part-{number:05d}.parquet"

    def receipt(self, stage: str, number: int) -> Path:
        """Return where the receipt of a part lies."""
        return self.path / "receipts" / stage / f"part-{number:05d}.json"

    def whole_receipt(self, stage: str) -> Path:
        """Return where the receipt of a stage over all parts lies."""
        return self.path / "receipts" / stage / "all.json"

    def make(self) -> None:
        """Make the folders; those with unmasked text for this user only."""
        for table in TABLES:
            (self.path / table).mkdir(parents=True, exist_ok=True)
        for table in PRIVATE:
            (self.path / table).chmod(0o700)

    def unmake(self) -> None:
        """Remove the folders again, if nothing has been written into any of them."""
        if all(path.is_dir() or path.name == ".lock" for path in self.path.rglob("*")):
            shutil.rmtree(self.path)

    def forget(self, number: int, since: str = "survey") -> None:
        """Remove what a stage and those after it made of a shard: receipts first, so that nothing seems done."""
        stages = list(STAGE_TABLES)[list(STAGE_TABLES).index(since) :] if since in STAGE_TABLES else []
        self.receipt(since, number).unlink(missing_ok=True)
        for stage in stages:
            self.receipt(stage, number).unlink(missing_ok=True)
        for stage in stages:
            for table in STAGE_TABLES[stage]:
                self.part(table, number).unlink(missing_ok=True)


def digest_file(path: Path) -> str:
    """Return the xxh3-128 of a file, hexadecimal."""
    digest = xxhash.xxh3_128()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def fingerprint(*values: Any) -> str:  # noqa: ANN401 - any JSON
    """Return a digest of plain values (anything that JSON can hold), 32 hexadecimal digits."""
    return xxhash.xxh3_128(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _partial(path: Path) -> Path:
    return path.with_name(path.name + ".partial")


def flush(path: Path) -> None:
    """Make a file or a folder durable as it is."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)  # of a folder: else a rename in it may be lost with the power
    finally:
        os.close(handle)


def _settle(path: Path) -> None:
    """Make what was written to the partial file durable, then let it appear under its name."""
    flush(_partial(path))
    _partial(path).replace(path)
    flush(path.parent)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file that is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _partial(path).write_bytes(data)
    _settle(path)


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write JSON, whole or not at all."""
    write_bytes(path, orjson.dumps(value, option=orjson.OPT_INDENT_2))


def read_json(path: Path) -> dict[str, Any] | None:
    """Read JSON; None if there is no such file or it is not JSON (a receipt like that counts for nothing)."""
    try:
        value = orjson.loads(path.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return None
    return value if isinstance(value, dict) else None


def withdraw(*receipts: Path) -> None:
    """Take receipts back before their tables change: what they say must never stand beside other tables."""
    for receipt in receipts:
        if receipt.exists():
            receipt.unlink(missing_ok=True)
            flush(receipt.parent)


class PartWriter:
    """Writes Parquet parts that appear together, when all are whole, and not at all after an error."""

    def __init__(self, parts: Sequence[tuple[Path, pa.Schema]], *, dictionaries: Sequence[str] | None = None) -> None:
        """Open one file for each path and schema; rows arrive by `write`, in the same order.

        Args:
            parts: paths and schemas.
            dictionaries: columns whose values repeat; all are tried by default, which costs time where none do.
        """
        self._paths = [path for path, _ in parts]
        self._open = ExitStack()
        self._writers = []
        for path, schema in parts:
            path.parent.mkdir(parents=True, exist_ok=True)
            writer = pq.ParquetWriter(
                _partial(path), schema, compression="zstd", compression_level=COMPRESSION_LEVEL,
                use_dictionary=True if dictionaries is None else list(dictionaries),
            )  # fmt: skip
            self._writers.append(self._open.enter_context(writer))

    def __enter__(self) -> Self:
        return self

    def write(self, *batches: pa.RecordBatch) -> None:
        """Append one batch to each part, as a row group of its own; an empty batch adds nothing."""
        for writer, batch in zip(self._writers, batches, strict=True):
            if batch.num_rows:
                writer.write_batch(batch, row_group_size=batch.num_rows)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()
        for path in self._paths:
            if kind is None:
                _settle(path)
            else:
                _partial(path).unlink(missing_ok=True)


def write_table(path: Path, table: pa.Table) -> None:
    """Write one table as one Parquet file, whole or not at all."""
    with PartWriter([(path, table.schema)]) as writer:
        for batch in table.combine_chunks().to_batches():
            writer.write(batch)


def read_schema(path: Path) -> pa.Schema:
    """Return the columns of a flat Parquet file as they were declared: reading adds the number of each."""
    schema = pq.read_schema(path)
    fields = []
    for field in schema:
        metadata = {key: value for key, value in (field.metadata or {}).items() if key != b"PARQUET:field_id"}
        fields.append(field.with_metadata(metadata or None))
    return pa.schema(fields, schema.metadata)


def read_table(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a Parquet file, or some of its columns, in its own types."""
    with pq.ParquetFile(path) as file:
        return file.read(columns=None if columns is None else list(columns), use_threads=False)


def read_batches(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Read a Parquet file row group by row group: the batches that were written."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(
                group, columns=None if columns is None else list(columns), use_threads=False
            )  # fmt: skip


def count_rows(path: Path) -> int:
    """Return the number of rows of a Parquet file, from its footer."""
    return int(pq.read_metadata(path).num_rows)


def read_rows(path: Path, rows: Sequence[int] | NDArray[np.int64], columns: Sequence[str]) -> pa.Table:
    """Read some rows, given in ascending order, without reading the row groups that hold none of them."""
    tables = []
    chosen = np.asarray(rows, np.int64)
    with pq.ParquetFile(path) as file:
        begin = 0
        for group in range(file.num_row_groups):
            end = begin + file.metadata.row_group(group).num_rows
            low, high = np.searchsorted(chosen, [begin, end])
            if high > low:
                table = file.read_row_group(group, columns=list(columns), use_threads=False)
                tables.append(table.take(chosen[low:high] - begin))
            begin = end
        return pa.concat_tables(tables) if tables else file.schema_arrow.empty_table().select(list(columns))


def read_range(path: Path, begin: int, end: int) -> pa.Table:
    """Read the rows [begin, end)."""
    with pq.ParquetFile(path) as file:
        tables, first = [file.schema_arrow.empty_table()], 0
        for group in range(file.num_row_groups):
            behind = first + file.metadata.row_group(group).num_rows
            if first < end and begin < behind:
                table = file.read_row_group(group, use_threads=False)
                low, high = max(begin, first) - first, min(end, behind) - first
                tables.append(table.slice(low, high - low))
            first = behind
    return pa.concat_tables(tables)


def read_between(path: Path, column: str, low: int, high: int) -> pa.Table:
    """Read the rows whose value in `column` lies in [low, high], from the row groups that can hold any."""
    with pq.ParquetFile(path) as file:
        place = file.schema_arrow.get_field_index(column)
        tables = [file.schema_arrow.empty_table()]
        for group in range(file.num_row_groups):
            known = file.metadata.row_group(group).column(place).statistics
            if known is None or not known.has_min_max or (known.min <= high and low <= known.max):
                table = file.read_row_group(group, use_threads=False)
                kind = table.schema.field(column).type
                inside = pc.and_(
                    pc.greater_equal(table[column], pa.scalar(low, kind)),
                    pc.less_equal(table[column], pa.scalar(high, kind)),
                )
                tables.append(table.filter(inside))
    return pa.concat_tables(tables)
