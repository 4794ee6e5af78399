"""JSON Lines: a line at a time, so that a bad line costs one line."""

import json
from collections.abc import Iterator
from typing import Any

import orjson

from pipeline.decode import UndecodableError, decode_escaped, decode_escaped_as, has_surrogates
from pipeline.encoding import CODECS
from pipeline.readers.field import Place, make_record
from pipeline.readers.line import UTF16, slice_lines
from pipeline.readers.options import ReadOptions
from pipeline.readers.records import Record, Slice, Unread
from pipeline.stream import BrokenStreamError


def read_jsonl(piece: Slice, options: ReadOptions) -> Iterator[Record | Unread]:
    """Read the lines of a slice; blank ones are no records, but are counted in the numbers."""
    # UTF-16 comes out of the stream as UTF-8; a stated encoding other than UTF-8 leaves nothing to try first.
    wide = piece.encoding in UTF16
    stated = None if wide else options.encoding
    label = CODECS[piece.encoding] if wide else "utf-8"
    quick = stated is None or stated.lower() in ("utf-8", "utf8")
    limit = options.max_record_bytes
    record = piece.first_record - 1
    try:
        for offset, line, length in slice_lines(piece, limit):
            record += 1
            if length > limit:
                error = f"record_too_long: a line of {length} bytes, at most {limit} are allowed"
                yield Place(record, offset, line).unread(error)
                continue
            try:
                fields = orjson.loads(line) if quick else None
            except orjson.JSONDecodeError:
                fields = None
            if type(fields) is dict and type(fields.get(options.id or "id")) is not float:
                yield make_record(fields, Place(record, offset, line), label, options)
            elif line and not line.isspace():
                yield _read_slowly(
                    Place(record, offset, line), label if wide else None, piece.encoding, stated, options
                )
    except BrokenStreamError as error:
        error.record = record + 1
        raise


def _read_slowly(
    place: Place, label: str | None, hint: str, stated: str | None, options: ReadOptions
) -> Record | Unread:
    """Read a line that is no valid UTF-8 or no strict JSON, or whose id is a number too long for orjson."""
    try:
        text, encoding = decode_escaped(place.raw, hint) if stated is None else decode_escaped_as(place.raw, stated)
    except UndecodableError as error:
        return place.unread(f"undecodable: {error}")
    escaped = has_surrogates(text)
    try:
        # NaN, lone surrogates and raw control characters are no JSON, but what is meant is plain.
        fields: Any = json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        return place.unread(f"malformed_json: {_reason(error)}")
    if type(fields) is not dict:
        return place.unread(f"not_an_object: the line holds {type(fields).__name__} instead of an object")
    surrogates = "escaped" if escaped else "lone" if "\\u" in text else ""
    return make_record(fields, place, label or encoding, options, surrogates=surrogates)


def _reason(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos} of the line"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
