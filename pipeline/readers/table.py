"""CSV and TSV: rows may hold newlines in quotes, and a quote that is never closed costs one line."""

import csv
import re
from collections import deque
from collections.abc import Iterator
from typing import TypeAlias

from pipeline.decode import UndecodableError, decode_escaped, decode_escaped_as, has_surrogates
from pipeline.encoding import CODECS
from pipeline.readers.field import Place, make_record
from pipeline.readers.line import UTF16, Line, slice_lines
from pipeline.readers.options import ReadOptions
from pipeline.readers.records import Record, Slice, Unread
from pipeline.stream import BrokenStreamError

DELIMITERS = {"csv": ",", "tsv": "\t"}

Row: TypeAlias = tuple[int, bytes, int, str]
"""Offset, bytes, length in bytes, and "" or the error that makes it no row."""

# The module's default of 128 KiB a field would refuse ordinary documents; records are bounded by ReadOptions.
csv.field_size_limit(2**31 - 1)

INSIDE = re.compile(rb'(?:[^"]++|"")*+"')
"""From inside a quoted field to behind the quote that closes it."""
OPENING = {delimiter: re.compile(rb'(?:^|%b)"' % delimiter.encode()) for delimiter in DELIMITERS.values()}
"""A quote opens a field at the beginning of a line or behind a delimiter; elsewhere it is a character like others."""


def read_table(piece: Slice, options: ReadOptions) -> Iterator[Record | Unread]:
    """Read the rows of a slice; records are numbered from 0 behind the header, blank lines not counted."""
    delimiter = DELIMITERS[piece.format]
    limit = options.max_record_bytes
    source = slice_lines(piece, limit)
    record = piece.first_record
    try:
        columns = piece.columns if piece.start else read_header(source, piece, options)
        for offset, row, length, error in rows(source, delimiter, len(columns), limit):
            place = Place(record, offset, row)
            record += 1
            if length > limit:
                yield place.unread(f"record_too_long: a row of {length} bytes, at most {limit} are allowed")
            else:
                yield place.unread(error) if error else _read_row(place, columns, piece, options)
    except BrokenStreamError as error:
        error.record = record
        raise


def read_header(source: Iterator[Line], piece: Slice, options: ReadOptions) -> tuple[str, ...]:
    """Read the first line that is not blank as the names of the columns; () where there is none or it is no text."""
    for _, line, _ in source:
        if line and not line.isspace():
            try:
                cells, _, _ = _cells(line, piece, options)
            except (UndecodableError, csv.Error):
                return ()
            return tuple(_unique(cells))
    return ()


def rows(source: Iterator[Line], delimiter: str, columns: int, limit: int) -> Iterator[Row]:
    """Join lines to rows where a quoted field goes on.

    A row of several lines that never ends, or that does not have the right number of columns, is no row: its first
    line is given up, and reading goes on with the second.

    Raises:
        BrokenStreamError: where the stream breaks, with the offset and bytes of the row that was cut off.
    """
    feed = _Feed(source)
    opening = OPENING[delimiter]
    while (line := feed.next()) is not None:
        offset, data, length = line
        if not data or data.isspace():
            continue
        taken, length, inside = _join(line, feed, opening, limit)
        whole = b"\n".join(part for _, part, _ in taken).rstrip(b"\r")
        whole_row = len(taken) == 1 or (length <= limit and _has_columns(whole, delimiter, columns))
        if whole_row and not inside:
            yield offset, whole, length, ""
        elif inside and feed.broken is not None and length <= limit:
            feed.broken.offset, feed.broken.raw = offset, whole + b"\n" + feed.broken.raw
        else:
            feed.give_back(taken[1:])
            error = "malformed_csv: a quoted field begins in this line and does not end where its row could"
            yield offset, data.rstrip(b"\r"), len(data), error
    if feed.broken is not None:
        raise feed.broken


class _Feed:
    """Lines that can be given back, and whose break is kept for the end."""

    def __init__(self, source: Iterator[Line]) -> None:
        self._source = source
        self._waiting: deque[Line] = deque()
        self.broken: BrokenStreamError | None = None

    def next(self) -> Line | None:
        if self._waiting:
            return self._waiting.popleft()
        try:
            return next(self._source, None)
        except BrokenStreamError as error:
            self.broken = error
            return None

    def give_back(self, taken: list[Line]) -> None:
        self._waiting.extendleft(reversed(taken))


def _join(line: Line, feed: _Feed, opening: re.Pattern[bytes], limit: int) -> tuple[list[Line], int, bool]:
    """Take the lines that a row goes on in: all of them, their length, and whether a field is still open at the end."""
    taken, length = [line], line[2]
    inside = length <= limit and b'"' in line[1] and _inside(line[1], opening, inside=False)
    while inside and length <= limit and (more := feed.next()) is not None:
        taken.append(more)
        length += 1 + more[2]
        inside = more[2] <= limit and _inside(more[1], opening, inside=True)
    return taken, length, inside


def _inside(line: bytes, opening: re.Pattern[bytes], *, inside: bool) -> bool:
    """Whether a quoted field is open behind a line, given whether one is before it."""
    at = 0
    while True:
        if inside:
            closing = INSIDE.match(line, at)
            if closing is None:
                return True
            at = closing.end()
        found = opening.search(line, at)  # `^` is the line's beginning, not `at`
        if found is None:
            return False
        at, inside = found.end(), True


def _read_row(place: Place, columns: tuple[str, ...], piece: Slice, options: ReadOptions) -> Record | Unread:
    try:
        cells, encoding, escaped = _cells(place.raw, piece, options)
    except UndecodableError as error:
        return place.unread(f"undecodable: {error}")
    except csv.Error as error:
        return place.unread(f"malformed_csv: {error}")
    if len(cells) != len(columns):
        return place.unread(f"wrong_column_count: {len(cells)} columns instead of the header's {len(columns)}")
    fields = dict(zip(columns, cells, strict=True))
    return make_record(fields, place, encoding, options, surrogates="escaped" if escaped else "")


def _cells(line: bytes, piece: Slice, options: ReadOptions) -> tuple[list[str], str, bool]:
    """Decode and parse one row: its cells, its encoding, and whether bad bytes are in it as surrogates."""
    if options.encoding is None or piece.encoding in UTF16:
        text, encoding = decode_escaped(line, piece.encoding)
    else:
        text, encoding = decode_escaped_as(line, options.encoding)
    if piece.encoding in UTF16:
        encoding = CODECS[piece.encoding]
    cells = _parse(text.rstrip("\r"), DELIMITERS[piece.format])
    return cells, encoding, has_surrogates(text)


def _parse(text: str, delimiter: str) -> list[str]:
    return next(csv.reader([text], delimiter=delimiter), [])


def _has_columns(row: bytes, delimiter: str, columns: int) -> bool:
    # Quotes and delimiters are no second bytes in any encoding here, so the bytes can be counted as they are.
    try:
        # Strict, for a quote in the midst of a field most often means that another line was swallowed.
        return len(next(csv.reader([row.decode("latin-1")], delimiter=delimiter, strict=True), [])) == columns
    except csv.Error:
        return False


def _unique(names: list[str]) -> Iterator[str]:
    """Number columns that have no name or the name of another."""
    seen: set[str] = set()
    for number, name in enumerate(names, start=1):
        unique = name.strip() or f"column {number}"
        if unique in seen:
            unique = f"{unique} {number}"
        seen.add(unique)
        yield unique
