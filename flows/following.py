"""Keeping at a round until its people are through: synced now, or again and again."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from annotation.incentive.period import Act
from annotation.status import find_round, status_of
from pipeline.database import open_registry, session
from pipeline.registry import Reservation, select

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


def score_round(score: Callable[[str | None, Act], Said], workspace: Path, name: str, *, settle: bool) -> list[Said]:
    """Score every period that pays for a round, oldest first; the present one if none does.

    A task belongs to the month in which it was sent, so a round that runs on into the next one is paid in both.
    """
    with session(open_registry(workspace)) as opened:
        find_round(opened, name)
        paid = select(Reservation.period).where(Reservation.round == name).distinct().order_by(Reservation.period)
        periods: list[str | None] = list(opened.scalars(paid))
    act: Act = "settle" if settle else "show"
    return [score(period, act) for period in periods or [None]]
