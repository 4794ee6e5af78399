"""Keeping at a round until its people are through: synced now, or again and again."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from annotation.rounds import status_of

Said = dict[str, Any]


def follow(sync: Callable[[], Said], workspace: Path, name: str, wait: float | None) -> Said:
    """Sync a round once, or every `wait` seconds until nobody has anything left in it.

    Returns:
        What the last sync said; under `status`, how far the round is; under `through`, whether it is done.
    """
    while True:
        said = sync()
        status = status_of(workspace, name)[0]
        pushed = said["pushed"]
        done = status["left"] == 0 and not pushed["short"] and not pushed.get("unfunded", 0)
        # Whom nothing can be given, or no money is left for, nobody waits for: a person has to decide first.
        stuck = status["left"] == 0 and not done
        if wait is None or done or stuck:
            return {**said, "status": status, "through": done}
        time.sleep(wait)
