"""What is known of an input document, and the random numbers that belong to its name."""

import random
from dataclasses import dataclass, field

SEED = 20240501
"""Seeds every choice, together with the name of what is chosen for: a new original moves no other one."""


@dataclass
class Document:
    """One input document and what should become of it."""

    origin: str
    """Id of the original that it is or was made from."""
    genre: str
    lect: str
    container: str
    """Key of what it is packed in: see pack.py."""
    title: str
    text: str
    """As a reader should find it."""
    why: str
    """Short note for expected.jsonl."""
    reason: str | None = None
    """Why it is dropped for itself; copies are judged by their cluster."""
    cluster: str | None = None
    """Origin that it shares its text with, more or less."""
    encoding: str | None = None
    """Other than its container's."""
    personal: list[dict[str, str]] = field(default_factory=list)
    """Planted identifiers: kind and value as it stands in the text."""
    ordinary: list[str] = field(default_factory=list)
    """Numbers in the text that must survive."""
    id: str = ""
    source: str = ""


def chance(name: str) -> random.Random:
    """Return the random numbers that belong to a name."""
    return random.Random(f"{SEED}:{name}")  # noqa: S311 - reproducible on purpose


def moment(name: str) -> str:
    """Return the invented time of a document, as 2024-05-01T08:00:00Z."""
    rng = chance(f"time:{name}")
    return (
        f"{rng.choice((2023, 2024))}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        f"T{rng.randint(6, 23):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}Z"
    )
