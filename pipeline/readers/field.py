"""Which fields of an input record are its text, id and URL; the others become its meta."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from pipeline.decode import mend
from pipeline.readers.options import ReadOptions
from pipeline.readers.records import RAW_LIMIT, Record, Repair, Unread

TEXT_NAMES = (
    "text",
    "content",
    "body",
    "正文",
    "内容",
    "文本",
    "article",
    "document",
    "raw_content",
    "passage",
    "contents",
)
ID_NAMES = ("id", "_id", "doc_id", "docid", "uid", "uuid", "guid", "编号", "序号")
URL_NAMES = ("url", "link", "uri", "source_url", "href", "网址", "链接")
"""Usual names, the likeliest first; where none is there as it stands, upper and lower case are alike."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands, and its bytes, for the quarantine."""

    record: int
    offset: int
    raw: bytes

    def unread(self, error: str) -> Unread:
        """Return the account of a record that could not be read."""
        return Unread(self.record, self.offset, error, self.raw[:RAW_LIMIT])


def make_record(
    fields: dict[str, Any], place: Place, encoding: str, options: ReadOptions, *, surrogates: str = ""
) -> Record | Unread:
    """Make a record of a mapping from names to values; `fields` is used up.

    Strings go to meta as they are, other values as compact JSON with sorted keys, null not at all.

    Args:
        fields: names to values as JSON has them.
        place: where the record stands.
        encoding: what its bytes were in.
        options: names of fields; where they say none, the usual ones are looked for.
        surrogates: "" where the values are known to hold none; `escaped` where some stand for bad bytes, `lone` where
            the input spelt them out.
    """
    name = options.text if options.text is not None else _text_name(fields)
    text = fields.get(name) if name is not None else None
    if name is None or text is None:
        return place.unread(_missing(fields, options))
    if type(text) is not str:
        return place.unread(f"text_not_a_string: the field {name} holds {_kind(text)} instead of a text")
    del fields[name]
    identity = _take(fields, options.id, ID_NAMES)
    url = _take(fields, options.url, URL_NAMES)
    meta = {key: value if type(value) is str else compact(value) for key, value in fields.items() if value is not None}
    repairs: tuple[Repair, ...] = ()
    if surrogates:
        escaped = surrogates == "escaped"
        text, repairs = mend(text, escaped=escaped)
        identity = identity and mend(identity, escaped=escaped)[0]
        url = url and mend(url, escaped=escaped)[0]
        meta = {mend(key, escaped=escaped)[0]: mend(value, escaped=escaped)[0] for key, value in meta.items()}
    return Record(place.record, place.offset, text, encoding, identity, url, meta, repairs)


def compact(value: object) -> str:
    """Write a value as JSON: no spaces, sorted keys, characters as they are; what JSON has not, as its string."""
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # an integer beyond 64 bits, a lone surrogate
        return json.dumps(value, default=str, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def find(names: Sequence[str], usual: Sequence[str]) -> str | None:
    """Return the name that is usual for something, out of those that are there."""
    for candidate in usual:
        if candidate in names:
            return candidate
    folded = {name.strip().casefold(): name for name in reversed(names)}
    return next((folded[candidate] for candidate in usual if candidate in folded), None)


def _text_name(fields: Mapping[str, Any]) -> str | None:
    if type(fields.get("text")) is str:
        return "text"
    # A record may have a `text` that is null or an object beside a `content` that is meant.
    strings = [name for name, value in fields.items() if type(value) is str]
    return find(strings, TEXT_NAMES) or find(list(fields), TEXT_NAMES)


def _take(fields: dict[str, Any], name: str | None, usual: Sequence[str]) -> str | None:
    """Take an id or URL out of the fields: a string or a number; anything else stays, and becomes meta."""
    if name is None:
        for candidate in usual:
            if candidate in fields:
                name = candidate
                break
        else:
            name = find(list(fields), usual) if fields else None
    value = fields.get(name) if name is not None else None
    if name is None or type(value) not in (str, int, float):
        return None
    del fields[name]
    text = value if isinstance(value, str) else repr(value)
    return text if text.strip() else None


def _missing(fields: Mapping[str, Any], options: ReadOptions) -> str:
    looked = options.text if options.text is not None else ", ".join(TEXT_NAMES)
    there = ", ".join(name[:40] for name in list(fields)[:12])
    return f"missing_text: no text in the field {looked}; there are {there or 'no fields'}"


def _kind(value: object) -> str:
    kinds = {bool: "a truth value", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return kinds.get(type(value), type(value).__name__)
