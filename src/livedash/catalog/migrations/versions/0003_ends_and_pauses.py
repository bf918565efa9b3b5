"""Tokens that end by themselves, pipelines that are paused."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("token", sa.Column("until", sa.BigInteger))
    op.add_column("pipeline", sa.Column("paused", sa.Boolean, nullable=False, server_default=sa.false()))
