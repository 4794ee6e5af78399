"""Plain text: a file is a document, or every block of lines between blank ones is."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from pipeline.decode import Decoded, UndecodableError, decode, decode_as
from pipeline.encoding import CODECS
from pipeline.readers.field import Place
from pipeline.readers.line import UTF16, Line, slice_blocks, slice_lines
from pipeline.readers.options import ReadOptions
from pipeline.readers.records import RAW_LIMIT, Record, Slice, Unread
from pipeline.stream import BrokenStreamError


def read_text(piece: Slice, options: ReadOptions) -> Iterator[Record | Unread]:
    """Read a file as one document."""
    place = read_whole(piece, options)
    yield place if isinstance(place, Unread) else _document(place, piece, options, decode_file)


def read_whole(piece: Slice, options: ReadOptions) -> Place | Unread:
    """Read all bytes of a file that is one record, unless it is longer than a record may be."""
    held: list[bytes] = []
    size = 0
    try:
        for block in slice_blocks(piece):
            size += len(block)
            held.append(block)
            if size > options.max_record_bytes:
                held = [b"".join(held)[:RAW_LIMIT]]
    except BrokenStreamError as error:
        error.record, error.offset, error.raw = 0, 0, b"".join(held)[:RAW_LIMIT]
        raise
    place = Place(0, 0, b"".join(held))
    if size > options.max_record_bytes:
        limit = options.max_record_bytes
        return place.unread(f"record_too_long: a file of {size} bytes, at most {limit} are allowed for a document")
    return place


def read_paragraphs(piece: Slice, options: ReadOptions) -> Iterator[Record | Unread]:
    """Read blocks of lines, separated by blank ones, as a document each."""
    record = piece.first_record
    try:
        for offset, block, length in paragraphs(slice_lines(piece, options.max_record_bytes), options.max_record_bytes):
            place = Place(record, offset, block)
            record += 1
            if length > options.max_record_bytes:
                limit = options.max_record_bytes
                yield place.unread(f"record_too_long: a block of {length} bytes, at most {limit} are allowed")
            else:
                yield _document(place, piece, options, decoded)
    except BrokenStreamError as error:
        error.record = record
        raise


def paragraphs(source: Iterator[Line], limit: int) -> Iterator[Line]:
    """Join neighbouring lines that are not blank (nothing but ASCII white space); same limits as `lines`."""
    held: list[bytes] = []
    begin = size = 0
    try:
        for offset, line, length in source:
            if line.isspace() or not line:
                if held:
                    yield begin, b"\n".join(held).rstrip(b"\r"), size
                held, size = [], 0
                continue
            if not held:
                begin = offset
            size += length + 1
            held.append(line)
            if size > limit:
                held = [b"\n".join(held)[:RAW_LIMIT]]
    except BrokenStreamError as error:
        if held:
            error.offset, error.raw = begin, b"\n".join([*held, error.raw])[:RAW_LIMIT]
        raise
    if held:
        yield begin, b"\n".join(held).rstrip(b"\r"), size


def decoded(data: bytes, piece: Slice, options: ReadOptions) -> Decoded:
    """Decode one record of a file of lines: as the recipe states, or else as it looks.

    Raises:
        UndecodableError: it is no text.
    """
    if piece.encoding in UTF16:  # lines come out of UTF-16 files as UTF-8
        return replace(decode(data), encoding=CODECS[piece.encoding])
    return decode_file(data, piece, options)


def decode_file(data: bytes, piece: Slice, options: ReadOptions) -> Decoded:
    """Decode the bytes of a file as they are, as `decoded` does."""
    return decode(data, piece.encoding) if options.encoding is None else decode_as(data, options.encoding)


def _document(
    place: Place, piece: Slice, options: ReadOptions, how: Callable[[bytes, Slice, ReadOptions], Decoded]
) -> Record | Unread:
    try:
        text = how(place.raw, piece, options)
    except UndecodableError as error:
        return place.unread(f"undecodable: {error}")
    return Record(place.record, place.offset, text.text, text.encoding, repairs=text.repairs)
