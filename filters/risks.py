"""The 31 risks of GB/T 45654-2025, appendix A: what safety rules, terms and labels name what they are about by."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

_DATA = tomllib.loads((files("filters") / "risks.toml").read_text("utf-8"))

STANDARD: str = _DATA["standard"]
VERIFIED: str = _DATA["verified"]
"""`secondary`: the names were read in sources that quote the standard, not in the standard itself."""


@dataclass(frozen=True, slots=True)
class Risk:
    """One of the 31."""

    id: str
    """Group and letter, as A1-f; Qingyuan's own, the standard prints none."""
    name: str
    """As the standard has it."""
    english: str

    @property
    def group(self) -> str:
        """Which of the five groups it belongs to: A1 to A5."""
        return self.id[:2]

    @property
    def column(self) -> str:
        """The id as the part of an attribute's name: a1_f."""
        return self.id.lower().replace("-", "_")


@dataclass(frozen=True, slots=True)
class Demand:
    """A number that the standard asks of a keyword library."""

    number: int
    wording: str
    """Of the standard: 宜 is "should"."""
    state: str
    """How sure the number is: `secondary` or `unread`; none was read in the standard's own text."""


GROUPS: Mapping[str, tuple[str, str]] = {group: (names[0], names[1]) for group, names in _DATA["groups"].items()}
"""By id: the name and an English one."""

RISKS: Mapping[str, Risk] = {key: Risk(key, *names) for key, names in _DATA["risks"].items()}
"""By id, in the standard's order."""

ILLEGAL = frozenset({"A1", "A2", "A3", "A4"})
"""Groups that are 违法不良信息 (29 risks): one such document makes a batch of functional annotation void."""

_LIBRARY = _DATA["keyword_library"]
LIBRARY_CLAUSE: str | None = _LIBRARY["clause"] if _LIBRARY["clause_state"] != "unread" else None


def _demand(name: str) -> Demand:
    row = _LIBRARY[name]
    return Demand(row.get("at_least", row.get("at_most")), row["wording"], row["state"])


LEAST_TERMS = _demand("total")
"""Terms in all, each counted once however it may be spelt."""
LEAST_OF_GROUP: Mapping[str, Demand] = {group: _demand(group) for group in ("A1", "A2")}
"""Terms of each risk of a group; nothing is asked of the other groups."""
MOST_DAYS = _demand("age_days")
"""Days since the last update."""
