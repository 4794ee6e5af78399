"""The door to fastwarc: pages and texts of a web archive."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, BinaryIO, cast

from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType, any_type

from pipeline.decode import UndecodableError, decode, decode_as
from pipeline.readers.cut import Cut
from pipeline.readers.field import Place
from pipeline.readers.html import read_page
from pipeline.readers.options import ReadOptions
from pipeline.readers.records import RAW_LIMIT, Record, Slice, Unread
from pipeline.stream import BrokenStreamError, Digest, open_bytes, raw_blocks, stamp_url

HTML_TYPES = ("text/html", "application/xhtml+xml")
TEXT_TYPES = ("text/plain",)

STARTS = (b"\x1f\x8b\x08", b"WARC/")
"""How a gzip member or a record begins: fastwarc gives no true offset for a record inside a member of several."""


class _Window:
    """The bytes [start, end) of a file as a file, for fastwarc. It aborts if one raises, so errors wait here."""

    def __init__(self, handle: BinaryIO, start: int, end: int) -> None:
        self._handle, self._start, self._end = handle, start, end
        self.error: BaseException | None = None
        handle.seek(start)

    def read(self, size: int = -1) -> bytes:
        try:
            left = self._end - self._handle.tell()
            return self._handle.read(left if size < 0 else min(size, left))
        except OSError as error:
            self.error = error
            return b""

    def tell(self) -> int:
        return self._handle.tell() - self._start


def cut_warc(path: str, target_bytes: int) -> Iterator[Cut]:
    """Cut an archive where a record's gzip member begins, after about `target_bytes` of content.

    Raises:
        BrokenStreamError: the file cannot be read at all.
    """
    size = stamp_url(path)[0]
    start = first = pages = content = 0
    with open_bytes(path) as probe:
        try:
            with _archive(path, 0, size) as archive:
                for record in archive:
                    at = record.stream_pos
                    if content >= target_bytes and at > start and _begins(probe, at):
                        yield _cut(path, start, at, first, content)
                        start, first, content = at, pages, 0
                    content += _declared(record)
                    pages += _kind(record) != ""
        except BrokenStreamError:
            pass  # the reader of the last slice comes to it too, and says so
    yield _cut(path, start, size, first, content)


def read_warc(piece: Slice, options: ReadOptions) -> Iterator[Record | Unread]:
    """Read responses, and the texts of WET files, that are HTML or plain text; others are neither read nor counted."""
    number = piece.first_record
    limit = options.max_record_bytes
    try:
        with _archive(piece.path, piece.start, piece.end) as archive:
            for record in archive:
                offset = piece.start + record.stream_pos
                length = _declared(record)
                if length > limit:
                    if _kind(record):
                        error = f"record_too_long: a record of {length} bytes, at most {limit} are allowed"
                        yield Place(number, offset, record.reader.read(RAW_LIMIT)).unread(error)
                        number += 1
                    continue
                block = record.reader.read(length) if length else b""
                if len(block) < length or record.headers.get("Content-Length") is None:
                    raise _truncated(offset, block)
                page = _apart(block) if record.record_type == WarcRecordType.response else record
                kind = _kind(page)
                if kind:
                    body = block if page is record else None
                    read = _read_body(page, kind, body, Place(number, offset, block), options)
                    yield read if isinstance(read, Unread) else _named(read, record, page)
                    number += 1
    except BrokenStreamError as error:
        error.record = number
        raise


def _apart(block: bytes) -> Any:  # noqa: ANN401 - fastwarc's types are not known to mypy on every version
    """Make a record of an HTTP response by itself: where its packing is broken, the archive can be read on."""
    head = "WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: "
    return WarcRecord.from_bytes(b"%b%d\r\n\r\n%b\r\n\r\n" % (head.encode(), len(block), block))


def _read_body(page: Any, kind: str, body: bytes | None, place: Place, options: ReadOptions) -> Record | Unread:  # noqa: ANN401 - see above
    limit = options.max_record_bytes
    if kind == "malformed":
        return place.unread("malformed_http: its HTTP header cannot be read")
    if body is None:
        try:
            body = page.reader.read(limit + 1)
        except OSError as error:
            return place.unread(f"malformed_http: its content cannot be unpacked ({error})")
        if len(body) > limit:
            return place.unread(f"record_too_long: a body of more than {limit} bytes when unpacked")
    place = Place(place.record, place.offset, body)
    charset = page.http_charset if page.is_http_parsed else None
    if kind == "html":
        return read_page(place, options, charset)
    try:
        text = decode(body, charset) if options.encoding is None else decode_as(body, options.encoding)
    except UndecodableError as error:
        return place.unread(f"undecodable: {error}")
    return Record(place.record, place.offset, text.text, text.encoding, repairs=text.repairs)


def _named(read: Record, record: Any, page: Any) -> Record:  # noqa: ANN401 - see above
    """Add what the archive's headers say of a page."""
    identity, url = record.headers.get("WARC-Record-ID"), record.headers.get("WARC-Target-URI")
    meta = {
        **read.meta,
        "warc_date": record.headers.get("WARC-Date"),
        "content_type": _content_type(page),
        "http_status": str(page.http_headers.status_code) if page.is_http_parsed else None,
    }
    return replace(
        read,
        id=identity and identity.strip("<>"),
        url=url and url.strip("<>"),
        meta={name: value for name, value in meta.items() if value},
    )


@contextmanager
def _archive(path: str, start: int, end: int) -> Iterator[Iterator[Any]]:
    with open_bytes(path) as handle:
        window = _Window(handle, start, end)
        try:
            # It asks for read, tell and nothing else of a stream.
            yield ArchiveIterator(cast("BinaryIO", window), record_types=any_type, parse_http=False)
        except OSError as error:
            raise BrokenStreamError("corrupt_archive", f"the archive cannot be read on ({error})") from error
        if window.error is not None:
            raise BrokenStreamError("unreadable_file", str(window.error)) from window.error


def _kind(record: Any) -> str:  # noqa: ANN401 - see above
    """Say what a record is to us: `html`, `text`, `malformed` or nothing. Its HTTP header is parsed for that."""
    if record.record_type == WarcRecordType.conversion:
        return "text" if _content_type(record) in TEXT_TYPES else ""
    if record.record_type != WarcRecordType.response:
        return ""
    if record.is_http and not record.is_http_parsed:
        try:
            record.parse_http(auto_decode="all")
        except OSError:
            return "malformed"
    kind = _content_type(record)
    # A server that does not say what it sends most often sends a page.
    return "html" if kind in HTML_TYPES or not kind else "text" if kind in TEXT_TYPES else ""


def _content_type(record: Any) -> str:  # noqa: ANN401 - see above
    value = record.http_content_type if record.is_http_parsed else record.headers.get("Content-Type")
    return (value or "").partition(";")[0].strip().lower()


def _declared(record: Any) -> int:  # noqa: ANN401 - see above
    value = record.headers.get("Content-Length") or ""
    return int(value) if value.strip().isdecimal() else 0


def _truncated(offset: int, block: bytes) -> BrokenStreamError:
    error = BrokenStreamError("truncated_archive", "the archive ends within a record")
    error.offset, error.raw = offset, block[:RAW_LIMIT]
    return error


def _begins(handle: BinaryIO, at: int) -> bool:
    handle.seek(at)
    return handle.read(max(map(len, STARTS))).startswith(STARTS)


def _cut(path: str, start: int, end: int, first_record: int, content: int) -> Cut:
    digest = Digest()
    for block in raw_blocks(path, start, end):
        digest.update(block)
    return Cut(start, end, first_record, content, digest.hexdigest())
