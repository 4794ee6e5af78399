"""Clauses that gates and papers rest on, with how well each one's wording is known."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

Verified = Literal["V1", "V2", "R"]
"""V1: read in its own text; V2: in sources that quote it; R: in none that was read."""


@dataclass(frozen=True, slots=True)
class Clause:
    """What a rule rests on."""

    instrument: str
    """As GB/T 45654-2025."""
    number: str
    """Of the section, as 4.1; the letters below it are not made up. Empty where nobody quotes it."""
    verified: Verified
    demand: str = ""
    """What it asks, in our words."""

    @property
    def cited(self) -> str:
        """Return it as it may be printed: a number that was read nowhere is never printed as if it had been."""
        if self.verified == "R":
            return f"{self.instrument} (clause not verified)"
        return f"{self.instrument} {self.number}".rstrip()

    def as_json(self) -> dict[str, str]:
        """Return it for machines; the number is left out where it was read nowhere."""
        number = "" if self.verified == "R" else self.number
        return {"instrument": self.instrument, "number": number, "verified": self.verified, "demand": self.demand}


_TABLE = tomllib.loads((files("pipeline") / "clauses.toml").read_text("utf-8"))

CLAUSES: Mapping[str, Clause] = {name: Clause(**entry) for name, entry in _TABLE.items()}
"""By our own names."""


def clauses(*names: str) -> tuple[Clause, ...]:
    """Return clauses by our names."""
    return tuple(CLAUSES[name] for name in names)
