"""Requests to take documents out, and objections to what was decided."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "removal",
        sa.Column("request", sa.Integer(), nullable=False),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("selector", sa.String(length=64), nullable=False),
        sa.Column("basis", sa.String(length=500), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("twins", sa.Boolean(), nullable=False),
        sa.Column("banned", sa.Boolean(), nullable=False),
        sa.Column("proof", sa.String(length=64), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.Column("revoked_by", sa.String(length=64), nullable=True),
        sa.CheckConstraint("way IN ('id', 'url', 'text', 'hash', 'subject')", name=op.f("ck_removal_way")),
        sa.CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name=op.f("ck_removal_revoked")),
        sa.CheckConstraint("documents >= 0", name=op.f("ck_removal_documents")),
        sa.ForeignKeyConstraint(["request"], ["request.id"], name=op.f("fk_removal_request")),
        sa.PrimaryKeyConstraint("request", name=op.f("pk_removal")),
    )
    op.create_index(op.f("ix_removal_selector"), "removal", ["selector"])
    op.create_table(
        "objection",
        sa.Column("request", sa.Integer(), nullable=False),
        sa.Column("against", sa.Integer(), nullable=False),
        sa.CheckConstraint("request <> against", name=op.f("ck_objection_another")),
        sa.ForeignKeyConstraint(["request"], ["request.id"], name=op.f("fk_objection_request")),
        sa.ForeignKeyConstraint(["against"], ["request.id"], name=op.f("fk_objection_against")),
        sa.PrimaryKeyConstraint("request", name=op.f("pk_objection")),
    )
    op.create_index(op.f("ix_objection_against"), "objection", ["against"])
