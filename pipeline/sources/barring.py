"""Sources that may not be used: somebody has barred them, or samples found too much in them."""

import os
from collections.abc import Iterable
from pathlib import Path

from pipeline.database import URL, open_registry, session
from pipeline.errors import GateError
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


def refuse_barred(workspace: Path, names: Iterable[str]) -> None:
    """Refuse what would read a barred source; a source that the registry does not know may be read.

    Raises:
        GateError: one of them is barred.
    """
    if URL not in os.environ and not (workspace / "registry.db").exists():
        return  # nothing was ever entered here
    engine = open_registry(workspace)
    try:
        with session(engine) as opened:
            found = barred(opened, names)
    finally:
        engine.dispose()
    if found:
        said = "; ".join(f'"{name}" {why}' for name, why in found.items())
        raise GateError(
            f"{said}. Take it out of the recipe; `qingyuan source show NAME` says what was found, and only a further "
            "round of assessment that passes with confidence, or `qingyuan source bar NAME --lift WHY`, opens it again"
        )
