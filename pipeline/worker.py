"""The process at the other end of the pool's pipe: takes items one by one, and lives no longer than its parent.

In comes a pickled function with its arguments; out go `report` and a weight, any number of times, then `receipt`, or
`error` with its class, message and traceback. Started as `python -m pipeline.worker FD`; it imports nothing but what
the items it is given need.
"""

import ctypes
import os
import pickle
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection

import pyarrow as pa

from pipeline.executor import classify, listening

ARROW_IO_THREADS = 2
"""Reads ahead while the one computing thread works; Arrow's eight would only hold eight buffers per worker."""

_PR_SET_PDEATHSIG = 1
"""Linux's prctl(2): send this process a signal when the thread that started it ends."""


def main() -> None:
    """Serve the pipe whose file descriptor is the first argument, until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides what it means
    die_with_parent()
    descriptor = int(sys.argv[1])
    os.set_inheritable(descriptor, False)
    connection = Connection(descriptor)
    limit_threads()
    orders: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(connection, orders), daemon=True).start()
    one_at_a_time = threading.Lock()  # an item's own threads may report too

    def send(*answer: object) -> None:
        with one_at_a_time:
            connection.send(answer)

    while True:
        _perform(orders.get(), send)


def die_with_parent() -> None:
    """On Linux, have the kernel kill this process when its parent (strictly: the thread that started it) ends.

    It acts at once, even while a C extension holds the interpreter; elsewhere only the closed pipe ends a worker.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def limit_threads() -> None:
    """Let one worker use one core: the pool already has a process for each."""
    pa.set_cpu_count(1)
    pa.set_io_thread_count(ARROW_IO_THREADS)


def _read(connection: Connection, orders: "queue.SimpleQueue[bytes]") -> None:
    """Hand orders to the main thread; a closed pipe means that the parent is gone, however it went."""
    while True:
        try:
            orders.put(connection.recv_bytes())
        except (EOFError, OSError):
            os._exit(1)


def _perform(order: bytes, send: Callable[..., None]) -> None:
    """Carry out one order and answer it, whatever happens."""
    try:
        function, arguments = pickle.loads(order)  # noqa: S301 - from our own parent
        with listening(lambda weight: send("report", weight)):
            receipt = function(*arguments)
        send("receipt", receipt)  # here, for a receipt that cannot be pickled is an error too
    except BaseException as error:  # noqa: BLE001 - one answer for each order, or the parent waits for ever
        known = classify(error)
        send("error", type(known), str(known), "".join(traceback.format_exception(error)))


if __name__ == "__main__":
    main()
