"""Money: rules of pay, budgets, what is set aside, scores, and the ledger."""

import sqlalchemy as sa
from alembic import op

from pipeline.migrations.money_triggers import triggers

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make them, and the triggers that keep sums and refuse changes."""
    op.create_table(
        "account",
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("party", sa.String(length=255), nullable=False),
        sa.Column("held_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("paid_fen >= 0 AND paid_fen <= held_fen", name=op.f("ck_account_paid")),
        sa.PrimaryKeyConstraint("policy", "period", "party", name=op.f("pk_account")),
    )
    op.create_table(
        "budget",
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=74), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("held_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("held_fen >= 0 AND held_fen <= fen", name=op.f("ck_budget_held")),
        sa.PrimaryKeyConstraint("policy", "scope", name=op.f("pk_budget")),
    )
    op.create_table(
        "ledger",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("party", sa.String(length=255), nullable=False),
        sa.Column("unit", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("ref", sa.String(length=255), nullable=False),
        sa.Column("why", sa.JSON(), nullable=False),
        sa.Column("scorer_version", sa.String(length=64), nullable=False),
        sa.Column("inputs", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.CheckConstraint("(kind = 'measured') = (unit != 'fen')", name=op.f("ck_ledger_money")),
        sa.CheckConstraint(
            "kind IN ('reserve', 'unreserve', 'advance', 'settlement', 'dividend', 'correction', 'measured')",
            name=op.f("ck_ledger_kind"),
        ),
        sa.CheckConstraint(
            "unit IN ('fen', 'documents', 'characters', 'unique_characters', 'release_ppm')",
            name=op.f("ck_ledger_unit"),
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_ledger_amount")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ledger")),
        sa.UniqueConstraint("party", "kind", "ref", name=op.f("uq_ledger_party_kind_ref")),
        sa.UniqueConstraint("seal", name=op.f("uq_ledger_seal")),
    )
    op.create_table(
        "pay_policy",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("pk_pay_policy")),
    )
    op.create_table(
        "score",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contributor", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=84), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("golds", sa.Integer(), nullable=False),
        sa.Column("j_bp", sa.Integer(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("scorer_version", sa.String(length=64), nullable=False),
        sa.Column("inputs", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("j_bp >= -10000 AND j_bp <= 10000", name=op.f("ck_score_j")),
        sa.CheckConstraint("tier >= 0 AND tier <= 3", name=op.f("ck_score_tier")),
        sa.ForeignKeyConstraint(["contributor"], ["contributor.id"], name=op.f("fk_score_contributor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score")),
        sa.UniqueConstraint(
            "contributor", "kind", "period", "revision", name=op.f("uq_score_contributor_kind_period_revision")
        ),
    )
    op.create_index(op.f("ix_score_contributor"), "score", ["contributor"], unique=False)
    op.create_table(
        "reservation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assignment", sa.Integer(), nullable=False),
        sa.Column("contributor", sa.String(length=64), nullable=False),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=74), nullable=False),
        sa.Column("round", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=84), nullable=False),
        sa.Column("value_fen", sa.BigInteger(), nullable=False),
        sa.Column("norm_ms", sa.BigInteger(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("tier_bp", sa.Integer(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("fen >= value_fen", name=op.f("ck_reservation_fen")),
        sa.CheckConstraint("norm_ms > 0", name=op.f("ck_reservation_norm")),
        sa.CheckConstraint("tier >= 0 AND tier <= 3", name=op.f("ck_reservation_tier")),
        sa.CheckConstraint("value_fen >= 0", name=op.f("ck_reservation_value")),
        sa.ForeignKeyConstraint(["assignment"], ["assignment.id"], name=op.f("fk_reservation_assignment")),
        sa.ForeignKeyConstraint(["contributor"], ["contributor.id"], name=op.f("fk_reservation_contributor")),
        sa.ForeignKeyConstraint(["policy", "period"], ["budget.policy", "budget.scope"], name="fk_reservation_budget"),
        sa.ForeignKeyConstraint(
            ["policy", "version"], ["pay_policy.name", "pay_policy.version"], name=op.f("fk_reservation_policy")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservation")),
        sa.UniqueConstraint("assignment", name=op.f("uq_reservation_assignment")),
    )
    for statement in triggers(op.get_bind().dialect.name):
        op.execute(sa.text(statement))
