"""A run of a barred source is refused before anything of it is read. Imports the registry only where there is one."""

import os
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import GateError

NAMED = "QINGYUAN_REGISTRY"
"""As `pipeline.database.URL`, which importing would delay every run by the database's libraries."""


def refuse_barred(workspace: Path, names: Sequence[str]) -> None:
    """Refuse what would read a barred source; a source that the registry does not know may be read.

    Raises:
        GateError: one of them is barred.
    """
    if NAMED not in os.environ and not (workspace / "registry.db").exists():
        return  # nothing was ever entered here
    from pipeline.database import open_registry, session  # noqa: PLC0415
    from pipeline.sources.barring import barred  # noqa: PLC0415

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
