"""What every reader yields: a record that could be read, or the account of one that could not."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of one input file that is read in one go: the piece that shards are made of.

    `start` and `end` count bytes of the file as a reader sees it after decompression (for WARC: of the
    compressed file at gzip member boundaries; for Parquet: row groups). A line-based slice owns the records
    that *start* in [start, end).
    """

    source: str
    """Name of the source in the recipe."""
    path: str
    """Where the bytes are: a local path or an fsspec URL."""
    file: str
    """The file's name as users see it: relative to the source's root, with forward slashes."""
    format: str
    """jsonl, parquet, csv, tsv, text, paragraphs, html or warc."""
    start: int
    end: int
    first_record: int
    """Number (from 0) within the file of the first record of this slice."""
    bytes: int
    """Decompressed size in bytes, by which shards are packed."""
    digest: str
    """xxh3-128, hexadecimal, of the slice's bytes and of the three fields below."""
    encoding: str = ""
    """Codec that the head of the file suggests: settles ties, and says how UTF-16 is cut into lines. "" if unknown."""
    columns: tuple[str, ...] = ()
    """Header of a CSV or TSV file, which only its first slice holds."""
    fault: str = ""
    """`<kind>: <sentence>` of what broke the file behind this slice's last whole record; "" where nothing did."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A change the reader had to make to get valid text: code points [start, end) of the text stand for `removed`."""

    start: int
    end: int
    kind: str
    """`undecodable` (bytes that are no text in this encoding) or `lone_surrogate`."""
    removed: str
    """What stood there: bytes as lower-case hexadecimal, surrogates as `D800`, a space between several."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record as read: decoded, not yet normalised."""

    record: int
    """Number of the record in its file, from 0 (for line-based formats the line's number)."""
    offset: int
    """Byte offset of the record in the (decompressed) file; -1 where the format has none."""
    text: str
    encoding: str
    """utf-8, utf-16, utf-32, gb18030 or big5-hkscs; of web pages also what they rightly declare."""
    id: str | None = None
    url: str | None = None
    meta: dict[str, str] = field(default_factory=dict)
    """The other input fields; values that are not strings, as JSON."""
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, slots=True)
class Unread:
    """One delimited record that could not be read; it goes to the quarantine and counts as one record in."""

    record: int
    offset: int
    error: str
    """`<kind>: <what is wrong, in a sentence>`; kinds are ASCII snake_case, such as malformed_json."""
    raw: bytes
    """The record's bytes as read, at most RAW_LIMIT of them."""
    lost: int | None = 1
    """How many records are lost with it; None where that cannot be known (a truncated archive)."""


RAW_LIMIT = 65_536
"""Bytes of an unreadable record that are kept: enough to see what it was, without storing a 200 MB line."""
