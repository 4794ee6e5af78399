"""Requests to take documents out: what they named, as salted hashes, and what became of them."""

from datetime import datetime

from pipeline.registry.declarative import (
    ID_CHARS,
    CheckConstraint,
    ForeignKey,
    Mapped,
    Registry,
    String,
    mapped_column,
    one_of,
)

WAYS = ("id", "url", "text", "hash", "subject")


class Removal(Registry):
    """What a request of the kind takedown is about."""

    __tablename__ = "removal"
    request: Mapped[int] = mapped_column(ForeignKey("request.id"), primary_key=True)
    way: Mapped[str] = mapped_column(String(16))
    """By what the documents are named."""
    asked_by: Mapped[str] = mapped_column(String(ID_CHARS))
    """Pseudonym of whoever asks."""
    selector: Mapped[str] = mapped_column(String(64), index=True)
    """Salted hash of what names the documents: neither text nor identifier can be read from it."""
    basis: Mapped[str] = mapped_column(String(500))
    """What the deadline rests on, and how well its wording is known."""
    documents: Mapped[int] = mapped_column(default=0)
    """That were taken out."""
    twins: Mapped[bool] = mapped_column(default=False)
    banned: Mapped[bool] = mapped_column(default=False)
    """Whether what is named is kept out also where nothing had it."""
    proof: Mapped[str | None] = mapped_column(String(64))
    """Name of the proof in the workspace's takedowns/."""
    digest: Mapped[str | None] = mapped_column(String(64))
    """sha256 of the proof as it was at the decision."""
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None] = mapped_column(String(ID_CHARS))

    __table_args__ = (
        one_of("way", WAYS),
        CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked"),
        CheckConstraint("documents >= 0", name="documents"),
    )


class Objection(Registry):
    """Which request an appeal is against."""

    __tablename__ = "objection"
    request: Mapped[int] = mapped_column(ForeignKey("request.id"), primary_key=True)
    against: Mapped[int] = mapped_column(ForeignKey("request.id"), index=True)

    __table_args__ = (CheckConstraint("request <> against", name="another"),)
