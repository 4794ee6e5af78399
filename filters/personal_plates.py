"""Number plates: of cars, of new-energy cars, of embassies, of Hong Kong and Macau."""

import re
from functools import cache

from filters.personal_lexicon import lexicon
from filters.personal_tables import ZERO_WIDTH

_POLICE = re.compile(r".?\d{4}[0-9a-z](?![0-9a-z])")


def read_plate(folded: str, at: int) -> tuple[int, int, str] | None:
    """Read the number plate that begins at a province, or behind 使."""
    if folded[max(0, at - 2) : at] == "wj":
        police = _POLICE.match(folded, at)
        return None if police is None else (at - 2, police.end(), "plate")
    found = _plate().match(folded, at)
    if found is None or (found["cut"] is not None and found["cut"] not in " ·.-•・‧"):
        return None
    body = re.sub(f"[{ZERO_WIDTH}]", "", found["body"] or "")
    if body and not _is_plate(body, found["end"] or ""):
        return None
    return at, found.end(), "plate"


@cache
def _plate() -> re.Pattern[str]:
    provinces, ends = lexicon()["plates"]["provinces"], lexicon()["plates"]["ends"]
    gap = f"[{ZERO_WIDTH} ]?"
    return re.compile(
        f"(?:[{provinces}]{gap}[a-hj-np-z](?P<cut>[ ·.\\-•・‧])?(?P<body>[a-hj-np-z0-9{ZERO_WIDTH}]{{4,6}})"
        f"(?P<end>[{ends}](?![用]))?|[{provinces}]·?x\\d{{4}}应急|使(?P<embassy>\\d{{6}}))(?![a-z0-9]|-\\d)"
    )


_NEW_ENERGY = re.compile(r"[a-hjk][a-hj-np-z0-9]\d{4}|\d{5}[a-hjk]")


def _is_plate(body: str, end: str) -> bool:
    letters = sum(char.isalpha() for char in body)
    if len(body) == 6:  # noqa: PLR2004
        return _NEW_ENERGY.fullmatch(body) is not None
    if len(body) == 4:  # noqa: PLR2004
        return bool(end) and letters <= 2  # noqa: PLR2004
    return letters <= 2  # noqa: PLR2004
