"""Two executors of our own: this process, or a pool of worker processes that survives the death of any of them."""

import logging
import os
import pickle
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pipeline.errors import ShardError
from pipeline.executor import PAUSES, Account, Item, Outcome, listening, nowhere, settle

logger = logging.getLogger(__name__)

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
"""The pool has a process for each core; a library's own threads would only fight over them."""


class InProcess:
    """Carries out items in this process, in order; an item that kills the process ends the run."""

    def __init__(self, advance: Callable[[int], None] = nowhere, pauses: Sequence[float] = PAUSES) -> None:
        self._advance = advance
        self._pauses = pauses

    def run(self, stage: str, items: Sequence[Item]) -> Iterator[Outcome]:  # noqa: ARG002 - the executor's contract
        """Carry out all items of a stage, one after the other."""
        for item in items:
            yield settle(item, self._perform, self._advance, self._pauses)

    @staticmethod
    def _perform(item: Item, account: Account) -> dict[str, Any]:
        with listening(account.report):
            return item.function(*item.arguments)


class WorkerDiedError(Exception):
    """A worker process ended before it answered."""


class StoppedError(BaseException):
    """The pool was stopped while this item ran or waited; never an outcome, for the item is to be done again."""


class Worker:
    """One child process and the pipe to it; the pipe says for certain which item a dead worker was at.

    Not a `multiprocessing.Process`: that imports the parent's main module into the child, which in a scheduled run
    is Prefect's.
    """

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [sys.executable, "-P", "-m", "pipeline.worker", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=2,  # what an item prints must not end up among the results
                env=os.environ
                | ONE_THREAD
                | {"PYTHONPATH": os.pathsep.join(folder or str(Path.cwd()) for folder in sys.path)},
            )
            self._connection = Connection(ours.detach())
        self.ready = True
        """Whether it waits for an order; a worker that is left while it is not cannot be used again."""

    def perform(self, item: Item, account: Account) -> dict[str, Any]:
        """Have one item carried out, and wait for it.

        Raises:
            WorkerDiedError: the process ended first.
            QingyuanError: what the item raised, by its class in `pipeline.errors`.
        """
        order = pickle.dumps((item.function, item.arguments))
        self.ready = False
        self._send(order)
        while True:
            match self._receive():
                case ("report", weight):
                    account.report(weight)
                case ("receipt", receipt):
                    self.ready = True
                    return dict(receipt)
                case ("error", kind, message, origin):
                    self.ready = True
                    error = kind(message)
                    error.add_note(origin)
                    raise error

    def _send(self, order: bytes) -> None:
        try:
            self._connection.send_bytes(order)
        except OSError as gone:
            raise WorkerDiedError(self._epitaph()) from gone

    def _receive(self) -> tuple[Any, ...]:
        try:
            answer: tuple[Any, ...] = self._connection.recv()
        except (EOFError, OSError) as gone:
            raise WorkerDiedError(self._epitaph()) from gone
        return answer

    def _epitaph(self) -> str:
        self.kill()
        code = self._process.returncode
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def kill(self) -> None:
        """End the process at once: it holds nothing that is not on disk or to be done again."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End the process and let go of the pipe."""
        self.kill()
        self._connection.close()


class ProcessPool:
    """Carries out items in worker processes of our own, started when first needed and used for all stages.

    An item whose worker died (killed, out of memory, crashed in C) is tried once more while nothing else runs; if
    that worker dies too, the item is the culprit and is set aside. The others never notice.
    """

    def __init__(
        self, workers: int, advance: Callable[[int], None] = nowhere, pauses: Sequence[float] = PAUSES
    ) -> None:
        self.workers = workers
        self.advance = advance
        self._pauses = pauses
        # A worker dies with the *thread* that started it (see pipeline.worker), so one lasting thread starts them all.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="worker-starter")
        self._change = threading.Condition()
        self._running = 0
        self._suspects = 0
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._stopped = threading.Event()

    def run(self, stage: str, items: Sequence[Item]) -> Iterator[Outcome]:
        """Carry out all items of a stage; if the caller gives up, what is running is killed and the pool stops."""
        with ThreadPoolExecutor(self.workers, thread_name_prefix=stage) as threads:
            futures = [threads.submit(self._settle, item) for item in items]
            try:
                for future in as_completed(futures):
                    yield future.result()
            except BaseException:
                for future in futures:
                    future.cancel()
                self.stop()
                raise

    def perform(self, item: Item, account: Account) -> dict[str, Any]:
        """Carry out one item in a worker, from any thread; waits while all workers are busy.

        Raises:
            ShardError: the item's worker died, and died again when the item ran alone.
            QingyuanError: what the item raised.
            StoppedError: the pool was stopped.
        """
        try:
            with self._worker() as worker:
                return worker.perform(item, account)
        except WorkerDiedError as died:
            self._go_on()
            logger.warning("%s: its worker died (%s); trying it once more, alone", item.name, died)
        account.restart()
        try:
            with self._worker(alone=True) as worker:
                return worker.perform(item, account)
        except WorkerDiedError as died:
            self._go_on()
            raise ShardError(
                f"its worker died twice, the second time with nothing running beside it ({died})"
            ) from died

    def stop(self) -> None:
        """Kill what is running and refuse what is waiting, for good."""
        with self._change:
            self._stopped.set()
            for worker in self._busy:
                worker.kill()
            self._change.notify_all()

    def close(self) -> None:
        """Kill all workers and let go of everything."""
        self.stop()
        with self._change:
            self._change.wait_for(lambda: self._running == 0)
            while self._idle:
                self._idle.pop().close()
        self._starter.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _settle(self, item: Item) -> Outcome:
        return settle(item, self.perform, self.advance, self._pauses, self._stopped.wait)

    def _go_on(self) -> None:
        if self._stopped.is_set():
            raise StoppedError

    @contextmanager
    def _worker(self, *, alone: bool = False) -> Iterator[Worker]:
        """Borrow a worker; `alone` takes everyone's place, and ends the idle ones for the sake of their memory."""
        places = self.workers if alone else 1
        with self._change:
            self._suspects += alone
            self._change.wait_for(
                lambda: (
                    self._stopped.is_set() or (self._running + places <= self.workers and (alone or not self._suspects))
                )
            )
            self._suspects -= alone
            self._go_on()
            self._running += places
        worker = None
        try:
            worker = self._take(alone=alone)
            yield worker
        finally:
            with self._change:
                if worker is not None:
                    self._busy.discard(worker)
                    if worker.ready:
                        self._idle.append(worker)
                    else:
                        worker.close()
                self._running -= places
                self._change.notify_all()

    def _take(self, *, alone: bool) -> Worker:
        with self._change:
            while alone and self._idle:
                self._idle.pop().close()
            worker = self._idle.pop() if self._idle else None
        worker = worker or self._starter.submit(Worker).result()
        with self._change:
            if not self._stopped.is_set():
                self._busy.add(worker)
                return worker
        worker.close()
        raise StoppedError
