"""The files that documents are packed in, always as the same bytes: no times, no names, no machine in them."""

import base64
import csv
import gzip
import hashlib
import io
import uuid
from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard


def gzipped(data: bytes) -> bytes:
    """Return one gzip member without a time."""
    return gzip.compress(data, 9, mtime=0)


def zstd(data: bytes) -> bytes:
    """Return one zstd frame."""
    return zstandard.ZstdCompressor(level=10).compress(data)


def table(rows: Sequence[Mapping[str, str]]) -> bytes:
    """Return a Parquet file of string columns, in row groups of ten."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), sink, compression="zstd", row_group_size=10)
    return sink.getvalue()


def sheet(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a CSV file; line feeds within a field are quoted."""
    sink = io.StringIO(newline="")
    writer = csv.writer(sink)
    writer.writerow(columns)
    writer.writerows(rows)
    return sink.getvalue()


def record_id(url: str) -> str:
    """Return the id of a page's record: a URN made from its address."""
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, url)}"


def response(url: str, date: str, page: bytes) -> bytes:
    """Return a WARC/1.0 response record as a gzip member of its own.

    Args:
        url: the page's address.
        date: when it was fetched, as 2024-05-01T08:00:00Z.
        page: the body, HTML.
    """
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n\r\n"
    block = head.encode() + page
    digest = base64.b32encode(hashlib.sha1(block, usedforsecurity=False).digest()).decode()
    fields = (
        "WARC/1.0",
        "WARC-Type: response",
        f"WARC-Record-ID: <{record_id(url)}>",
        f"WARC-Date: {date}",
        f"WARC-Target-URI: {url}",
        f"WARC-Block-Digest: sha1:{digest}",
        "Content-Type: application/http; msgtype=response",
        f"Content-Length: {len(block)}",
    )
    return gzipped("\r\n".join(fields).encode() + b"\r\n\r\n" + block + b"\r\n\r\n")
