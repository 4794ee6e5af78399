"""Who may work, what was asked, of whom, and what was answered."""

from datetime import datetime
from typing import Any

from pipeline.registry.declarative import (
    ID_CHARS,
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    Mapped,
    Registry,
    String,
    UniqueConstraint,
    mapped_column,
    one_of,
    relationship,
    text,
)

ROLES = ("annotator", "reviewer", "adjudicator")
ISSUED, ANSWERED, WITHDRAWN = "issued", "answered", "withdrawn"
ASSIGNMENT_STATES = (ISSUED, ANSWERED, WITHDRAWN)
OPEN, CLOSED, VOID = "open", "closed", "void"
ROUND_STATES = (OPEN, CLOSED, VOID)
PURPOSES = ("work", "exam")
REVIEWS = ("every", "audit", "none")


class Contributor(Registry):
    """A person who labels, known here by a pseudonym and by the number of an account in Label Studio."""

    __tablename__ = "contributor"
    id: Mapped[str] = mapped_column(String(ID_CHARS), primary_key=True)
    account: Mapped[int | None] = mapped_column(unique=True)
    active: Mapped[bool] = mapped_column(default=True)
    daily_cap: Mapped[int | None]
    """Answers a day, at most; None for the round's own cap."""
    since: Mapped[datetime]

    __table_args__ = (CheckConstraint("daily_cap > 0", name="daily_cap"),)


class Credential(Registry):
    """A profession that somebody has verified; a renewal is a row of its own, so that what was in force stays known."""

    __tablename__ = "credential"
    id: Mapped[int] = mapped_column(primary_key=True)
    contributor: Mapped[str] = mapped_column(ForeignKey("contributor.id"))
    domain: Mapped[str] = mapped_column(String(ID_CHARS))
    verified_by: Mapped[str] = mapped_column(String(ID_CHARS))
    verified_at: Mapped[datetime]
    verified_until: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    evidence: Mapped[str] = mapped_column(String(255))
    """Where the papers lie; their numbers and names are kept outside."""

    def holds(self, at: datetime) -> bool:
        """Return whether it is in force at a time."""
        revoked = self.revoked_at is not None and self.revoked_at <= at
        return self.verified_at <= at < self.verified_until and not revoked

    __table_args__ = (
        UniqueConstraint("contributor", "domain", "verified_at"),
        CheckConstraint("verified_until > verified_at", name="verified_until"),
        CheckConstraint("verified_by <> contributor", name="verified_by"),
    )


class Qualification(Registry):
    """The result of an exam: who may work in which role, on which kind of round, under which rules, until when."""

    __tablename__ = "qualification"
    id: Mapped[int] = mapped_column(primary_key=True)
    contributor: Mapped[str] = mapped_column(ForeignKey("contributor.id"))
    kind: Mapped[str] = mapped_column(String(ID_CHARS))
    rule_version: Mapped[str] = mapped_column(String(ID_CHARS))
    role: Mapped[str] = mapped_column(String(16))
    score: Mapped[float]
    passed: Mapped[bool]
    taken_at: Mapped[datetime]
    valid_until: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    evidence: Mapped[str] = mapped_column(String(255))
    """The exam's round, or whoever vouches for it."""

    __table_args__ = (
        UniqueConstraint("contributor", "kind", "rule_version", "role", "taken_at"),
        CheckConstraint("score >= 0 AND score <= 1", name="score"),
        CheckConstraint("valid_until > taken_at", name="valid_until"),
        one_of("role", ROLES),
    )


class Round(Registry):
    """One cycle of human labelling."""

    __tablename__ = "round"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(ID_CHARS), unique=True)
    kind: Mapped[str] = mapped_column(String(ID_CHARS))
    rule_version: Mapped[str] = mapped_column(String(ID_CHARS))
    run: Mapped[str | None] = mapped_column(String(255))
    purpose: Mapped[str] = mapped_column(String(16), default="work")
    review: Mapped[str] = mapped_column(String(16), default="audit")
    state: Mapped[str] = mapped_column(String(16), default=OPEN)
    seed: Mapped[int]
    design: Mapped[dict[str, Any]]
    """The round's whole file as it was read, and what its sampling drew from."""
    opened_at: Mapped[datetime]

    __table_args__ = (one_of("purpose", PURPOSES), one_of("review", REVIEWS), one_of("state", ROUND_STATES))


class Seat(Registry):
    """A project in Label Studio that holds one person's tasks of one round and role, and nothing else."""

    __tablename__ = "seat"
    id: Mapped[int] = mapped_column(primary_key=True)
    round: Mapped[int] = mapped_column(ForeignKey("round.id"))
    contributor: Mapped[str] = mapped_column(ForeignKey("contributor.id"))
    role: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(50), unique=True)
    """By which the project is found again after a crash."""
    project: Mapped[int | None] = mapped_column(unique=True)

    __table_args__ = (UniqueConstraint("round", "contributor", "role"), one_of("role", ROLES))


class Feed(Registry):
    """How far a server's revisions of answers were fetched."""

    __tablename__ = "feed"
    server: Mapped[str] = mapped_column(String(255), primary_key=True)
    sequence: Mapped[int] = mapped_column(default=0)


class Item(Registry):
    """One document asked about in a round, or one gold item among them."""

    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True)
    round: Mapped[int] = mapped_column(ForeignKey("round.id"))
    document: Mapped[str] = mapped_column(String(1024))
    probability: Mapped[float | None]
    """With which the sample took it; None for an item that stands for nothing, as a gold one."""
    stratum: Mapped[str] = mapped_column(String(255), default="")
    overlap: Mapped[int]
    """Annotators who answer it, each alone."""
    batch: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(16), default=OPEN)
    """Void: its batch held illegal content, so none of its labels counts."""
    is_gold: Mapped[bool] = mapped_column(default=False)
    gold: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    gold_revision: Mapped[int] = mapped_column(default=0)

    assignments: Mapped[list["Assignment"]] = relationship(order_by="Assignment.id")

    __table_args__ = (
        UniqueConstraint("round", "document"),
        CheckConstraint("probability > 0 AND probability <= 1", name="probability"),
        CheckConstraint("overlap >= 0", name="overlap"),
        one_of("state", ROUND_STATES),
        CheckConstraint("is_gold = (gold IS NOT NULL)", name="gold"),
    )


class Assignment(Registry):
    """One person asked about one item, in one role; unique, for nobody holds two roles on an item."""

    __tablename__ = "assignment"
    id: Mapped[int] = mapped_column(primary_key=True)
    item: Mapped[int] = mapped_column(ForeignKey("item.id"))
    contributor: Mapped[str] = mapped_column(ForeignKey("contributor.id"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), default=ISSUED)
    key: Mapped[str] = mapped_column(String(ID_CHARS), unique=True)
    """What the server's task carries: unguessable, and says nothing of the item."""
    place: Mapped[int]
    """Among the contributor's tasks: random, so that it does not say which item is gold."""
    shown: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """The answer a reviewer was asked to approve."""
    project: Mapped[int | None]
    task: Mapped[int | None]
    issued_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("item", "contributor"),
        UniqueConstraint("project", "task"),
        one_of("role", ROLES),
        one_of("state", ASSIGNMENT_STATES),
    )


class Answer(Registry):
    """One revision of one answer. Rows are added, never changed but for `latest`: what was said before stays."""

    __tablename__ = "answer"
    id: Mapped[int] = mapped_column(primary_key=True)
    assignment: Mapped[int] = mapped_column(ForeignKey("assignment.id"), index=True)
    annotation: Mapped[int]
    """Its number in Label Studio."""
    sequence: Mapped[int]
    """Of this revision among all of the server's."""
    revision: Mapped[int]
    """From 1 on for each annotation."""
    latest: Mapped[bool] = mapped_column(default=True)
    label: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """As its kind of round reads it, spans included; None if it is no valid answer."""
    raw: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What was sent, of an answer that is refused: evidence."""
    server_seconds: Mapped[float | None]
    client_seconds: Mapped[float | None]
    """As the browser claims: a hint, for anyone can send any number."""
    submitted_by: Mapped[int | None]
    """Account that really sent it last."""
    claimed_by: Mapped[int | None]
    at: Mapped[datetime]
    cancelled: Mapped[bool] = mapped_column(default=False)
    deleted: Mapped[bool] = mapped_column(default=False)
    valid: Mapped[bool]
    refusal: Mapped[str | None] = mapped_column(String(255))
    flags: Mapped[str] = mapped_column(String(255), default="")
    """What a person should look at, separated by blanks: too_fast, stamped."""

    __table_args__ = (
        UniqueConstraint("assignment", "annotation", "revision"),
        UniqueConstraint("assignment", "sequence"),
        Index(
            "ix_answer_latest", "assignment", "annotation", unique=True,
            sqlite_where=text("latest"), postgresql_where=text("latest"),
        ),
        CheckConstraint("valid = (refusal IS NULL)", name="refusal"),
        CheckConstraint("NOT valid OR label IS NOT NULL", name="label"),
    )  # fmt: skip
