"""Numbers: what the digits (and a few letters) at a place are, by length, check character and the words before them."""

import re
from functools import cache

from filters.identifiers import (
    hong_kong_check,
    luhn,
    old_resident_date,
    organisation_check,
    resident_check,
    taiwan_check,
    uscc_check,
    vin_check,
)
from filters.personal_chain import DIGITS, Split, collect, is_part
from filters.personal_context import Context
from filters.personal_lexicon import alternatives, lexicon, words_of
from filters.personal_tables import KEYCAP

_ALNUM = re.compile(r"[a-z0-9]+")
_LANDLINE = re.compile(r"0(?:10|2[0-57-9]|[3-9]\d{2})\d{7,8}")
_ABROAD = re.compile(r"(?:00)?860?(?:10|2[0-57-9]|[3-9]\d{2})\d{7,8}")
_EXTENSION = re.compile(r"(?:-|转|ext\.?) ?\d{1,6}(?![\d-])")
_SERVICE = re.compile(r"(?:400|800)\d{7}|95\d{3,6}|12\d{3}|1[12]\d")
_PASSPORT = re.compile(r"[a-z]{0,2}\d{7,9}")
_PERMIT = re.compile(r"[hm]\d{8}(?:\d{2})?|c[a-hj-np-z]?\d{7,8}|[wlt]\d{8}|\d{8}|\d{10}")
_OLD_FOREIGNER = re.compile(r"[a-z]{3}\d{12}")
_HONG_KONG = re.compile(r"([a-z]{1,2}\d{6})( ?\(|)([0-9a])(\)?)(?![0-9a-z])")
_MACAU = re.compile(r"[157]\d{6}\(?\d\)?(?![0-9a-z])")
_MEDICAL = re.compile(r"[a-z]{0,3}\d{5,14}")
_SERIES = re.compile(r"[\u4e00-\u9fff]?字第? ?$")
_ORGANISATION = re.compile(r"([0-9a-z]{8})-?([0-9x])(?![0-9a-z])")
_GOES_ON = re.compile(r"\.\d|[-_=]\w|/(?!1[3-9]\d{9}|0\d{2,3}-)\w")
_BEHIND = re.compile(r"[^\n\w]{0,2}(?:是|为)?(?:我|他|她|本人)?的?(手机|电话|微信|vx|身份证|卡号|银行卡)")
_KEYCAP = frozenset(KEYCAP)
_PERSON_NUMBERS = frozenset({"phone", "wechat", "qq"})


@cache
def _units() -> re.Pattern[str]:
    return re.compile(r" ?(?:" + alternatives(words_of("surroundings", "units")) + ")")


@cache
def _orders() -> re.Pattern[str]:
    """Return a pattern for a word that says order or waybill, unless it speaks of a person's certificate too."""
    return re.compile(rf"(?:{alternatives(words_of('surroundings', 'orders'))})[^0-9a-z\u4e00-\u9fff\n]{{0,3}}$")


def _is_order(folded: str, start: int) -> bool:
    """Say whether a number is called an order's: all that keeps one with date and check from being a resident ID."""
    before = folded[max(0, start - 16) : start]
    return _orders().search(before) is not None and "身份" not in before and "证件" not in before


@cache
def _cards() -> tuple[str, ...]:
    return words_of("numbers", "cards")


@cache
def _provinces() -> frozenset[str]:
    return frozenset(words_of("numbers", "provinces"))


def read_number(  # noqa: C901, PLR0911 - one kind of writing after another
    folded: str, at: int, context: Context
) -> tuple[int, int, str] | None:
    """Say what the number at a place is, by its context.

    Returns:
        Its start and end, and its category, `landline` and `vin` regardless of where they stand; or None.
    """
    run = _ALNUM.match(folded, at)
    if run is not None and not run[0].isdigit():
        found = _lettered(folded, run, context)
        if found is not None:
            return found
    if context.name == "id" and run is not None and len(run[0]) > 18 and resident_check(run[0][:18]):  # noqa: PLR2004
        kind = None if run[0][18].isdigit() else _resident_kind(run[0])  # a word is glued to it
        if kind is not None:
            return at, at + 18, kind
    spelt = folded[at] in DIGITS or (context.name == "phone" and folded[at] in "li")  # l38…
    chain = collect(folded, at) if spelt else None
    if chain is None:
        return None
    for n, groups in sorted(zip(chain.ends, range(1, len(chain.ends) + 1), strict=True), reverse=True):
        value = chain.value[:n]
        if n < 3:  # noqa: PLR2004
            continue
        start, end = at, chain.places[n - 1] + 1
        while folded[end : end + 1] in _KEYCAP:
            end += 1
        kind = _of_length(folded, value, context, Split(folded, start, end, chain, n, groups))
        if kind == "landline":
            extension = _EXTENSION.match(folded, end)
            return _with_sign(folded, start), extension.end() if extension else end, kind
        if kind == "military_id":
            return _with_series(folded, start, end)
        if kind:
            return _with_sign(folded, start) if kind == "mobile" else start, end, kind
    return _bracketed(folded, at, context)


def _with_sign(folded: str, start: int) -> int:
    """Take a + or an opening bracket before a telephone number with it."""
    while start > 0 and folded[start - 1] in "+(":
        start -= 1
    return start


def _with_series(folded: str, start: int, end: int) -> tuple[int, int, str]:
    """Take 南字第…号 around the number of an officer's certificate with it."""
    series = _SERIES.search(folded[max(0, start - 4) : start])
    return (
        start - (len(series[0]) if series else 0),
        end + (folded[end : end + 1] == "号" and bool(series)),
        "military_id",
    )


def _of_length(folded: str, value: str, context: Context, split: Split) -> str | None:  # noqa: C901, PLR0911, PLR0912
    """Return the category of a string of digits, by its length first."""
    n, other = len(value), context.name == "other"
    if n == 18:  # noqa: PLR2004
        if resident_check(value) and not _is_order(folded, split.start):
            return _resident_kind(value)
        return "uscc" if split.whole and value.isdigit() and uscc_check(value) and not other else None
    if not value.isdigit():
        return None
    near = context.distance <= 8  # noqa: PLR2004
    if n == 15 and near:  # noqa: PLR2004
        if context.name == "imei" and luhn(value):
            return "imei"
        if context.name == "imsi" and value.startswith("460"):
            return "imsi"
        if context.name in {"id", "foreigner"} and old_resident_date(value) and value[:2] in _provinces():
            return "resident_id"
    mobile = value[-11:]
    if n in (11, 13, 15) and value[:-11] in {"", "86", "0086"} and _is_mobile(folded, mobile, context, split):
        return "mobile"
    if 13 <= n <= 19 and _is_card(value, context, split):  # noqa: PLR2004
        return "bank_card"
    if _is_landline(folded, value, context, split):
        return "landline"
    if context.name == "phone" and _SERVICE.fullmatch(value) and near:
        return "service_number"
    if n in (11, 12) and value[:3] in {"852", "853", "886"} and folded[split.start - 1 : split.start] == "+":
        return "mobile"
    if not near or not (split.whole or split.even):
        return None
    kinds = {
        "driver": ("driver_file", n == 12),  # noqa: PLR2004
        "social": ("social_security", 6 <= n <= 18),  # noqa: PLR2004
        "medical": ("medical_number", 5 <= n <= 14),  # noqa: PLR2004
        "military": ("military_id", 4 <= n <= 10),  # noqa: PLR2004
        "passport": ("passport", 8 <= n <= 9),  # noqa: PLR2004
        "permit": ("travel_permit", n in (8, 10)),
    }
    kind, fits = kinds.get(context.name, ("", False))
    return kind if fits and split.whole else None


def _resident_kind(value: str) -> str | None:
    if value[:2] in {"81", "82", "83"}:
        return "residence_permit"
    if value[0] == "9" and value[1:3] in _provinces():
        return "foreigner_id"
    return "resident_id" if value[:2] in _provinces() else None


def _is_mobile(folded: str, value: str, context: Context, split: Split) -> bool:  # noqa: PLR0911 - no by no
    if value[0] != "1" or value[1] < "3" or context.name in {"other", "network"}:
        return False
    if folded[split.start - 1 : split.start] == "+" and split.n == len(value):
        return False  # +1 707 829 0104
    told = context.name in _PERSON_NUMBERS or _BEHIND.match(folded, split.end) is not None
    if not told:
        if value[:3] in words_of("numbers", "unassigned") or value.endswith("000000"):
            return False
        if context.name != "account" and is_part(folded, split.start):
            return False
        if _units().match(folded, split.end) or _GOES_ON.match(folded, split.end):
            return False
    if split.whole:
        return True
    sizes = split.sizes[1:] if len(split.chain.value[: split.n]) > 11 and split.sizes[0] in (2, 4) else split.sizes  # noqa: PLR2004
    grouping = "-".join(map(str, sizes))
    known = grouping in lexicon()["grouping"]["mobile"] or grouping == "11"
    if told:
        return known or "\n" in "".join(split.gaps) or set(sizes) <= {1, 2, 3} or "" in split.gaps or split.even
    return known and split.alone and ("\n" not in "".join(split.gaps)) and all(len(g) == 1 for g in split.gaps)


def _is_card(value: str, context: Context, split: Split) -> bool:
    if context.name == "other" or not luhn(value) or (len(value) == 13 and value[:3] in {"978", "979"}):  # noqa: PLR2004
        return False
    told = context.name == "card"
    begins = value.startswith(_cards()) and len(value) >= 16  # noqa: PLR2004
    if not begins and not told:
        return False
    if split.whole:
        return told or (len(value) in (16, 19) and not is_part(split.folded, split.start)) or value[:2] == "62"
    return (told or split.alone) and (told or split.even) and (min(split.sizes[:-1]) >= 3 or told)  # noqa: PLR2004


def _is_landline(folded: str, value: str, context: Context, split: Split) -> bool:
    told = context.name == "phone"
    if context.name == "other":
        return False
    if _ABROAD.fullmatch(value) and split.groups > 1:
        return told or folded[split.start - 1 : split.start] == "+"
    if _LANDLINE.fullmatch(value):
        if split.whole:
            return told
        area = split.sizes[0] in (3, 4) and sum(split.sizes[1:]) in (7, 8)
        first = split.gaps[0]
        return area and (
            told or (first in {"-", ")", "–", "—", "‐", ")-"} and split.alone and not is_part(folded, split.start))
        )
    local = len(value) in (7, 8) and value[0] in "2345678" and context.distance <= 3  # noqa: PLR2004
    joined = split.whole or (split.even and split.sizes in {(4, 4), (3, 4)})
    return told and local and joined and split.alone and not _units().match(folded, split.end)


def _lettered(folded: str, run: re.Match[str], context: Context) -> tuple[int, int, str] | None:  # noqa: PLR0911
    """Read a run of letters and digits."""
    value, start, end = run[0], run.start(), run.end()
    if len(value) == 18:  # noqa: PLR2004
        if resident_check(value) and not _is_order(folded, start):
            kind = _resident_kind(value)
            return None if kind is None else (start, end, kind)
        if uscc_check(value):
            return start, end, "uscc"
    if vin_check(value) and context.name != "other":
        return start, end, "vin"
    near = context.distance <= 8  # noqa: PLR2004
    found = _bracketed(folded, start, context)
    if found is not None:
        return found
    if not near:
        return None
    if context.name in {"id", "permit"} and taiwan_check(value):
        return start, end, "tw_id"
    if context.name in {"foreigner", "id"} and _OLD_FOREIGNER.fullmatch(value):
        return start, end, "foreigner_id"
    patterns = {
        "passport": ("passport", _PASSPORT),
        "permit": ("travel_permit", _PERMIT),
        "medical": ("medical_number", _MEDICAL),
        "social": ("social_security", _MEDICAL),
        "military": ("military_id", _MEDICAL),
    }
    kind, pattern = patterns.get(context.name, ("", None))
    return (start, end, kind) if pattern is not None and pattern.fullmatch(value) else None


def _bracketed(folded: str, at: int, context: Context) -> tuple[int, int, str] | None:
    """Read what goes on behind a run: A123456(3), 5123456(7), D2143569-X."""
    found = _HONG_KONG.match(folded, at)
    if found and hong_kong_check(found[1] + found[3]) and (found[2] or context.name in {"id", "permit"}):
        return at, found.end() - (bool(found[4]) and not found[2]), "hk_id"
    near = context.distance <= 8  # noqa: PLR2004
    found = _MACAU.match(folded, at)
    if found and context.name == "macau" and near:
        return at, found.end(), "macau_id"
    found = _ORGANISATION.match(folded, at)
    if found and context.name == "organisation" and organisation_check(found[1] + found[2]):
        return at, found.end(), "organisation_code"
    return None
