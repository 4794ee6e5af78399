"""What was released: a version is given once."""

from datetime import datetime

from pipeline.registry.declarative import ID_CHARS, CheckConstraint, Mapped, Registry, String, mapped_column


class Release(Registry):
    """One release, put here in the transaction in which all gates let it pass."""

    __tablename__ = "release"
    seq: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(String(ID_CHARS), unique=True)
    trial: Mapped[bool]
    documents: Mapped[int]
    root: Mapped[str] = mapped_column(String(64))
    """Merkle root over all its files."""
    data_root: Mapped[str] = mapped_column(String(64))
    manifest: Mapped[str] = mapped_column(String(64))
    """sha256 of the manifest."""
    previous: Mapped[str | None] = mapped_column(String(ID_CHARS))
    released_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("documents > 0", name="documents"),
        CheckConstraint("NOT trial OR version LIKE '%trial%'", name="trial"),
    )
