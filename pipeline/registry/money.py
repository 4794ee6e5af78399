"""What work is worth, what is set aside for it, what was measured of people, and what was paid.

Money is integer fen. That nobody is paid more than was set aside, and no more set aside than a budget holds, is kept by
checks on `budget` and `account`, whose sums the database's own triggers keep: no program has to remember it.
"""

from datetime import datetime
from typing import Any

from pipeline.registry.declarative import (
    ID_CHARS,
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Mapped,
    Registry,
    String,
    UniqueConstraint,
    mapped_column,
    one_of,
)

FEN = "fen"
UNITS = (FEN, "documents", "characters", "unique_characters", "release_ppm")
"""Fen are paid; the others are measured of a source, and no revenue."""
RESERVE, UNRESERVE, ADVANCE, SETTLEMENT, DIVIDEND, CORRECTION, MEASURED = LEDGER_KINDS = (
    "reserve", "unreserve", "advance", "settlement", "dividend", "correction", "measured",
)  # fmt: skip
PAYMENTS = (ADVANCE, SETTLEMENT, CORRECTION)
"""What is paid for work, out of what was set aside for it; a dividend has a pool of its own."""
PARTY_CHARS = 255


class PayPolicy(Registry):
    """A version of the rules of pay, as it was read: what people were told does not change behind them."""

    __tablename__ = "pay_policy"
    name: Mapped[str] = mapped_column(String(ID_CHARS), primary_key=True)
    version: Mapped[str] = mapped_column(String(ID_CHARS), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    """Of all but its budgets, which may be raised."""
    content: Mapped[dict[str, Any]]
    since: Mapped[datetime]


class Budget(Registry):
    """What may be spent: in a period ("2026-11"), in a round ("round:NAME"), as a dividend ("dividend:2026-11")."""

    __tablename__ = "budget"
    policy: Mapped[str] = mapped_column(String(ID_CHARS), primary_key=True)
    scope: Mapped[str] = mapped_column(String(ID_CHARS + 10), primary_key=True)
    fen: Mapped[int] = mapped_column(BigInteger)
    held_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    """Set aside or, of a dividend, paid. Kept by triggers."""

    __table_args__ = (CheckConstraint("held_fen >= 0 AND held_fen <= fen", name="held"),)


class Account(Registry):
    """What was set aside for a person in a period, and what of it is paid. Kept by triggers."""

    __tablename__ = "account"
    policy: Mapped[str] = mapped_column(String(ID_CHARS), primary_key=True)
    period: Mapped[str] = mapped_column(String(7), primary_key=True)
    party: Mapped[str] = mapped_column(String(PARTY_CHARS), primary_key=True)
    held_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    paid_fen: Mapped[int] = mapped_column(BigInteger, default=0)

    __table_args__ = (CheckConstraint("paid_fen >= 0 AND paid_fen <= held_fen", name="paid"),)


class Reservation(Registry):
    """What an assignment is worth, said when it is sent and never after, and the most that it can come to."""

    __tablename__ = "reservation"
    id: Mapped[int] = mapped_column(primary_key=True)
    assignment: Mapped[int] = mapped_column(ForeignKey("assignment.id"), unique=True)
    contributor: Mapped[str] = mapped_column(ForeignKey("contributor.id"))
    policy: Mapped[str] = mapped_column(String(ID_CHARS))
    version: Mapped[str] = mapped_column(String(ID_CHARS))
    period: Mapped[str] = mapped_column(String(ID_CHARS + 10))
    """The month in which it was sent: it is paid out of that month's budget whenever it is answered."""
    round: Mapped[str] = mapped_column(String(ID_CHARS))
    kind: Mapped[str] = mapped_column(String(ID_CHARS + 20))
    """Of the round; of other roles than annotating with "/review" or "/adjudication" behind it."""
    value_fen: Mapped[int] = mapped_column(BigInteger)
    """At a multiplier of 1."""
    norm_ms: Mapped[int] = mapped_column(BigInteger)
    """How long it should take, milliseconds."""
    tier: Mapped[int]
    tier_bp: Mapped[int]
    fen: Mapped[int] = mapped_column(BigInteger)
    """Set aside."""
    standing: Mapped[bool] = mapped_column(default=True)
    """False: taken back unanswered, and no longer set aside."""
    at: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(["policy", "version"], ["pay_policy.name", "pay_policy.version"]),
        ForeignKeyConstraint(["policy", "period"], ["budget.policy", "budget.scope"], name="fk_reservation_budget"),
        CheckConstraint("value_fen >= 0", name="value"),
        CheckConstraint("fen >= value_fen", name="fen"),
        CheckConstraint("norm_ms > 0", name="norm"),
        CheckConstraint("tier >= 0 AND tier <= 3", name="tier"),
    )


class Score(Registry):
    """What was measured of a person in a kind of round, up to the end of a period. A new measurement is a new row."""

    __tablename__ = "score"
    id: Mapped[int] = mapped_column(primary_key=True)
    contributor: Mapped[str] = mapped_column(ForeignKey("contributor.id"), index=True)
    kind: Mapped[str] = mapped_column(String(ID_CHARS + 20))
    period: Mapped[str] = mapped_column(String(7))
    revision: Mapped[int]
    """From 1 on; the highest counts."""
    answers: Mapped[int]
    golds: Mapped[int]
    j_bp: Mapped[int]
    tier: Mapped[int]
    parts: Mapped[dict[str, Any]]
    """The whole row of scoring, and why the tier."""
    scorer_version: Mapped[str] = mapped_column(String(ID_CHARS))
    inputs: Mapped[str] = mapped_column(String(64))
    """sha256 of the answers that it was made of."""
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("contributor", "kind", "period", "revision"),
        CheckConstraint("j_bp >= -10000 AND j_bp <= 10000", name="j"),
        CheckConstraint("tier >= 0 AND tier <= 3", name="tier"),
    )


class Ledger(Registry):
    """What was set aside, paid and measured: append-only, each row sealed by the one before it."""

    __tablename__ = "ledger"
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    policy: Mapped[str] = mapped_column(String(ID_CHARS))
    """Whose rules; empty for what is only measured."""
    period: Mapped[str] = mapped_column(String(7))
    party: Mapped[str] = mapped_column(String(PARTY_CHARS))
    """A contributor's pseudonym, or "source:NAME"."""
    unit: Mapped[str] = mapped_column(String(24))
    kind: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int] = mapped_column(BigInteger)
    ref: Mapped[str] = mapped_column(String(255))
    """What it was for: the same thing is entered once."""
    why: Mapped[dict[str, Any]] = mapped_column(JSON)
    """All that a statement says of it: integers and words."""
    scorer_version: Mapped[str] = mapped_column(String(ID_CHARS))
    inputs: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64))
    seal: Mapped[str] = mapped_column(String(64), unique=True)

    __table_args__ = (
        UniqueConstraint("party", "kind", "ref"),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("(kind = 'measured') = (unit != 'fen')", name="money"),
        one_of("unit", UNITS),
        one_of("kind", LEDGER_KINDS),
    )
