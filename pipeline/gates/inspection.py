"""What every gate is given, and how runs and sources are named in what it says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline.gates.candidate import Candidate, Contents
from pipeline.registry import Session
from pipeline.store import read_json

SHOWN = 5
"""Names that a sentence lists; the figures have all."""


@dataclass(frozen=True)
class Inspection:
    """A candidate, what is known of it, and the day it is looked at."""

    opened: Session
    workspace: Path
    candidate: Candidate
    contents: Contents
    day: date

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Sources that it says it holds, and those that its files hold."""
        return tuple(sorted({*self.candidate.sources, *self.contents.sources}))

    @cached_property
    def summaries(self) -> dict[str, dict[str, Any] | None]:
        """What run.json says of each of its runs; None where a run is not there any more."""
        return {run: read_json(self.workspace / "runs" / run / "run.json") for run in self.candidate.runs}

    def runs_with(self, source: str) -> list[str]:
        """Return its runs that hold a source; of a run that is not there any more that is taken for granted."""
        held = []
        for run, summary in self.summaries.items():
            known = None if summary is None else summary.get("sources")
            if known is None or source in known:
                held.append(run)
        return held


def listed(names: Iterable[str]) -> str:
    """Name some, and how many more there are."""
    every = list(names)
    more = len(every) - SHOWN
    return ", ".join(every[:SHOWN]) + (f" and {more} more" if more > 0 else "")
