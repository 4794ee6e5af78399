"""What a release is asked to be, and the candidate that gates are evaluated on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SourceCount:
    """What a release holds of one source."""

    documents: int
    characters: int
    """Code points of the released texts, masked as they are."""


@dataclass(frozen=True)
class Candidate:
    """A release that is written, all but its evidence, and stands where nobody takes it for released."""

    version: str
    trial: bool
    data_root: str
    """Merkle root over the files of `data/`, hexadecimal: what a reproducible sample is drawn by."""
    documents: int
    sources: Mapping[str, SourceCount]
    """By name; only those with documents in it."""
    runs: tuple[str, ...]
    """Names of the runs that it was made of, in the order they were given."""
    folder: Path
    """Where it stands: `<workspace>/releases/.candidates/<version>/`."""
