"""How the items of a stage are carried out: here or in a pool of processes, one failure never stopping the rest."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from pipeline.errors import GateError, LedgerError, QingyuanError, RecipeError, ServiceError, ShardError

STOPS = (RecipeError, LedgerError, GateError)
"""Errors that no executor swallows: the request is wrong or the numbers are, so going on would only add to it."""

PAUSES = (2.0, 8.0)
"""Seconds before the second and the third try after a ServiceError: enough for a restart, not for an outage."""

LINE_LIMIT = 500
"""Characters of an error's message that go into its line: enough to tell what happened, short enough for a table."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Item:
    """One unit of work: a module-level function and its picklable arguments (paths and numbers, never tables)."""

    name: str
    """What users see: `scan part-00003`."""
    function: Callable[..., dict[str, Any]]
    arguments: tuple[Any, ...]
    weight: int = 1
    """Size for progress: bytes of input."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an item: a receipt, or the error that set it aside."""

    item: Item
    receipt: dict[str, Any] | None
    error: str | None = None
    """`ShardError: …` in one line; None when all is well."""


class Executor(Protocol):
    """Runs items; results come as they finish, every item exactly once, whatever happens to the others.

    Every executor is made with `advance`, which it tells about progress: over its life an item brings exactly its
    weight, in part while it runs (`report`), the rest when its outcome is there. Whoever calls `run` only announces
    the stage's total.

    An error in `STOPS` is raised from the iterator; any other becomes the outcome of its item.
    """

    def run(self, stage: str, items: Sequence[Item]) -> Iterator[Outcome]:
        """Carry out all items of a stage."""
        ...


class Progress(Protocol):
    """Where a run shows how far it is; called from several threads."""

    def stage(self, name: str, total: int, unit: str) -> None:
        """Begin a stage of `total` units (`bytes`, or the plural of what is counted); ends the one before."""
        ...

    def advance(self, weight: int) -> None:
        """Say that `weight` more units are done."""
        ...

    def finish(self, *, broken: bool = False) -> None:
        """End the last stage."""
        ...


def nowhere(_weight: int) -> None:
    """Take progress that nobody wants to see."""


_listeners: list[Callable[[int], None]] = []


def report(weight: int) -> None:
    """Say, from inside an item, that `weight` more of its weight (bytes of input) is done.

    Outside an executor it does nothing, so a stage's function can be called by itself.
    """
    if _listeners:
        _listeners[-1](weight)


@contextmanager
def listening(listener: Callable[[int], None]) -> Iterator[None]:
    """Let `report` reach `listener` while an item runs in this process."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.pop()


@dataclass(slots=True)
class Account:
    """One item's progress: however it reports, and however often it is tried, it brings exactly its weight."""

    weight: int
    advance: Callable[[int], None]
    shown: int = field(default=0, init=False)
    tried: int = field(default=0, init=False)

    def restart(self) -> None:
        """Begin another try: what the last one reported is not counted twice."""
        self.tried = 0

    def report(self, weight: int) -> None:
        """Count what the running try has done; only what lies beyond every earlier try moves the bar."""
        self.tried += weight
        beyond = min(self.tried, self.weight) - self.shown
        if beyond > 0:
            self.shown += beyond
            self.advance(beyond)

    def finish(self) -> None:
        """Bring what is left of the weight: the item has its outcome."""
        self.advance(self.weight - self.shown)
        self.shown = self.weight


def classify(error: BaseException) -> QingyuanError:
    """Name an item's error by what the runner does about it; whatever is not ours makes the shard a bad one.

    A cause from another process keeps its traceback as a note.
    """
    if isinstance(error, QingyuanError):
        return error
    return ShardError(f"{type(error).__name__}: {error}")


def one_line(text: str) -> str:
    """Fold white space and cut: an error's line stands in tables and receipts."""
    folded = " ".join(text.split())
    return folded if len(folded) <= LINE_LIMIT else f"{folded[: LINE_LIMIT - 1]}…"


def settle(
    item: Item,
    perform: Callable[[Item, Account], dict[str, Any]],
    advance: Callable[[int], None],
    pauses: Sequence[float] = PAUSES,
    sleep: Callable[[float], object] = time.sleep,
) -> Outcome:
    """Carry out one item to its outcome, trying again after each of `pauses` (seconds) while a service is down.

    Raises:
        RecipeError, LedgerError, GateError: as the item raised them.
    """
    account = Account(item.weight, advance)
    for pause in (*pauses, None):
        account.restart()
        try:
            outcome = Outcome(item, perform(item, account))
        except STOPS:
            raise
        except ServiceError as error:
            if pause is not None:
                logger.debug("%s: %s; again in %s s", item.name, error, pause)
                sleep(pause)
                continue
            outcome = failed(item, error, tries=len(pauses) + 1)
        except Exception as error:  # noqa: BLE001 - whatever a shard's content provokes must not stop the others
            outcome = failed(item, error)
        break
    account.finish()
    return outcome


def failed(item: Item, error: BaseException, tries: int = 1) -> Outcome:
    """Set an item aside, with its error as one line; where it came from goes to the log, at debug level."""
    known = classify(error)
    logger.debug("%s failed", item.name, exc_info=error)
    if isinstance(known, ServiceError):
        return Outcome(item, None, one_line(f"ShardError: ServiceError after {tries} tries: {known}"))
    return Outcome(item, None, one_line(f"{type(known).__name__}: {known}"))
