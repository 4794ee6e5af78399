"""What others ask of us, and the audit of what was done."""

from datetime import datetime
from typing import Any

from pipeline.registry.declarative import (
    ID_CHARS,
    CheckConstraint,
    ForeignKey,
    Mapped,
    Registry,
    String,
    UniqueConstraint,
    mapped_column,
    one_of,
)

REQUEST_KINDS = ("takedown", "complaint", "appeal")
DECISIONS = ("pending", "granted", "refused")


class Request(Registry):
    """What somebody asks of us: an appeal against a judgement, a complaint, a takedown."""

    __tablename__ = "request"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    contributor: Mapped[str | None] = mapped_column(ForeignKey("contributor.id"))
    item: Mapped[int | None] = mapped_column(ForeignKey("item.id"))
    ground: Mapped[str] = mapped_column(String(2000))
    opened_at: Mapped[datetime]
    deadline: Mapped[datetime]
    decision: Mapped[str] = mapped_column(String(16), default="pending")
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(ID_CHARS))

    __table_args__ = (
        UniqueConstraint("kind", "contributor", "item"),
        CheckConstraint("(decision = 'pending') = (decided_at IS NULL)", name="decided"),
        one_of("kind", REQUEST_KINDS),
        one_of("decision", DECISIONS),
    )


class Audit(Registry):
    """What was done and by whom: append-only, each row sealed by the one before it."""

    __tablename__ = "audit"
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(ID_CHARS))
    action: Mapped[str] = mapped_column(String(ID_CHARS))
    detail: Mapped[dict[str, Any]]
    previous: Mapped[str] = mapped_column(String(64))
    seal: Mapped[str] = mapped_column(String(64), unique=True)
