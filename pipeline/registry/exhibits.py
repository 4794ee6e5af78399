"""Files by which an operator shows what no program can see, and who says that they do."""

from datetime import date, datetime

from pipeline.registry.declarative import ID_CHARS, CheckConstraint, Mapped, Registry, String, mapped_column


class Exhibit(Registry):
    """One file for one row of the self-assessment; its bytes are kept in the workspace under their digest."""

    __tablename__ = "exhibit"
    id: Mapped[int] = mapped_column(primary_key=True)
    clause: Mapped[str] = mapped_column(String(ID_CHARS), index=True)
    """Of the self-assessment's rows, as `annotation`."""
    sha256: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(255))
    note: Mapped[str] = mapped_column(String(2000))
    """What it shows."""
    valid_until: Mapped[date | None]
    added_by: Mapped[str] = mapped_column(String(ID_CHARS))
    added_at: Mapped[datetime]
    declared_by: Mapped[str | None] = mapped_column(String(ID_CHARS))
    """Who says that with it the clause is met."""
    declared_at: Mapped[datetime | None]
    declared_why: Mapped[str | None] = mapped_column(String(2000))
    withdrawn_by: Mapped[str | None] = mapped_column(String(ID_CHARS))
    withdrawn_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("length(sha256) = 64", name="sha256"),
        CheckConstraint(
            "(declared_by IS NULL) = (declared_at IS NULL) AND (declared_by IS NULL) = (declared_why IS NULL)",
            name="declared",
        ),
        CheckConstraint("(withdrawn_by IS NULL) = (withdrawn_at IS NULL)", name="withdrawn"),
    )
