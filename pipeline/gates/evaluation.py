"""All gates of a release, evaluated together."""

from collections.abc import Callable
from pathlib import Path

from pipeline.database import now
from pipeline.gates.authorisations import authorisations
from pipeline.gates.barred import barred
from pipeline.gates.candidate import Candidate, Contents
from pipeline.gates.counted import counted
from pipeline.gates.filtering import filtered, keywords
from pipeline.gates.finding import Finding
from pipeline.gates.inspection import Inspection
from pipeline.gates.papers import papers
from pipeline.gates.personal_data import personal_data
from pipeline.gates.requests import requests
from pipeline.gates.samples import manual_sample, technical_sample
from pipeline.gates.source_rate import source_rate
from pipeline.gates.taken_down import taken_down
from pipeline.registry import Session
from pipeline.removed import removed_ids

GATES: tuple[Callable[[Inspection], Finding], ...] = (
    counted, papers, authorisations, barred, source_rate, taken_down, requests, personal_data, filtered,
    keywords, technical_sample, manual_sample,
)  # fmt: skip
"""In the order in which somebody would mend what they find."""


def evaluate(opened: Session, workspace: Path, candidate: Candidate) -> list[Finding]:
    """Evaluate every gate on a candidate, in the transaction in which it is to be released.

    No gate is skipped because another one refused: whoever reads the findings wants to mend them all. A candidate may
    be released only if every finding has `passed`.
    """
    contents = Contents(candidate.folder, removed_ids(workspace))
    look = Inspection(opened, workspace, candidate, contents, now().date())
    return [gate(look) for gate in GATES]
