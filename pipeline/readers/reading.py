"""From a slice to its records, whatever the format; what breaks a file is an account too, never an exception."""

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version

from filters.frequency import FREQUENCY_VERSION
from pipeline.readers.html import read_html
from pipeline.readers.jsonl import read_jsonl
from pipeline.readers.options import ReadOptions as ReadOptions  # noqa: PLC0414 - what callers of `read` need beside it
from pipeline.readers.options import guess_format as guess_format  # noqa: PLC0414
from pipeline.readers.parquet import read_parquet
from pipeline.readers.records import RAW_LIMIT, Record, Slice, Unread
from pipeline.readers.table import read_table
from pipeline.readers.text import read_paragraphs, read_text
from pipeline.readers.warc import read_warc
from pipeline.stream import BrokenStreamError

LIBRARIES = ("fastwarc", "lxml", "orjson", "pyarrow", "trafilatura")
"""What decides, besides our own code, how bytes become records."""

READING_VERSION = "/".join(["1", FREQUENCY_VERSION, *(f"{name}-{version(name)}" for name in LIBRARIES)])
"""Changes whenever some bytes would be read differently: finished scans are reused by it."""

READERS: Mapping[str, Callable[[Slice, ReadOptions], Iterator[Record | Unread]]] = {
    "jsonl": read_jsonl,
    "parquet": read_parquet,
    "csv": read_table,
    "tsv": read_table,
    "text": read_text,
    "paragraphs": read_paragraphs,
    "html": read_html,
    "warc": read_warc,
}


def read(piece: Slice, options: ReadOptions) -> Iterator[Record | Unread]:
    """Yield every record of a slice, in order, or the account of why it could not be read.

    A file that breaks off yields the whole records before the break, then one Unread of which nobody knows how many
    records it stands for.

    Raises:
        ShardError: a part that a stream was split into is gone.
        ServiceError: the store behind a URL does not answer.
    """
    if piece.fault and not piece.bytes:
        # It could not be read when it was cut; that it can be now would change what the run is about.
        yield Unread(piece.first_record, piece.start, piece.fault, b"", lost=None)
        return
    following = piece.first_record
    try:
        for item in READERS[piece.format](piece, options):
            following = item.record + 1
            yield item
    except BrokenStreamError as error:
        record = error.record if error.record >= 0 else following
        yield Unread(record, error.offset, str(error), error.raw[:RAW_LIMIT], lost=None)
