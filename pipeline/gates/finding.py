"""What a gate says of a release: passed or not, under which clauses, on which figures, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.clauses import Clause

__all__ = ["Clause", "Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one gate found."""

    gate: str
    clauses: tuple[Clause, ...]
    passed: bool
    """Whether a release may go on. Of a trial that is less than what the clause asks: see `trial`."""
    reason: str
    """Why, in one sentence."""
    figures: Mapping[str, Any] = field(default_factory=dict)
    """What the sentence rests on; JSON."""
    remedy: str = ""
    """What to do, as a command where there is one; empty if it passed."""
    trial: bool = False
    """It is about a trial, to which the clause does not apply as it stands: in JSON it never reads as passed."""

    def as_json(self) -> dict[str, Any]:
        """Return it for the manifest."""
        return {
            "gate": self.gate, "clauses": [clause.as_json() for clause in self.clauses],
            "passed": self.passed and not self.trial, "trial": self.trial, "reason": self.reason,
            "figures": dict(self.figures), "remedy": self.remedy,
        }  # fmt: skip
