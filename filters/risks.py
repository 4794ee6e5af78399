"""The 31 risks of TC260-003 and GB/T 45654-2025, annex A: what terms, rules and people's labels are named by."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

_DATA = tomllib.loads((files("filters.lexicons") / "risks.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Risk:
    """One of the 31 risks, or one of their five groups."""

    id: str
    """A1-a to A5-b; the ids are ours."""
    zh: str
    en: str

    @property
    def group(self) -> str:
        """A1 to A5."""
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


RISKS: Mapping[str, Risk] = {key: Risk(key, **names) for key, names in _DATA["risks"].items()}
GROUPS: Mapping[str, Risk] = {key: Risk(key, **names) for key, names in _DATA["groups"].items()}

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
