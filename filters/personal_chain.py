"""Digits at a place, in groups: spaced, dashed, over a line end, as Chinese numerals, with an O for a 0."""

import re
from dataclasses import dataclass
from itertools import pairwise

from filters.personal_tables import HAN_DIGITS, ZERO_WIDTH

DIGITS = {**{str(digit): str(digit) for digit in range(10)}, **{han: str(digit) for han, digit in HAN_DIGITS.items()}}
_JOINERS = frozenset(" \t\u00a0\u2002\u2003\u2009\u200a\u202f\u3000-‐‑‒–—−·_~.()\n")
_MOST_GAP = 4
_MOST_DIGITS = 20
_ALNUM = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Chain:
    """Digits at a place, in groups."""

    value: str
    places: tuple[int, ...]
    ends: tuple[int, ...]
    """Behind how many digits each group ends."""
    gaps: tuple[str, ...]


def collect(folded: str, at: int) -> Chain:  # noqa: C901 - one character after another
    """Collect the digits from a place on, over joiners, as many as an identifier can have."""
    value: list[str] = []
    places: list[int] = []
    ends: list[int] = []
    gaps: list[str] = []
    gap = ""
    han = folded[at] in HAN_DIGITS
    end = min(len(folded), at + 80)
    i = at
    glued = False
    while i < end and len(value) < _MOST_DIGITS:
        char = folded[i]
        digit = "x" if char == "x" and len(value) == 17 and "\n" not in gap else DIGITS.get(char)  # noqa: PLR2004
        if digit is None and char in "oli" and (value or char != "o") and not gap and _is_spelt(folded, at):
            digit = "0" if char == "o" else "1"
        if digit is not None:
            if value and (gap or (char in HAN_DIGITS) != han):
                if gap.count("\n") > 1:
                    break
                ends.append(len(value))
                gaps.append(gap)
            gap, han = "", char in HAN_DIGITS
            value.append(digit)
            places.append(i)
        elif char in _JOINERS and value:
            gap += char
            if len(gap) > _MOST_GAP:
                break
        elif char not in ZERO_WIDTH:
            glued = not gap and char.isascii() and char.isalpha()
            break
        i += 1
    if len(value) == _MOST_DIGITS and i < end and not gap and folded[i] in DIGITS:
        glued = True
    if glued:
        last = ends[-1] if ends else 0
        value, places, gaps = value[:last], places[:last], gaps[:-1]
    else:
        ends.append(len(value))
    return Chain("".join(value), tuple(places), tuple(ends), tuple(gaps))


def _is_spelt(folded: str, at: int) -> bool:
    """Say whether the run at a place is digits but for up to three letters that look like some: 138O0138OO1."""
    run = _ALNUM.match(folded, at)
    if run is None or len(run[0]) not in (11, 18):
        return False
    letters = [char for char in run[0][:17] if char.isalpha()]
    return len(letters) <= 3 and set(letters) <= {"o", "l", "i"}  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class Split:
    """How a value is cut into groups, and whether it is part of something longer."""

    folded: str
    start: int
    end: int
    chain: Chain
    n: int
    groups: int

    @property
    def gaps(self) -> tuple[str, ...]:
        """What stands between the groups."""
        return self.chain.gaps[: self.groups - 1]

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many digits each group has."""
        ends = (0, *self.chain.ends[: self.groups])
        return tuple(b - a for a, b in pairwise(ends))

    @property
    def whole(self) -> bool:
        """Whether it stands in one piece."""
        return self.groups == 1

    @property
    def even(self) -> bool:
        """Whether one sort of joiner stands between all groups, one character wide, and no line end."""
        gaps = set(self.gaps)
        return len(gaps) <= 1 and all(len(gap) <= 1 and gap != "\n" for gap in gaps)

    @property
    def alone(self) -> bool:
        """Whether no further group of digits goes on from it, on either side."""
        if self.groups < len(self.chain.ends):
            return False
        before = self.folded[max(0, self.start - 2) : self.start]
        return not re.search(r"\d[ .\-]$", before)


def is_part(folded: str, at: int) -> bool:
    """Say whether a number is part of something longer: A-138…, 1.138…, /138…."""
    i = at - 1
    while i >= 0 and folded[i] in ZERO_WIDTH:
        i -= 1
    if i < 0:
        return False
    if folded[i] in "./_-=&?%#":
        if folded[i] == "/" and folded[max(0, i - 7) : i].isdigit():
            return False  # one number or another
        return i > 0 and ((folded[i - 1].isascii() and folded[i - 1].isalnum()) or folded[i - 1] in "./-=")
    return folded[i] in "¥$€£"
