"""Items of rounds whose documents were taken down: their texts are blank, and none of their labels counts."""

from collections.abc import Sequence

from pipeline.database import record
from pipeline.registry import Audit, Item, Session, select

BLANK = "■"
"""Stands for each character of a text that was taken out."""
ITEMS_VOID = "takedown.items"
"""What the audit calls it."""


def is_blank(text: str) -> bool:
    """Say whether a text was taken out; of one that was empty there is nothing to take."""
    return bool(text) and not text.strip(BLANK)


def note_void(opened: Session, name: str, items: Sequence[Item], *, withdrawn: int) -> None:
    """Enter into the audit which items of a round are void because their documents were taken down."""
    numbers = sorted(one.id for one in items)
    record(opened, "qingyuan", ITEMS_VOID, round=name, void=len(numbers), withdrawn=withdrawn, items=numbers)


def void_items(opened: Session) -> frozenset[int]:
    """Return the items that are void because their documents were taken down, not because their batch is."""
    rows = opened.scalars(select(Audit).where(Audit.action == ITEMS_VOID))
    return frozenset(number for row in rows for number in row.detail["items"])
