"""When to fetch: soon after something happened, once for all that happens together, and now and then anyway."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from pipeline.errors import BusyError, ServiceError

PAUSE = 2.0
"""Seconds at least from one fetch's beginning to the next one's."""

SHARE = 2
"""Times as long as a fetch took from its beginning to the next one's: large rounds take a while to count."""

RETRY = 5.0
"""Seconds after a fetch that failed, twice as many after each further one."""


@dataclass(slots=True)
class Bell:
    """What other threads and signal handlers say to the one that fetches; neither ever waits for it."""

    stopping: bool = False
    """Somebody has said stop."""
    stopped: bool = False
    """And it was heard."""
    _words: SimpleQueue[bool] = field(default_factory=SimpleQueue)

    def ring(self) -> None:
        """Say that something happened; more than once is once."""
        if self._words.empty():
            self._words.put(False)

    def stop(self) -> None:
        """Have `listen` end, once what it is at is done."""
        self.stopping = True
        self._words.put(True)

    def wait(self, seconds: float) -> bool:
        """Wait so long at most until something is said, and return whether it was."""
        try:
            self.stopped |= self._words.get(timeout=max(0.0, seconds))
        except Empty:
            return False
        return True

    def rest(self, seconds: float) -> None:
        """Take in what is said in so many seconds, or until the end."""
        end = time.monotonic() + seconds
        while not self.stopped and (left := end - time.monotonic()) > 0:
            self.wait(left)
        while not self._words.empty():
            self.wait(0)


def listen(bell: Bell, fetch: Callable[[], None], say: Callable[[str], None], *, every: float) -> None:
    """Fetch now, after each call, and `every` so many seconds, until the bell says stop.

    What is called in during a fetch leads to one more. A server that is away, or another command that is at work, is
    said and tried again; any other error ends this.
    """
    failed = 0
    while not bell.stopped:
        began, wait = time.monotonic(), every
        try:
            fetch()
            took, failed = time.monotonic() - began, 0
        except (BusyError, ServiceError) as error:
            took, wait = 0.0, min(every, RETRY * 2**failed)
            failed = min(failed + 1, 10)
            say(f"{error}; again in {wait:.0f} s")
        if bell.wait(wait):
            bell.rest(min(every, max(PAUSE, SHARE * took)) - (time.monotonic() - began))
