"""Personal data: where they stand in a text, of what kind, and how sensitive two standards call them.

Nothing is masked here: that is done when the kept text is written, by the policy, from the spans measured here.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
import pyarrow as pa

from filters.contract import SPANS, attribute
from filters.fold import FOLD_VERSION, plain_table
from filters.frequency import FREQUENCY_VERSION
from filters.personal_accounts import read_account, read_email, read_network, read_wxid
from filters.personal_context import context_at
from filters.personal_lexicon import alternatives, categories, lexicon_digest, words_of
from filters.personal_names import name_beside, read_named
from filters.personal_numbers import read_number
from filters.personal_places import is_organisations, read_address
from filters.personal_plates import read_plate
from filters.personal_scan import find_sights
from filters.personal_tables import Sight
from filters.texts import Texts

_NEAR = 40
_TELLING = 3
"""Characters of a name from which it is looked for elsewhere: shorter ones are words too."""
_LOG_LINE = re.compile(r"\d{4}[-/]\d\d[-/]\d\d[ t]\d\d:\d\d|\d\d/[a-z]{3}/\d{4}:\d\d|\"(?:get|post|put|head) /")
_URL = re.compile(r"(?:https?://|www\.)[!-~]*$")
_BESIDE = frozenset({"resident_id", "residence_permit", "foreigner_id", "mobile", "bank_card", "passport", "email"})
"""Kinds before which a name may stand without a word that says so."""
_OPEN_OF = {
    "landline": "landline_open",
    "address": "address_open",
    "vin": "vin_open",
    "ip": "ip_open",
    "mac": "mac_open",
    "name": "name_alone",
}
_IN_URLS = frozenset({"email", "resident_id", "residence_permit", "ip_open", "ip"})
"""What counts inside an address of a page wherever it stands there, where digits are names of articles."""
_NO_KEYS = frozenset({"", "other", "account", "network", "credit", "organisation"})
"""Contexts that make no identifier of the value of a key in the address of a page: ?uid=…"""


@dataclass(slots=True)
class _Span:
    start: int
    end: int
    kind: str


@cache
def _rank() -> dict[str, int]:
    return {name: number for number, name in enumerate(categories())}


@cache
def _log() -> re.Pattern[str]:
    return re.compile(alternatives((*words_of("surroundings", "log"), *words_of("surroundings", "person"))))


@cache
def _owner() -> re.Pattern[str]:
    return re.compile(alternatives((*words_of("surroundings", "vehicle"), *words_of("surroundings", "person"))))


def _in_url(folded: str, start: int, end: int, kind: str) -> bool:
    """Say whether something stands in the address of a page and counts for nothing there: no key says what it is."""
    if kind in _IN_URLS or _URL.search(folded, max(0, start - 200), start) is None:
        return False
    if folded[start - 1] != "=" or (kind == "wechat" and not any(map(str.isdigit, folded[start:end]))):
        return True
    context = context_at(folded, start)
    return context.distance > 0 or context.name in _NO_KEYS


def _read(folded: str, sights: list[list[int]]) -> list[_Span]:
    """Read what stands at the sights of one text."""
    spans: list[_Span] = []
    for at, sight, mark in sights:
        found = None
        if sight in (Sight.NUMBER, Sight.ACCOUNT):
            context = context_at(folded, at)
            found = read_number(folded, at, context) or read_account(folded, at, context)
        elif sight == Sight.EMAIL:
            found = read_email(folded, at)
        elif sight == Sight.PLATE:
            found = read_plate(folded, at)
        elif sight == Sight.NETWORK:
            found = read_network(folded, at) or read_wxid(folded, at)
        elif sight == Sight.NAME:
            found = read_named(folded, at)
        elif sight == Sight.DOOR and not (spans and spans[-1].kind.startswith("address") and at < spans[-1].end):
            found = read_address(folded, at, mark)
        if found is not None and (sight in (Sight.NAME, Sight.DOOR) or not _in_url(folded, *found)):
            spans.append(_Span(*found))
    return _apart(spans)


def _apart(spans: list[_Span]) -> list[_Span]:
    """Keep of spans that overlap the longest, then the one of the earlier category; ascending."""
    rank = _rank()
    kept: list[_Span] = []
    for span in sorted(spans, key=lambda s: (s.start, s.start - s.end, rank[s.kind])):
        if kept and span.start < kept[-1].end:
            last = kept[-1]
            if span.end - span.start > last.end - last.start:
                kept[-1] = span
        else:
            kept.append(span)
    return kept


def _lines(folded: str, spans: list[_Span]) -> list[list[_Span]]:
    """Group spans by the line they begin in."""
    groups: list[list[_Span]] = []
    until = -1
    for span in spans:
        if span.start >= until:
            until = folded.find("\n", span.end)
            until = len(folded) if until < 0 else until
            groups.append([])
        groups[-1].append(span)
    return groups


def _settle(folded: str, spans: list[_Span]) -> list[_Span]:
    """Decide what depends on the surroundings: whether a person is behind it, and whether somebody is named beside."""
    table = categories()
    settled: list[_Span] = []
    for line in _lines(folded, spans):
        sure = [s for s in line if not table[s.kind].open and s.kind not in _OPEN_OF]
        for span in line:
            if span.kind in _OPEN_OF and span.kind != "name":
                others = any(other is not span for other in sure)
                span.kind = span.kind if _is_personal(folded, span, others=others) else _OPEN_OF[span.kind]
        beside = []
        for span in line:
            found = name_beside(folded, span.start, span.end) if span.kind in _BESIDE else None
            if found is not None:
                beside.append(_Span(*found))
        apart = _apart([*line, *_free(beside, line)])
        identified = any(not table[s.kind].open and s.kind != "name" for s in apart)
        for span in apart:
            if span.kind == "name" and not identified:
                span.kind = "name_alone"
        settled += apart
    return settled


def _named_again(folded: str, spans: list[_Span]) -> list[_Span]:
    """Find who was named beside an identifier in further lines with one: 由王小明负责，手机…."""
    names = {folded[s.start : s.end] for s in spans if s.kind == "name" and s.end - s.start >= _TELLING}
    if not names:
        return spans
    more = []
    for line in _lines(folded, spans):
        if any(s.kind not in _OPEN_OF and not categories()[s.kind].open for s in line):
            begin = folded.rfind("\n", 0, line[0].start) + 1
            end = folded.find("\n", line[-1].end)
            for name in names:
                at = folded.find(name, begin, end if end >= 0 else len(folded))
                while at >= 0:
                    more.append(_Span(at, at + len(name), "name"))
                    at = folded.find(name, at + 1, end if end >= 0 else len(folded))
    return _apart([*spans, *_free(more, spans)])


def _free(more: list[_Span], spans: list[_Span]) -> list[_Span]:
    """Return those of some further spans that overlap none of the others."""
    taken = {place for span in spans for place in range(span.start, span.end)} if more else set()
    return [span for span in more if taken.isdisjoint(range(span.start, span.end))]


def _is_personal(folded: str, span: _Span, *, others: bool) -> bool:
    if span.kind in {"landline", "address"}:
        organisation = is_organisations(folded, span.start, span.end)
        if organisation is None:
            return others or span.kind == "address" or context_at(folded, span.start).name == "phone"
        return not organisation
    begin = max(folded.rfind("\n", 0, span.start) + 1, span.start - _NEAR)
    around = folded[begin : span.end + _NEAR].split("\n", 1)[0]
    if span.kind == "vin":
        return others or _owner().search(around) is not None
    if others or _log().search(around) is not None:
        return True
    line = folded.rfind("\n", 0, span.start) + 1
    return _LOG_LINE.search(folded, line, min(span.end + 200, len(folded))) is not None


def find_personal(texts: Texts) -> dict[int, list[tuple[int, int, str]]]:
    """Return, by number of the text, the places and categories of its personal data, ascending and apart."""
    rows = find_sights(texts)
    if not len(rows):
        return {}
    found: dict[int, list[tuple[int, int, str]]] = {}
    numbers, first = np.unique(rows[:, 0], return_index=True)
    for number, sights in zip(numbers.tolist(), np.split(rows[:, 1:], first[1:]), strict=True):
        codes = np.take(plain_table(), texts.code_points[texts.offsets[number] : texts.offsets[number + 1]])
        folded = codes.astype("<u4", copy=False).tobytes().decode("utf-32-le")
        spans = _named_again(folded, _settle(folded, _read(folded, sights.tolist())))
        if spans:
            found[number] = [(span.start, span.end, span.kind) for span in spans]
    return found


def _counted(name: str) -> pa.Field:
    return attribute(f"personal.{name}", pa.int64(), "count", categories()[name].meaning)


def _total(name: str, which: str) -> pa.Field:
    return attribute(
        f"personal.{name}", pa.int64(), "count", f"identifiers of the categories above {which}, open ones apart"
    )


@dataclass(frozen=True, slots=True)
class Personal:
    r"""Identifiers of people, by validators and by the words around them.

    Boundaries are explicit, for a Han character is a letter to `\b`; digits may be full-width, circled, Chinese
    numerals, spaced, dashed or split over a line. A number that is an order's, an ISBN or a statute's is none. Sources:
    GB 11643, GB 32100, GB 11714, GB 16735, ISO/IEC 7812, GA 36; categories and severities in lexicons/personal.toml.
    """

    version: ClassVar[str] = f"1/{FOLD_VERSION}/{FREQUENCY_VERSION}/{lexicon_digest()}"
    schema: ClassVar[pa.Schema] = pa.schema([
        *map(_counted, categories()),
        _total("sensitive_35273", "that GB/T 35273-2020 calls sensitive"),
        _total("general_35273", "that GB/T 35273-2020 does not call sensitive"),
        _total("sensitive_45574", "that GB/T 45574-2025 calls sensitive"),
        _total("general_45574", "that GB/T 45574-2025 does not call sensitive"),
        attribute("personal.density", pa.float64(), "count", "identifiers, open ones apart, in 1,000 characters"),
        attribute("personal.spans", SPANS, "spans", "where all of them stand; the kind is the category"),
    ])  # fmt: skip

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        found = find_personal(texts)
        table = categories()
        columns = {name: np.zeros(len(texts), np.int64) for name in table}
        totals = np.zeros((4, len(texts)), np.int64)
        for number, spans in found.items():
            for name, count in Counter(kind for _, _, kind in spans).items():
                columns[name][number] = count
                category = table[name]
                if not category.open:
                    totals[0 if category.sensitive_35273 else 1, number] += count
                    totals[2 if category.sensitive_45574 else 3, number] += count
        density = 1_000 * (totals[0] + totals[1]) / np.maximum(texts.chars, 1)
        places = [
            None if null else [{"start": s, "end": e, "kind": k} for s, e, k in found.get(number, ())]
            for number, null in enumerate(texts.null.tolist())
        ]
        return pa.record_batch(
            [
                *(pa.array(column, mask=texts.null) for column in (*columns.values(), *totals, density)),
                pa.array(places, SPANS),
            ],
            schema=self.schema,
        )
