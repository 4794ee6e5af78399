"""Addresses down to the door number: from the province, the town or the word 住 on to the room."""

import re
from functools import cache

from filters.personal_lexicon import alternatives, words_of

_REACH = 44
"""Characters before the road in which an address may begin."""
_SEGMENT = re.compile(r"[\u3400-\u9fff0-9a-z()\- ]+$")
_MARK = re.compile(
    r"(?:(?:住址|地址|住所|住处|户籍地?|所在地|现住|家住|居住|位于|[坐座]落于?|寄[到往至给]|送[到往至]|搬[到至])[为是在于:]*"
    r"|[在到是了给住:]|来自|的)"
)
_ADMINISTRATIVE = re.compile(r"[\u3400-\u9fff]{2,}?(?:省|市|区|县|旗|镇|乡|街道)")
_REST = re.compile(
    r"(?: ?附?[0-9a-z零一二三四五六七八九十甲乙丙丁]{1,5}(?:[-之][0-9a-z]{1,5}){0,2}"
    r"(?:号楼|号院|号|弄|栋|幢|座|单元|室|楼|层|户|门)"
    r"|[\u3400-\u9fff]{2,8}?(?:小区|花园|公寓|家园|新村|大厦|苑)(?=[0-9a-z一二三四五六七八九十])|-\d{1,4}(?!\d)"
    r"|(?<=[号院])[\u3400-\u9fff]{2,6}?(?:大厦|大楼|中心|广场|公馆|公寓|花园)"
    r"|(?<=[栋幢座楼元厦场心]) ?\d{3,4}(?![\d.年元]))+"
)
_UNIT = re.compile(r"(?:栋|幢|单元|号楼|室|户)")
_ROAD = re.compile(r"[\u3400-\u9fff]{2,8}(?:路|街|道|巷|弄|胡同|里|村|庄|屯|小区|花园|公寓|苑|家园|新村|坊|寨)")
_DIGIT = re.compile(r"[0-9零一二三四五六七八九十百]")
_SHORTEST_ROAD = 2
_NEAR = 30
_SENTENCE_END = re.compile(r"[。!?\n]")
_CLAUSE_END = re.compile(r"[。!?\n;,]")


@cache
def _gazetteer() -> re.Pattern[str]:
    return re.compile(alternatives((*words_of("places", "provinces"), *words_of("places", "cities"))))


@cache
def _organisation() -> re.Pattern[str]:
    return re.compile(alternatives(words_of("surroundings", "organisation")))


@cache
def _person() -> re.Pattern[str]:
    return re.compile(alternatives(words_of("surroundings", "person")))


def read_address(folded: str, at: int, road: int) -> tuple[int, int, str] | None:  # noqa: C901 - one condition after another
    """Read the address whose door number ends at `at`, behind the last character of a road.

    Returns:
        Start and end, and `address` or, for a road without a town before it or what is merely said to lie there,
        `address_open`; None if this is none.
    """
    low = max(0, road + 1 - _REACH)
    segment = _SEGMENT.search(folded[low : road + 1])
    if segment is None:
        return None
    start = low + segment.start()
    marks = list(_MARK.finditer(folded, start, road))
    told = False
    if marks:
        told = len(marks[-1][0]) > 1
        start = marks[-1].end()
    town = _gazetteer().search(folded, start, road + 1)
    if town is not None:
        start = town.start()
    stretch = folded[start : road + 1]
    while stretch[:1] in " -()0123456789" and stretch:
        start, stretch = start + 1, stretch[1:]
    administrative = town is not None or _ADMINISTRATIVE.match(stretch) is not None
    if not administrative and not marks and len(stretch) > 8:  # noqa: PLR2004
        start = road + 1 - 4
        stretch = folded[start : road + 1]
    if len(stretch) <= _SHORTEST_ROAD and not administrative:
        return None
    if not _ROAD.search(stretch) and not administrative:
        return None
    if town is not None and town.end() == road + 1:  # 上海五号
        return None
    end = at + 1 + (folded[at] == "号" and folded[at + 1 : at + 2] in {"院", "楼"})
    rest = _REST.match(folded, end)
    if rest is not None:
        end = rest.end()
    if not _DIGIT.search(folded, road + 1, at):
        return None
    placed = bool(marks) and marks[-1][0].startswith(("位于", "坐落", "座落", "所在地"))
    room = _UNIT.search(folded, road, end) is not None
    return start, end, "address" if (administrative or told) and (room or not placed) else "address_open"


def is_organisations(folded: str, start: int, end: int) -> bool | None:
    """Say whether what stands at a place is an organisation's, by the nearest word around it; None if nothing says."""
    before = _SENTENCE_END.split(folded[max(0, start - _NEAR) : start])[-1]
    places = {}
    for name, pattern in (("organisation", _organisation()), ("person", _person())):
        for match in pattern.finditer(before):
            places[name] = match.end()
    if places:
        return max(places, key=lambda name: places[name]) == "organisation"
    behind = _CLAUSE_END.split(folded[end : end + _NEAR // 2], maxsplit=1)[0]
    if _organisation().search(behind):
        return True
    return False if _person().search(behind) else None
