"""Sources, their papers and authorisations, and the samples of them and of releases."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

APPEND_ONLY = (
    ("source", "DELETE"), ("paper", "DELETE"), ("authorisation", "DELETE"), ("draw", "UPDATE"), ("draw", "DELETE"),
    ("assessment", "UPDATE"), ("assessment", "DELETE"),
)  # fmt: skip
"""What SQLite refuses: nothing that a decision rested on goes, and no sample or finding changes."""
REFUSAL = "CREATE TRIGGER {0}_no_{1} BEFORE {1} ON {0} BEGIN SELECT RAISE(ABORT, '{0} is append-only'); END"


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "source",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("class", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=32), nullable=False),
        sa.Column("domain", sa.String(length=32), nullable=False),
        sa.Column("jurisdiction", sa.String(length=16), nullable=False),
        sa.Column("origin", sa.String(length=2000), nullable=True),
        sa.Column("collector", sa.String(length=255), nullable=True),
        sa.Column("method", sa.String(length=2000), nullable=True),
        sa.Column("collected_from", sa.Date(), nullable=True),
        sa.Column("collected_to", sa.Date(), nullable=True),
        sa.Column("robots", sa.String(length=16), nullable=True),
        sa.Column("robots_sha256", sa.String(length=64), nullable=True),
        sa.Column("licence", sa.String(length=255), nullable=True),
        sa.Column("contract", sa.String(length=255), nullable=True),
        sa.Column("contract_party", sa.String(length=255), nullable=True),
        sa.Column("contract_use", sa.String(length=16), nullable=True),
        sa.Column("contract_until", sa.Date(), nullable=True),
        sa.Column("operation", sa.String(length=16), nullable=True),
        sa.Column("registration_code", sa.String(length=255), nullable=True),
        sa.Column("authorised_use", sa.String(length=16), nullable=True),
        sa.Column("authorised_from", sa.Date(), nullable=True),
        sa.Column("authorised_until", sa.Date(), nullable=True),
        sa.Column("generator", sa.String(length=255), nullable=True),
        sa.Column("personal", sa.String(length=16), nullable=False),
        sa.Column("personal_ground", sa.String(length=16), nullable=True),
        sa.Column("ip_owner", sa.String(length=255), nullable=True),
        sa.Column("ip_review", sa.String(length=16), nullable=False),
        sa.Column("ip_reviewed", sa.Date(), nullable=True),
        sa.Column("expires", sa.Date(), nullable=True),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.Column("barred_at", sa.DateTime(), nullable=True),
        sa.Column("barred_why", sa.String(length=2000), nullable=True),
        sa.CheckConstraint("(ip_review = 'pending') = (ip_reviewed IS NULL)", name=op.f("ck_source_reviewed")),
        sa.CheckConstraint("authorised_use IN ('training', 'other')", name=op.f("ck_source_authorised_use")),
        sa.CheckConstraint(
            "class IN ('open', 'self_crawled', 'self_made', 'commercial', 'user_input', 'public_data', 'synthetic')",
            name=op.f("ck_source_class"),
        ),
        sa.CheckConstraint("contract_use IN ('training', 'other')", name=op.f("ck_source_contract_use")),
        sa.CheckConstraint(
            "domain IN ('government', 'medicine', 'science', 'finance', 'autonomous_driving', "
            "'urban_governance', 'law', 'education', 'technology', 'news', 'literature', 'sport', 'cooking', "
            "'travel', 'entertainment', 'mixed', 'other')",
            name=op.f("ck_source_domain"),
        ),
        sa.CheckConstraint("ip_review IN ('pending', 'cleared', 'infringing')", name=op.f("ck_source_ip_review")),
        sa.CheckConstraint("jurisdiction IN ('domestic', 'foreign')", name=op.f("ck_source_jurisdiction")),
        sa.CheckConstraint("operation IN ('open', 'authorised')", name=op.f("ck_source_operation")),
        sa.CheckConstraint("personal = 'none' OR personal_ground IS NOT NULL", name=op.f("ck_source_ground")),
        sa.CheckConstraint("personal IN ('none', 'present', 'sensitive')", name=op.f("ck_source_personal")),
        sa.CheckConstraint(
            "personal_ground IN ('consent', 'contract', 'legal_duty', 'emergency', 'news', 'made_public', 'other_law')",
            name=op.f("ck_source_personal_ground"),
        ),
        sa.CheckConstraint("robots IN ('allowed', 'disallowed', 'absent')", name=op.f("ck_source_robots")),
        sa.CheckConstraint(
            "robots IS NULL OR (robots = 'absent') = (robots_sha256 IS NULL)", name=op.f("ck_source_robots_bytes")
        ),
        sa.CheckConstraint("(barred_at IS NULL) = (barred_why IS NULL)", name=op.f("ck_source_barred")),
        sa.CheckConstraint("authorised_until >= authorised_from", name=op.f("ck_source_authorised")),
        sa.CheckConstraint("collected_to >= collected_from", name=op.f("ck_source_collected")),
        sa.CheckConstraint("length(robots_sha256) = 64", name=op.f("ck_source_robots_sha256")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_source")),
    )
    op.create_table(
        "authorisation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("batch", sa.String(length=255), nullable=False),
        sa.Column("granted", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("use", sa.String(length=16), nullable=False),
        sa.Column("revoked", sa.Date(), nullable=True),
        sa.CheckConstraint("use IN ('training', 'other')", name=op.f("ck_authorisation_use")),
        sa.CheckConstraint("valid_until >= granted", name=op.f("ck_authorisation_valid")),
        sa.ForeignKeyConstraint(["source"], ["source.name"], name=op.f("fk_authorisation_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorisation")),
        sa.UniqueConstraint("source", "batch", name=op.f("uq_authorisation_source_batch")),
    )
    op.create_table(
        "draw",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=True),
        sa.Column("release", sa.String(length=64), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("run", sa.String(length=255), nullable=True),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("labels", sa.String(length=64), nullable=True),
        sa.Column("sample_sha256", sa.String(length=64), nullable=False),
        sa.Column("drawn_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("(source IS NOT NULL) = (phase IN ('before', 'after'))", name=op.f("ck_draw_source")),
        sa.CheckConstraint("phase IN ('before', 'after', 'acceptance', 'technical')", name=op.f("ck_draw_phase")),
        sa.CheckConstraint("round = 1 OR reason <> ''", name=op.f("ck_draw_reason")),
        sa.CheckConstraint("(release IS NULL) = (source IS NOT NULL)", name=op.f("ck_draw_release")),
        sa.CheckConstraint("length(root) = 64", name=op.f("ck_draw_root")),
        sa.CheckConstraint("length(sample_sha256) = 64", name=op.f("ck_draw_sample_sha256")),
        sa.CheckConstraint("length(seed) = 64", name=op.f("ck_draw_seed")),
        sa.CheckConstraint("n >= 1 AND n <= population", name=op.f("ck_draw_n")),
        sa.CheckConstraint("round >= 1", name=op.f("ck_draw_round")),
        sa.ForeignKeyConstraint(["source"], ["source.name"], name=op.f("fk_draw_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draw")),
        sa.UniqueConstraint("phase", "release", "round", name=op.f("uq_draw_phase_release_round")),
        sa.UniqueConstraint("phase", "source", "round", name=op.f("uq_draw_phase_source_round")),
    )
    op.create_table(
        "paper",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.Column("revoked", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('licence', 'collection_record', 'robots', 'terms', 'contract', 'commitments', "
            "'user_agreement', 'authorisation', 'registration', 'generator_record', 'generator_licence', "
            "'safety_assessment', 'impact_assessment', 'separate_consent', 'ip_review', 'other')",
            name=op.f("ck_paper_kind"),
        ),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_paper_sha256")),
        sa.CheckConstraint("valid_until >= valid_from", name=op.f("ck_paper_valid")),
        sa.ForeignKeyConstraint(["source"], ["source.name"], name=op.f("fk_paper_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper")),
        sa.UniqueConstraint("source", "kind", "sha256", name=op.f("uq_paper_source_kind_sha256")),
    )
    op.create_index(op.f("ix_paper_source"), "paper", ["source"], unique=False)
    op.create_table(
        "assessment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("draw", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("bad", sa.Integer(), nullable=False),
        sa.Column("suspected", sa.Integer(), nullable=False),
        sa.Column("limit_bp", sa.Integer(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("upper", sa.Float(), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("risks", sa.JSON(), nullable=False),
        sa.Column("evidence", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("decision <> 'barred' OR bad * 10000 > limit_bp * n", name=op.f("ck_assessment_barred")),
        sa.CheckConstraint("decision <> 'passed' OR bad * 10000 <= limit_bp * n", name=op.f("ck_assessment_passed")),
        sa.CheckConstraint("decision IN ('passed', 'barred', 'undecided')", name=op.f("ck_assessment_decision")),
        sa.CheckConstraint("method IN ('machine', 'people')", name=op.f("ck_assessment_method")),
        sa.CheckConstraint(
            "0 <= low AND low <= high AND high <= 1 AND 0 <= upper AND upper <= 1", name=op.f("ck_assessment_bounds")
        ),
        sa.CheckConstraint("length(evidence) = 64", name=op.f("ck_assessment_evidence")),
        sa.CheckConstraint(
            "n >= 1 AND bad >= 0 AND suspected >= 0 AND bad + suspected <= n", name=op.f("ck_assessment_counts")
        ),
        sa.ForeignKeyConstraint(["draw"], ["draw.id"], name=op.f("fk_assessment_draw")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
        sa.UniqueConstraint("draw", "method", name=op.f("uq_assessment_draw_method")),
    )
    if op.get_bind().dialect.name == "sqlite":
        for table, verb in APPEND_ONLY:
            op.execute(REFUSAL.format(table, verb))
