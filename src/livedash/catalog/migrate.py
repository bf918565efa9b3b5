"""Bring catalog.db to the schema of this version."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from livedash.catalog.schema import HEAD, metadata
from livedash.model.errors import StorageError

if TYPE_CHECKING:
    from alembic.config import Config


def migrate(connection: Connection) -> None:
    """Make the schema, or bring it up to date, inside the connection's transaction. Raises StorageError when a newer
    Livedash made it."""
    found = _version(connection)
    if found is None:
        _create(connection)
    elif found != HEAD:
        _upgrade(connection, found)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return str(connection.scalar(text("SELECT version_num FROM alembic_version")))


def _create(connection: Connection) -> None:
    """A new file gets the tables as they are now: it spares the first start the import of Alembic. A test holds both
    ways to the same schema."""
    metadata.create_all(connection)
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


def _upgrade(connection: Connection, found: str) -> None:
    from alembic.command import upgrade
    from alembic.script import ScriptDirectory

    config = config_for(connection)
    if found not in {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}:
        raise StorageError(
            f"catalog.db was made by a newer Livedash (schema {found}, this version knows {HEAD}); "
            "start that version, or restore a backup"
        )
    upgrade(config, "head")


def config_for(connection: Connection) -> "Config":
    """How Alembic finds our migrations and works on `connection`."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
