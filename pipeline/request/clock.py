"""Until when a request is to be answered: working days, counted by a calendar that the operator keeps."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field

from pipeline.errors import RecipeError
from pipeline.toml import Strict, parse

FILE = "takedown.toml"
"""Of a workspace: [clock] with working_days, days_off and extra_days."""

CLAUSE = "个人信息保护法 第四十七条 (V1: read in the law's text; it names no number of days)"
DEFAULT_DAYS = 15
DEFAULT_BASIS = "15 working days: App违法违规收集使用个人信息行为认定方法 (clause not verified)"
_FRIDAY = 4


class Clock(Strict):
    """How the days of a request are counted."""

    working_days: Annotated[int, Field(ge=1, le=250)] = DEFAULT_DAYS
    """Days that a request may take."""
    days_off: tuple[date, ...] = Field(default=(), strict=False)
    """Holidays: no working days, whatever the day of the week."""
    extra_days: tuple[date, ...] = Field(default=(), strict=False)
    """Days at a weekend that are worked (调休)."""

    @property
    def basis(self) -> str:
        """Say what the deadline rests on, and how well its wording is known."""
        own = f"{self.working_days} working days: the operator's own ({FILE})"
        return f"{CLAUSE}; {DEFAULT_BASIS if self.working_days == DEFAULT_DAYS else own}"

    def is_working(self, day: date) -> bool:
        """Say whether a day counts."""
        return day in self.extra_days or (day.weekday() <= _FRIDAY and day not in self.days_off)

    def deadline(self, opened: datetime) -> datetime:
        """Return the end of the last day, UTC as the registry keeps it; the day of the request does not count."""
        day, left = opened.date(), self.working_days
        while left:
            day += timedelta(days=1)
            left -= self.is_working(day)
        return datetime.combine(day, datetime.max.time()).replace(microsecond=0)

    def left(self, today: date, deadline: datetime) -> int:
        """Return the working days that are left, today not counted; below 0 if it is past."""
        sign, first, last = (1, today, deadline.date()) if deadline.date() >= today else (-1, deadline.date(), today)
        days = range(1, (last - first).days + 1)
        return sign * sum(self.is_working(first + timedelta(days=number)) for number in days)


class _File(Strict):
    clock: Clock = Clock()


def load_clock(workspace: Path, days: int | None = None) -> Clock:
    """Read the workspace's calendar; `days` is what a command says instead of its number.

    Raises:
        RecipeError: the file cannot be read.
    """
    path = workspace / FILE
    try:
        text = path.read_text("utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: cannot be read: {error}") from error
    clock = parse(_File, text, str(path)).clock
    return clock if days is None else clock.model_copy(update={"working_days": days})
