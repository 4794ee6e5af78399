"""How far a run is, on stderr: a bar per stage at a terminal, now and then a line elsewhere; stdout is for results."""

import sys
import threading
import time
from collections.abc import Callable
from typing import TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as RichProgress
from rich.text import Text

from pipeline.executor import Progress

LINE_INTERVAL = 5.0
"""Seconds between two lines where no terminal looks on: a log of an hour stays readable."""

MEGABYTE = 1_000_000

READING = ("survey", "scan")
"""Stages that begin with the kernels of filters: at the very first run of an installation they are compiled."""

COMPILING = "compiling kernels (once, about half a minute)"


def choose(*, quiet: bool = False, stream: TextIO | None = None) -> Progress:
    """Pick what suits the stream (stderr if none is given): bars for a terminal, else lines; nothing when quiet."""
    stream = stream or sys.stderr
    if quiet:
        return Silent()
    return Bars(stream) if stream.isatty() else Lines(stream)


def _compiles(stage: str) -> bool:
    """Return whether a stage begins with half a minute in which nothing moves."""
    if stage not in READING:
        return False
    from pipeline.normalize import compiled_before  # noqa: PLC0415 - a run has it already; others need not wait for it

    return not compiled_before()


class Silent:
    """Shows nothing."""

    def stage(self, name: str, total: int, unit: str) -> None:
        """Show nothing."""

    def advance(self, weight: int) -> None:
        """Show nothing."""

    def finish(self, *, broken: bool = False) -> None:
        """Show nothing."""


def _per_second(rate: float) -> str:
    """Write how many things are done in a second: tens of thousands of keys, or a part in three."""
    return f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s"  # noqa: PLR2004 - two digits are enough


class _RateColumn(ProgressColumn):
    """How many things are done in a second."""

    def render(self, task: Task) -> Text:
        """Write the rate, once there is one."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else _per_second(speed), style="progress.data.speed")


class Bars:
    """One bar per stage, with rate and remaining time; finished stages stay on the screen."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream)
        self._bar: RichProgress | None = None
        self._task = TaskID(0)

    def stage(self, name: str, total: int, unit: str) -> None:
        """Begin a bar."""
        self.finish()
        done: list[ProgressColumn] = (
            [DownloadColumn(), TransferSpeedColumn()]
            if unit == "bytes"
            else [MofNCompleteColumn(), TextColumn(unit), _RateColumn()]
        )
        columns = [
            TextColumn("{task.description:<10}"),
            BarColumn(),
            *done,
            TimeRemainingColumn(elapsed_when_finished=True),
        ]
        if _compiles(name):
            self._console.print(f"{name}: {COMPILING}", highlight=False)
        self._bar = RichProgress(*columns, console=self._console)
        self._task = self._bar.add_task(name, total=total)
        self._bar.start()

    def advance(self, weight: int) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.advance(self._task, weight)

    def finish(self, *, broken: bool = False) -> None:  # noqa: ARG002 - a bar shows by itself how far it came
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


class Lines:
    """A line when a stage begins, one every few seconds, and one when it ends."""

    def __init__(
        self, stream: TextIO, interval: float = LINE_INTERVAL, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._interval = interval
        self._clock = clock
        self._lock = threading.Lock()
        self._name: str | None = None

    def stage(self, name: str, total: int, unit: str) -> None:
        """Write the first line."""
        self.finish()
        with self._lock:
            self._name, self._total, self._unit, self._done = name, total, unit, 0
            self._begun = self._said = self._clock()
            self._say(self._amount(total) if total > 1 else "begins")
            if _compiles(name):
                self._say(COMPILING)

    def advance(self, weight: int) -> None:
        """Count, and write a line when it is time."""
        with self._lock:
            self._done += weight
            now = self._clock()
            if now - self._said >= self._interval and self._done < self._total:
                self._said = now
                self._say(self._midway(now - self._begun))

    def finish(self, *, broken: bool = False) -> None:
        """Write the last line; `broken` where an error ends the stage: its total, if unknown, says nothing of that."""
        with self._lock:
            if self._name is not None and broken and self._done >= self._total:
                self._say(f"stopped after {self._clock() - self._begun:.1f} s")
            elif self._name is not None:
                seconds = self._clock() - self._begun
                amount = f", {self._amount(self._done)}" if self._done > 1 else ""
                done = self._done >= self._total
                state = (
                    f"done{amount}" if done else f"stopped at {self._amount(self._done)} of {self._amount(self._total)}"
                )
                self._say(f"{state} in {seconds:.1f} s{self._rate(seconds)}")
            self._name = None

    def _midway(self, seconds: float) -> str:
        share = self._done / self._total if self._total else 1.0
        left = f", about {seconds * (1 - share) / share:.0f} s left" if share else ""
        return f"{self._amount(self._done)} of {self._amount(self._total)} ({share:.0%}){self._rate(seconds)}{left}"

    def _amount(self, count: int) -> str:
        return f"{count / MEGABYTE:.1f} MB" if self._unit == "bytes" else f"{count:,} {self._unit}"

    def _rate(self, seconds: float) -> str:
        if seconds <= 0 or self._done <= 1:
            return ""
        if self._unit == "bytes":
            return f", {self._done / MEGABYTE / seconds:.1f} MB/s"
        return f", {_per_second(self._done / seconds)}"

    def _say(self, text: str) -> None:
        self._stream.write(f"{self._name}: {text}\n")
        self._stream.flush()
