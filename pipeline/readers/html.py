"""The door to trafilatura: the main text of a web page."""

import html
import logging
import re
from collections.abc import Iterator

from lxml.etree import LxmlError

from pipeline.decode import Decoded, UndecodableError, decode, decode_as
from pipeline.encoding import codec_of
from pipeline.readers.field import Place
from pipeline.readers.options import ReadOptions
from pipeline.readers.records import Record, Repair, Slice, Unread
from pipeline.readers.text import read_whole

HEAD = 16_384
"""Bytes or characters of a page in which its charset, title and date are looked for: browsers give up after 1,024,
but pages with long scripts before the title are common."""

CHARSET = re.compile(
    rb"""<(?:meta[^>]+charset\s*=|\?xml[^>]+encoding\s*=)\s*["']?\s*([A-Za-z0-9_.:-]+)""", re.IGNORECASE
)
TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
DATE = re.compile(
    r"""<meta\s[^>]*?(?:name|property|itemprop)\s*=\s*["']?(?:article:published_time|datePublished|pubdate|publishdate"""
    r"""|publish_time|og:release_date|date|dc\.date(?:\.issued)?)["'\s][^>]*?content\s*=\s*["']([^"'>]{4,40})["']""",
    re.IGNORECASE,
)

# It logs every page that it finds nothing in; an empty text says as much.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)


def read_html(piece: Slice, options: ReadOptions) -> Iterator[Record | Unread]:
    """Read a file as one web page."""
    place = read_whole(piece, options)
    yield place if isinstance(place, Unread) else read_page(place, options)


def read_page(place: Place, options: ReadOptions, declared: str | None = None) -> Record | Unread:
    """Make a record of a page's main text; title and date go to meta. No main text is an empty text, not an error.

    Args:
        place: where the page stands, and its bytes.
        options: for the encoding that a recipe states.
        declared: charset that the server sent; the page's own declaration comes after it.
    """
    try:
        page = _decode_page(place.raw, options, declared)
    except UndecodableError as error:
        return place.unread(f"undecodable: {error}")
    text = ""
    if page.text.strip():
        try:
            import trafilatura  # noqa: PLC0415 - 0.3 CPU seconds that only who reads pages shall pay

            text = trafilatura.extract(page.text, include_comments=False) or ""
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError, LxmlError) as error:
            # What a parser makes of broken mark-up is not ours to foresee: the page goes where a person can see it.
            return place.unread(f"unreadable_page: its main text cannot be extracted ({type(error).__name__})")
    meta = {"title": _title(page.text), "date": _date(page.text)}
    meta = {name: value for name, value in meta.items() if value}
    return Record(place.record, place.offset, text, page.encoding, meta=meta, repairs=_moved(page, text))


def _moved(page: Decoded, text: str) -> tuple[Repair, ...]:
    """Find a page's repairs again in its main text; what was removed is known where none was lost with the mark-up."""
    if not page.repairs:
        return ()
    places = [found.start() for found in re.finditer("\ufffd", text)]
    whole = len(places) == len(page.repairs)
    removed = [repair.removed if whole else "" for repair in page.repairs[: len(places)]]
    removed += [""] * (len(places) - len(removed))
    return tuple(Repair(at, at + 1, "undecodable", gone) for at, gone in zip(places, removed, strict=True))


def _decode_page(data: bytes, options: ReadOptions, declared: str | None) -> Decoded:
    """Decode a page; what it declares is a hint, and believed against the evidence only where nothing else fits."""
    if options.encoding is not None:
        return decode_as(data, options.encoding)
    found = CHARSET.search(data, 0, HEAD)
    labels = [label for label in (declared, found and found.group(1).decode("ascii")) if label and codec_of(label)]
    try:
        return decode(data, labels[0] if labels else None)
    except UndecodableError:
        for label in labels:
            try:
                return Decoded(data.decode(label), codec_of(label) or label)
            except (UnicodeDecodeError, LookupError):  # a codec that is none of text, such as `hex`
                continue
        raise


def _title(page: str) -> str:
    found = TITLE.search(page, 0, HEAD)
    return " ".join(html.unescape(found.group(1)).split()) if found else ""


def _date(page: str) -> str:
    found = DATE.search(page, 0, HEAD)
    return html.unescape(found.group(1)).strip() if found else ""
