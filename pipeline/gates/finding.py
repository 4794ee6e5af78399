"""What a gate says of a release: passed or not, under which clauses, on which figures, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Verified = Literal["V1", "V2", "R"]
"""How well a clause's wording is known: V1 read in its own text, V2 read in sources that quote it, R in none."""


@dataclass(frozen=True, slots=True)
class Clause:
    """What a rule rests on."""

    instrument: str
    """As GB/T 45654-2025."""
    number: str
    """Of the section, as 4.1; Qingyuan keys to sections, and makes no letters up."""
    verified: Verified
    demand: str = ""
    """What it asks, in our words."""

    @property
    def cited(self) -> str:
        """Return it as it may be printed: a number that was read nowhere is never printed as if it had been."""
        if self.verified == "R":
            return f"{self.instrument} (clause not verified)"
        return f"{self.instrument} {self.number}"

    def as_json(self) -> dict[str, str]:
        """Return it for machines; the number is left out where it was read nowhere."""
        number = "" if self.verified == "R" else self.number
        return {"instrument": self.instrument, "number": number, "verified": self.verified, "demand": self.demand}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one gate found."""

    gate: str
    clauses: tuple[Clause, ...]
    passed: bool
    reason: str
    """Why, in one sentence."""
    figures: Mapping[str, Any] = field(default_factory=dict)
    """What the sentence rests on; JSON."""
    remedy: str = ""
    """What to do, as a command where there is one; empty if it passed."""

    def as_json(self) -> dict[str, Any]:
        """Return it for the manifest."""
        return {
            "gate": self.gate, "clauses": [clause.as_json() for clause in self.clauses], "passed": self.passed,
            "reason": self.reason, "figures": dict(self.figures), "remedy": self.remedy,
        }  # fmt: skip
