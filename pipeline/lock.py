"""Keeping other processes out: the kernel gives a lock back however its holder ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import RecipeError


@contextmanager
def locked(path: Path, busy: str) -> Iterator[None]:
    """Hold the lock of a file, which is made if need be; its folder is there.

    Args:
        path: the file; it stays, and stays empty.
        busy: what to say to whom comes second.

    Raises:
        RecipeError: another process holds it.
    """
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RecipeError(busy) from None
        yield
