"""The first schema: teams, pipelines, dashboards with widgets, tokens, applied documents."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_installation"),
    )
    op.create_table(
        "team",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("slug", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_team"),
        sa.UniqueConstraint("slug", name="uq_team_slug"),
    )
    _pipelines_and_tokens()
    _dashboards()
    op.create_table(
        "applied",
        sa.Column("source", sa.String, nullable=False),
        sa.Column("said", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_applied"),
    )


def _pipelines_and_tokens() -> None:
    op.create_table(
        "pipeline",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("team", sa.String, sa.ForeignKey("team.id", name="fk_pipeline_team"), nullable=False),
        sa.Column("slug", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("source", sa.JSON, nullable=False),
        sa.Column("mapping", sa.JSON, nullable=False),
        sa.Column("persist", sa.Boolean, nullable=False),
        sa.Column("retention_days", sa.Float),
        sa.Column("retention_bytes", sa.BigInteger),
        sa.Column("allowed_origins", sa.JSON, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pipeline"),
        sa.UniqueConstraint("slug", name="uq_pipeline_slug"),
    )
    op.create_table(
        "token",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("pipeline", sa.String, sa.ForeignKey("pipeline.id", name="fk_token_pipeline", ondelete="CASCADE")),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("main", sa.Boolean, nullable=False),
        sa.Column("reference", sa.String),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_token"),
        sa.UniqueConstraint("digest", name="uq_token_digest"),
    )
    op.create_index("ix_token_pipeline", "token", ["pipeline"])


def _dashboards() -> None:
    op.create_table(
        "dashboard",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("team", sa.String, sa.ForeignKey("team.id", name="fk_dashboard_team"), nullable=False),
        sa.Column("slug", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("is_public", sa.Boolean, nullable=False),
        sa.Column("auto", sa.String, sa.ForeignKey("pipeline.id", name="fk_dashboard_auto")),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dashboard"),
        sa.UniqueConstraint("slug", name="uq_dashboard_slug"),
    )
    op.create_table(
        "widget",
        sa.Column(
            "dashboard",
            sa.String,
            sa.ForeignKey("dashboard.id", name="fk_widget_dashboard", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("config", sa.JSON, nullable=False),
        sa.Column("query", sa.JSON, nullable=False),
        sa.Column("position", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("dashboard", "id", name="pk_widget"),
    )
