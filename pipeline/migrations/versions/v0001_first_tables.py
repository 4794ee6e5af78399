"""The first tables: people, rounds, answers, requests, audit."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

APPEND_ONLY = (("audit", "UPDATE"), ("audit", "DELETE"), ("answer", "DELETE"))
"""What is refused: the audit is only added to, and no answer goes. Of other databases the audit's seals must do."""
REFUSALS = {
    "sqlite": ("CREATE TRIGGER {0}_no_{1} BEFORE {1} ON {0} BEGIN SELECT RAISE(ABORT, '{0} is append-only'); END",),
    "postgresql": (
        (
            "CREATE FUNCTION {0}_no_{1}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE integrity_constraint_violation USING MESSAGE = '{0} is append-only'; END $$"
        ),
        "CREATE TRIGGER {0}_no_{1} BEFORE {1} ON {0} FOR EACH STATEMENT EXECUTE FUNCTION {0}_no_{1}()",
    ),
}


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
        sa.UniqueConstraint("seal", name=op.f("uq_audit_seal")),
    )
    op.create_table(
        "contributor",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account", sa.Integer(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("daily_cap", sa.Integer(), nullable=True),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.CheckConstraint("daily_cap > 0", name=op.f("ck_contributor_daily_cap")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contributor")),
        sa.UniqueConstraint("account", name=op.f("uq_contributor_account")),
    )
    op.create_table(
        "feed",
        sa.Column("server", sa.String(length=255), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("server", name=op.f("pk_feed")),
    )
    op.create_table(
        "round",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("rule_version", sa.String(length=64), nullable=False),
        sa.Column("run", sa.String(length=255), nullable=True),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("review", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("design", sa.JSON(), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("purpose IN ('work', 'exam')", name=op.f("ck_round_purpose")),
        sa.CheckConstraint("review IN ('every', 'audit', 'none')", name=op.f("ck_round_review")),
        sa.CheckConstraint("state IN ('open', 'closed', 'void')", name=op.f("ck_round_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round")),
        sa.UniqueConstraint("name", name=op.f("uq_round_name")),
    )
    op.create_table(
        "credential",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contributor", sa.String(length=64), nullable=False),
        sa.Column("domain", sa.String(length=64), nullable=False),
        sa.Column("verified_until", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["contributor"], ["contributor.id"], name=op.f("fk_credential_contributor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential")),
        sa.UniqueConstraint("contributor", "domain", name=op.f("uq_credential_contributor_domain")),
    )
    op.create_table(
        "item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("document", sa.String(length=1024), nullable=False),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("stratum", sa.String(length=255), nullable=False),
        sa.Column("overlap", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("is_gold", sa.Boolean(), nullable=False),
        sa.Column("gold", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("gold_revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'closed', 'void')", name=op.f("ck_item_state")),
        sa.CheckConstraint("is_gold = (gold IS NOT NULL)", name=op.f("ck_item_gold")),
        sa.CheckConstraint("overlap >= 0", name=op.f("ck_item_overlap")),
        sa.CheckConstraint("probability > 0 AND probability <= 1", name=op.f("ck_item_probability")),
        sa.ForeignKeyConstraint(["round"], ["round.id"], name=op.f("fk_item_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
        sa.UniqueConstraint("round", "document", name=op.f("uq_item_round_document")),
    )
    op.create_table(
        "qualification",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contributor", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("rule_version", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("taken_at", sa.DateTime(), nullable=False),
        sa.Column("valid_until", sa.DateTime(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.Column("evidence", sa.String(length=255), nullable=False),
        sa.CheckConstraint("role IN ('annotator', 'reviewer', 'adjudicator')", name=op.f("ck_qualification_role")),
        sa.CheckConstraint("score >= 0 AND score <= 1", name=op.f("ck_qualification_score")),
        sa.CheckConstraint("valid_until > taken_at", name=op.f("ck_qualification_valid_until")),
        sa.ForeignKeyConstraint(["contributor"], ["contributor.id"], name=op.f("fk_qualification_contributor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qualification")),
        sa.UniqueConstraint(
            "contributor",
            "kind",
            "rule_version",
            "role",
            "taken_at",
            name=op.f("uq_qualification_contributor_kind_rule_version_role_taken_at"),
        ),
    )
    op.create_table(
        "seat",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("contributor", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=50), nullable=False),
        sa.Column("project", sa.Integer(), nullable=True),
        sa.CheckConstraint("role IN ('annotator', 'reviewer', 'adjudicator')", name=op.f("ck_seat_role")),
        sa.ForeignKeyConstraint(["contributor"], ["contributor.id"], name=op.f("fk_seat_contributor")),
        sa.ForeignKeyConstraint(["round"], ["round.id"], name=op.f("fk_seat_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat")),
        sa.UniqueConstraint("project", name=op.f("uq_seat_project")),
        sa.UniqueConstraint("round", "contributor", "role", name=op.f("uq_seat_round_contributor_role")),
        sa.UniqueConstraint("title", name=op.f("uq_seat_title")),
    )
    op.create_table(
        "assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("contributor", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("shown", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("project", sa.Integer(), nullable=True),
        sa.Column("task", sa.Integer(), nullable=True),
        sa.Column("issued_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("role IN ('annotator', 'reviewer', 'adjudicator')", name=op.f("ck_assignment_role")),
        sa.CheckConstraint("state IN ('issued', 'answered', 'withdrawn')", name=op.f("ck_assignment_state")),
        sa.ForeignKeyConstraint(["contributor"], ["contributor.id"], name=op.f("fk_assignment_contributor")),
        sa.ForeignKeyConstraint(["item"], ["item.id"], name=op.f("fk_assignment_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
        sa.UniqueConstraint("item", "contributor", name=op.f("uq_assignment_item_contributor")),
        sa.UniqueConstraint("key", name=op.f("uq_assignment_key")),
        sa.UniqueConstraint("project", "task", name=op.f("uq_assignment_project_task")),
    )
    op.create_index(op.f("ix_assignment_contributor"), "assignment", ["contributor"], unique=False)
    op.create_table(
        "request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("contributor", sa.String(length=64), nullable=True),
        sa.Column("item", sa.Integer(), nullable=True),
        sa.Column("ground", sa.String(length=2000), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("deadline", sa.DateTime(), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.CheckConstraint("(decision = 'pending') = (decided_at IS NULL)", name=op.f("ck_request_decided")),
        sa.CheckConstraint("decision IN ('pending', 'granted', 'refused')", name=op.f("ck_request_decision")),
        sa.CheckConstraint("kind IN ('takedown', 'complaint', 'appeal')", name=op.f("ck_request_kind")),
        sa.ForeignKeyConstraint(["contributor"], ["contributor.id"], name=op.f("fk_request_contributor")),
        sa.ForeignKeyConstraint(["item"], ["item.id"], name=op.f("fk_request_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request")),
        sa.UniqueConstraint("kind", "contributor", "item", name=op.f("uq_request_kind_contributor_item")),
    )
    op.create_table(
        "answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assignment", sa.Integer(), nullable=False),
        sa.Column("annotation", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("latest", sa.Boolean(), nullable=False),
        sa.Column("label", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("raw", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("server_seconds", sa.Float(), nullable=True),
        sa.Column("client_seconds", sa.Float(), nullable=True),
        sa.Column("submitted_by", sa.Integer(), nullable=True),
        sa.Column("claimed_by", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("valid", sa.Boolean(), nullable=False),
        sa.Column("refusal", sa.String(length=255), nullable=True),
        sa.Column("flags", sa.String(length=255), nullable=False),
        sa.CheckConstraint("NOT valid OR label IS NOT NULL", name=op.f("ck_answer_label")),
        sa.CheckConstraint("valid = (refusal IS NULL)", name=op.f("ck_answer_refusal")),
        sa.ForeignKeyConstraint(["assignment"], ["assignment.id"], name=op.f("fk_answer_assignment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
        sa.UniqueConstraint(
            "assignment", "annotation", "revision", name=op.f("uq_answer_assignment_annotation_revision")
        ),
        sa.UniqueConstraint("assignment", "sequence", name=op.f("uq_answer_assignment_sequence")),
    )
    op.create_index(op.f("ix_answer_assignment"), "answer", ["assignment"], unique=False)
    op.create_index(
        "ix_answer_latest",
        "answer",
        ["assignment", "annotation"],
        unique=True,
        sqlite_where=sa.text("latest"),
        postgresql_where=sa.text("latest"),
    )
    for statement in REFUSALS.get(op.get_bind().dialect.name, ()):
        for table, verb in APPEND_ONLY:
            op.execute(statement.format(table, verb))
