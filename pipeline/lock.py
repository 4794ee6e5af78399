"""Keeping other processes out: the kernel gives a lock back however its holder ends."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pipeline.errors import BusyError

PATIENCE = 5.0
"""Seconds for which who needs the rounds waits: `annotate listen` has them for a moment, now and then."""

STEP = 0.1
"""Seconds between two looks at a lock that another process holds."""


@contextmanager
def locked(path: Path, busy: str, patience: float = 0.0) -> Iterator[None]:
    """Hold the lock of a file, which is made if need be; its folder is there.

    Args:
        path: the file; it stays, and stays empty.
        busy: what to say to whom comes second.
        patience: seconds to wait for it before that is said.

    Raises:
        BusyError: another process holds it.
    """
    deadline = time.monotonic() + patience
    with path.open("a") as lock:
        while not _taken(lock):
            if time.monotonic() >= deadline:
                raise BusyError(busy)
            time.sleep(STEP)
        yield


def _taken(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
