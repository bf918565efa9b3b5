"""The tables of catalog.db. A change here needs a migration in migrations/versions and a new HEAD."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    false,
)

HEAD = "0003"  # the newest migration; comparing with it spares the import of Alembic at most starts

metadata = MetaData(
    naming_convention={  # migrations must be able to name what they change
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[str]:
    return Column("id", String, primary_key=True)


# One row. Grows with every change, and every change names the revision it was decided on.
installation = Table(
    "installation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("revision", Integer, nullable=False),
)

team = Table(
    "team",
    metadata,
    _id(),
    Column("slug", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
)

pipeline = Table(
    "pipeline",
    metadata,
    _id(),
    Column("team", ForeignKey("team.id"), nullable=False),
    Column("slug", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("source", JSON, nullable=False),
    Column("mapping", JSON, nullable=False),
    Column("persist", Boolean, nullable=False),
    Column("retention_days", Float),
    Column("retention_bytes", BigInteger),
    Column("allowed_origins", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("paused", Boolean, nullable=False, server_default=false()),  # rows of an older version have none
)

sink = Table(
    "sink",
    metadata,
    _id(),
    Column("pipeline", ForeignKey("pipeline.id", ondelete="CASCADE"), nullable=False),
    Column("name", String, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # settings, signing secrets and headers, encrypted
    Column("start", String),
    Column("revision", Integer, nullable=False),
    UniqueConstraint("pipeline", "name"),
)

dashboard = Table(
    "dashboard",
    metadata,
    _id(),
    Column("team", ForeignKey("team.id"), nullable=False),
    Column("slug", String, nullable=False, unique=True),
    Column("title", String, nullable=False),
    Column("is_public", Boolean, nullable=False),
    Column("auto", ForeignKey("pipeline.id")),
    Column("revision", Integer, nullable=False),
)

widget = Table(
    "widget",
    metadata,
    Column("dashboard", ForeignKey("dashboard.id", ondelete="CASCADE"), primary_key=True),
    Column("id", String, primary_key=True),
    Column("type", String, nullable=False),
    Column("config", JSON, nullable=False),
    Column("query", JSON, nullable=False),
    Column("position", JSON, nullable=False),
)

token = Table(
    "token",
    metadata,
    _id(),
    Column("kind", String, nullable=False),
    Column("pipeline", ForeignKey("pipeline.id", ondelete="CASCADE"), index=True),
    Column("name", String, nullable=False),
    Column("digest", String, nullable=False, unique=True),
    Column("sealed", LargeBinary),  # the text of a stream token, encrypted
    Column("main", Boolean, nullable=False),
    Column("reference", String),
    Column("created", BigInteger, nullable=False),
    Column("until", BigInteger),
)

applied = Table(
    "applied",
    metadata,
    Column("source", String, primary_key=True),
    Column("said", JSON, nullable=False),  # a text: encrypted, in base64
)
