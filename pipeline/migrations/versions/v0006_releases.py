"""What was released."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

APPEND_ONLY = ("UPDATE", "DELETE")
REFUSAL = "CREATE TRIGGER {0}_no_{1} BEFORE {1} ON {0} BEGIN SELECT RAISE(ABORT, '{0} is append-only'); END"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "release",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("trial", sa.Boolean(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("data_root", sa.String(length=64), nullable=False),
        sa.Column("manifest", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=True),
        sa.Column("released_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("documents > 0", name=op.f("ck_release_documents")),
        sa.CheckConstraint("NOT trial OR version LIKE '%trial%'", name=op.f("ck_release_trial")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_release")),
        sa.UniqueConstraint("version", name=op.f("uq_release_version")),
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in APPEND_ONLY:
            op.execute(REFUSAL.format("release", verb))
