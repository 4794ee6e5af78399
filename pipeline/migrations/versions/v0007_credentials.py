"""Credentials say who verified them, since when, and whether they were revoked; every one stays as it was."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table anew: nothing has written to the first one."""
    op.drop_table("credential")
    op.create_table(
        "credential",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contributor", sa.String(length=64), nullable=False),
        sa.Column("domain", sa.String(length=64), nullable=False),
        sa.Column("verified_by", sa.String(length=64), nullable=False),
        sa.Column("verified_at", sa.DateTime(), nullable=False),
        sa.Column("verified_until", sa.DateTime(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.Column("evidence", sa.String(length=255), nullable=False),
        sa.CheckConstraint("verified_until > verified_at", name=op.f("ck_credential_verified_until")),
        sa.CheckConstraint("verified_by <> contributor", name=op.f("ck_credential_verified_by")),
        sa.ForeignKeyConstraint(["contributor"], ["contributor.id"], name=op.f("fk_credential_contributor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential")),
        sa.UniqueConstraint(
            "contributor", "domain", "verified_at", name=op.f("uq_credential_contributor_domain_verified_at")
        ),
    )
