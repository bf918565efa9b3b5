"""Sinks of pipelines."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "sink",
        sa.Column("id", sa.String, nullable=False),
        sa.Column(
            "pipeline",
            sa.String,
            sa.ForeignKey("pipeline.id", name="fk_sink_pipeline", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("start", sa.String),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sink"),
        sa.UniqueConstraint("pipeline", "name", name="uq_sink_pipeline"),
    )
