"""What becomes of Ctrl-C and SIGTERM while a command that goes on for hours is at work."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def on_signals(end: Callable[[], None]) -> Iterator[None]:
    """Call `end` at each SIGTERM and SIGINT; what was there before stands again afterwards.

    SIGINT too: a shell starts background commands with it ignored.
    """
    before = {number: signal.signal(number, lambda *_: end()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
