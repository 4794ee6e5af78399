"""Where texts come from, by which papers they may be used, and what samples of them and of releases found."""

from datetime import date, datetime
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

CLASSES = ("open", "self_crawled", "self_made", "commercial", "user_input", "public_data", "synthetic")
SCENES = ("government", "medicine", "science", "finance", "autonomous_driving", "urban_governance")
"""The six scenes; a source may also be of a general domain, of several (mixed) or of none of them (other)."""
SUBJECTS = (
    *SCENES, "law", "education", "technology", "news", "literature", "sport", "cooking", "travel", "entertainment",
    "mixed", "other",
)  # fmt: skip
JURISDICTIONS = ("domestic", "foreign")
ROBOTS = ("allowed", "disallowed", "absent")
"""absent: the site has no robots.txt."""
USES = ("training", "other")
"""What a contract or an authorisation lets us do."""
OPERATIONS = ("open", "authorised")
"""Public data: open to everyone, or operated under an authorisation, which must be registered."""
PERSONAL = ("none", "present", "sensitive")
GROUNDS = (
    "consent", "contract", "legal_duty", "emergency", "news", "made_public", "other_law",
)  # fmt: skip
"""Of the law on personal information, article 13, (1) to (7) in its order."""
REVIEWS_OF_PROPERTY = ("pending", "cleared", "infringing")
PAPERS = (
    "licence", "collection_record", "robots", "terms", "contract", "commitments", "user_agreement", "authorisation",
    "registration", "generator_record", "generator_licence", "safety_assessment", "impact_assessment",
    "separate_consent", "ip_review", "other",
)  # fmt: skip
PHASES = ("before", "after", "acceptance", "technical")
OF_SOURCES = ("before", "after")
METHODS = ("machine", "people")
VERDICTS = ("passed", "barred", "undecided")
"""undecided: machines suspect too much to pass it and know too little to bar it: people must look."""
DIGEST_CHARS = 64
"""sha256, hexadecimal."""


def _digest(column: str) -> CheckConstraint:
    return CheckConstraint(f"length({column}) = {DIGEST_CHARS}", name=column)


class Source(Registry):
    """A source of texts, under the name that recipes give it."""

    __tablename__ = "source"
    name: Mapped[str] = mapped_column(String(ID_CHARS), primary_key=True)
    kind: Mapped[str] = mapped_column("class", String(16))
    language: Mapped[str] = mapped_column(String(32))
    domain: Mapped[str] = mapped_column(String(32))
    jurisdiction: Mapped[str] = mapped_column(String(16))
    origin: Mapped[str | None] = mapped_column(String(2000))
    collector: Mapped[str | None] = mapped_column(String(255))
    method: Mapped[str | None] = mapped_column(String(2000))
    collected_from: Mapped[date | None]
    collected_to: Mapped[date | None]
    robots: Mapped[str | None] = mapped_column(String(16))
    robots_sha256: Mapped[str | None] = mapped_column(String(DIGEST_CHARS))
    licence: Mapped[str | None] = mapped_column(String(255))
    contract: Mapped[str | None] = mapped_column(String(255))
    contract_party: Mapped[str | None] = mapped_column(String(255))
    contract_use: Mapped[str | None] = mapped_column(String(16))
    contract_until: Mapped[date | None]
    operation: Mapped[str | None] = mapped_column(String(16))
    registration_code: Mapped[str | None] = mapped_column(String(255))
    authorised_use: Mapped[str | None] = mapped_column(String(16))
    authorised_from: Mapped[date | None]
    authorised_until: Mapped[date | None]
    generator: Mapped[str | None] = mapped_column(String(255))
    personal: Mapped[str] = mapped_column(String(16))
    personal_ground: Mapped[str | None] = mapped_column(String(16))
    ip_owner: Mapped[str | None] = mapped_column(String(255))
    ip_review: Mapped[str] = mapped_column(String(16), default="pending")
    ip_reviewed: Mapped[date | None]
    expires: Mapped[date | None]
    added_at: Mapped[datetime]
    barred_at: Mapped[datetime | None]
    barred_why: Mapped[str | None] = mapped_column(String(2000))

    __table_args__ = (
        one_of("class", CLASSES),
        one_of("domain", SUBJECTS),
        one_of("jurisdiction", JURISDICTIONS),
        one_of("robots", ROBOTS),
        one_of("contract_use", USES),
        one_of("operation", OPERATIONS),
        one_of("authorised_use", USES),
        one_of("personal", PERSONAL),
        one_of("personal_ground", GROUNDS),
        one_of("ip_review", REVIEWS_OF_PROPERTY),
        _digest("robots_sha256"),
        CheckConstraint("robots IS NULL OR (robots = 'absent') = (robots_sha256 IS NULL)", name="robots_bytes"),
        CheckConstraint("personal = 'none' OR personal_ground IS NOT NULL", name="ground"),
        CheckConstraint("collected_to >= collected_from", name="collected"),
        CheckConstraint("authorised_until >= authorised_from", name="authorised"),
        CheckConstraint("(ip_review = 'pending') = (ip_reviewed IS NULL)", name="reviewed"),
        CheckConstraint("(barred_at IS NULL) = (barred_why IS NULL)", name="barred"),
    )


class Paper(Registry):
    """A document that says a source may be used; its bytes are kept in the workspace under their digest."""

    __tablename__ = "paper"
    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(ForeignKey("source.name"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    sha256: Mapped[str] = mapped_column(String(DIGEST_CHARS))
    name: Mapped[str] = mapped_column(String(255))
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    added_at: Mapped[datetime]
    revoked: Mapped[date | None]

    __table_args__ = (
        UniqueConstraint("source", "kind", "sha256"),
        one_of("kind", PAPERS),
        _digest("sha256"),
        CheckConstraint("valid_until >= valid_from", name="valid"),
    )


class Authorisation(Registry):
    """A batch of users who have allowed their input to be used, or who no longer do."""

    __tablename__ = "authorisation"
    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(ForeignKey("source.name"))
    batch: Mapped[str] = mapped_column(String(255))
    granted: Mapped[date]
    valid_until: Mapped[date | None]
    use: Mapped[str] = mapped_column(String(16))
    revoked: Mapped[date | None]

    __table_args__ = (
        UniqueConstraint("source", "batch"),
        one_of("use", USES),
        CheckConstraint("valid_until >= granted", name="valid"),
    )


class Draw(Registry):
    """A random sample that was drawn, of a source or of a release: never drawn again, and never forgotten."""

    __tablename__ = "draw"
    id: Mapped[int] = mapped_column(primary_key=True)
    phase: Mapped[str] = mapped_column(String(16))
    source: Mapped[str | None] = mapped_column(ForeignKey("source.name"))
    release: Mapped[str | None] = mapped_column(String(ID_CHARS))
    round: Mapped[int]
    """From 1 on, of this phase of this source or release."""
    run: Mapped[str | None] = mapped_column(String(255))
    root: Mapped[str] = mapped_column(String(DIGEST_CHARS))
    """Of all documents that it was drawn from."""
    population: Mapped[int]
    seed: Mapped[str] = mapped_column(String(DIGEST_CHARS))
    n: Mapped[int]
    reason: Mapped[str] = mapped_column(String(2000))
    """Why there is another round; empty for the first."""
    labels: Mapped[str | None] = mapped_column(String(ID_CHARS))
    """Name of the round of labelling that asks people about it."""
    sample_sha256: Mapped[str] = mapped_column(String(DIGEST_CHARS))
    """Of the list of what was drawn."""
    drawn_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("phase", "source", "round"),
        UniqueConstraint("phase", "release", "round"),
        one_of("phase", PHASES),
        CheckConstraint("(source IS NOT NULL) = (phase IN ('before', 'after'))", name="source"),
        CheckConstraint("(release IS NULL) = (source IS NOT NULL)", name="release"),
        CheckConstraint("round >= 1", name="round"),
        CheckConstraint("round = 1 OR reason <> ''", name="reason"),
        CheckConstraint("n >= 1 AND n <= population", name="n"),
        _digest("root"),
        _digest("seed"),
        _digest("sample_sha256"),
    )


class Assessment(Registry):
    """What machines or people found in a sample."""

    __tablename__ = "assessment"
    id: Mapped[int] = mapped_column(primary_key=True)
    draw: Mapped[int] = mapped_column(ForeignKey("draw.id"))
    method: Mapped[str] = mapped_column(String(16))
    n: Mapped[int]
    bad: Mapped[int]
    suspected: Mapped[int] = mapped_column(default=0)
    """Which machines would have people look at; not counted as bad."""
    limit_bp: Mapped[int]
    """Most bad ones in 10,000."""
    low: Mapped[float]
    high: Mapped[float]
    """Interval of 95 %, two-sided."""
    upper: Mapped[float]
    """One-sided bound of 95 %, of Clopper and Pearson."""
    decision: Mapped[str] = mapped_column(String(16))
    risks: Mapped[dict[str, Any]]
    """By risk: how many."""
    evidence: Mapped[str] = mapped_column(String(DIGEST_CHARS))
    """sha256 of the file that says it item by item."""
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("draw", "method"),
        one_of("method", METHODS),
        one_of("decision", VERDICTS),
        CheckConstraint("n >= 1 AND bad >= 0 AND suspected >= 0 AND bad + suspected <= n", name="counts"),
        CheckConstraint("decision <> 'passed' OR bad * 10000 <= limit_bp * n", name="passed"),
        CheckConstraint("decision <> 'barred' OR bad * 10000 > limit_bp * n", name="barred"),
        CheckConstraint("0 <= low AND low <= high AND high <= 1 AND 0 <= upper AND upper <= 1", name="bounds"),
        _digest("evidence"),
    )
