"""How the items of a stage are carried out: here or in a pool of processes, one failure never stopping the rest."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


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
    """Runs items; results come as they finish, every item exactly once, whatever happens to the others."""

    def run(self, stage: str, items: Sequence[Item]) -> Iterator[Outcome]:
        """Carry out all items of a stage."""
        ...
