"""Sources that may not be used: somebody has barred them, or samples found too much in them."""

from collections.abc import Iterable

from pipeline.registry import Session, Source
from pipeline.registry.sources import OF_SOURCES
from pipeline.sources.assessments import standing


def barred(opened: Session, names: Iterable[str]) -> dict[str, str]:
    """Return why which of some sources are barred."""
    found = {}
    for name in names:
        source = opened.get(Source, name)
        if source is not None and source.barred_at is not None:
            found[name] = f"barred on {source.barred_at.date()}: {source.barred_why}"
            continue
        for phase in OF_SOURCES:
            stands = standing(opened, phase, source=name)
            if stands.verdict == "barred":
                found[name] = f"{phase} collection {stands.why}"
                break
    return found
