"""Files by which an operator shows what no program can see."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "exhibit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("clause", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("note", sa.String(length=2000), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("added_by", sa.String(length=64), nullable=False),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.Column("declared_by", sa.String(length=64), nullable=True),
        sa.Column("declared_at", sa.DateTime(), nullable=True),
        sa.Column("declared_why", sa.String(length=2000), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=64), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_exhibit_sha256")),
        sa.CheckConstraint(
            "(declared_by IS NULL) = (declared_at IS NULL) AND (declared_by IS NULL) = (declared_why IS NULL)",
            name=op.f("ck_exhibit_declared"),
        ),
        sa.CheckConstraint("(withdrawn_by IS NULL) = (withdrawn_at IS NULL)", name=op.f("ck_exhibit_withdrawn")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exhibit")),
    )
    op.create_index(op.f("ix_exhibit_clause"), "exhibit", ["clause"])
