"""The schema: one, whether made at once or by migrations; a newer one is refused."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.command import upgrade
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from livedash.base.secrets import Vault
from livedash.catalog import schema
from livedash.catalog.changes import PausePipeline, PutPipeline, PutSink, PutToken
from livedash.catalog.migrate import config_for
from livedash.catalog.store import Store
from livedash.model.errors import StorageError

from .conftest import KEY, a_pipeline, a_sink


@pytest.fixture
def by_migrations(tmp_path: Path) -> Iterator[sa.Engine]:
    """A database that went through every migration from the first one on."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'old.db'}")
    with engine.begin() as connection:
        upgrade(config_for(connection), "head")
    yield engine
    engine.dispose()


def test_an_older_database_is_brought_up_to_date_with_what_is_in_it(path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        upgrade(config_for(connection), "0001")
        connection.exec_driver_sql("INSERT INTO installation VALUES (1, 5)")
        connection.exec_driver_sql("INSERT INTO team VALUES ('tm_1', 'main', 'Main')")
        connection.exec_driver_sql("INSERT INTO applied VALUES ('file', '{\"pipelines.a\": {}}')")
    engine.dispose()
    store = Store(path, Vault(KEY))
    try:
        snapshot = store.write([PutPipeline(a_pipeline("tm_1")), PutSink(a_sink("pl_weather"))], expected=5)
    finally:
        store.close()
    assert snapshot.applied == {"file": {"pipelines.a": {}}}
    assert ([each.slug for each in snapshot.teams], [each.name for each in snapshot.sinks]) == (["main"], ["billing"])


def test_what_was_there_before_pauses_and_ends_is_neither_paused_nor_ending(path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{path}")
    rows = {
        "installation": (1, 5),
        "team": ("tm_1", "main", "Main"),
        "pipeline": ("pl_1", "tm_1", "weather", "W", '{"type": "push"}', "[]", 1, 30, None, '["https://a.b"]', 4),
        "token": ("tk_1", "ingest", "pl_1", "ci", "d1", None, 1, "${IN}", 9),
        "dashboard": ("db_1", "tm_1", "weather", "W", 1, "pl_1", 3),
    }
    with engine.begin() as connection:
        upgrade(config_for(connection), "0002")
        for table, row in rows.items():
            connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    engine.dispose()
    store = Store(path, Vault(KEY))
    try:
        before = store.load()
        paused = store.write([PausePipeline("pl_1", True), PutToken(replace(before.tokens[0], until=7))])
    finally:
        store.close()
    [pipeline], [token] = before.pipelines, before.tokens
    assert (pipeline.slug, pipeline.allowed_origins, pipeline.paused) == ("weather", ("https://a.b",), False)
    assert (token.digest, token.reference, token.until, before.dashboards[0].auto) == ("d1", "${IN}", None, "pl_1")
    assert (paused.pipelines, paused.tokens) == ((replace(pipeline, paused=True),), (replace(token, until=7),))


def shape(engine: sa.Engine) -> dict[str, object]:
    inspector = sa.inspect(engine)

    def sorted_(items: list[object]) -> list[str]:
        return sorted(map(repr, items))

    return {
        table: (
            [(c["name"], str(c["type"]), c["nullable"], c["primary_key"]) for c in inspector.get_columns(table)],
            inspector.get_pk_constraint(table),
            sorted_(inspector.get_foreign_keys(table)),
            sorted_(inspector.get_unique_constraints(table)),
            sorted_(inspector.get_indexes(table)),
        )
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def test_models_and_migrations_agree(by_migrations: sa.Engine) -> None:
    with by_migrations.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []
        assert context.get_current_revision() == schema.HEAD


def test_a_new_file_has_the_schema_that_migrations_make(by_migrations: sa.Engine, tmp_path: Path) -> None:
    Store(tmp_path / "new.db", Vault(KEY)).close()
    fresh = sa.create_engine(f"sqlite:///{tmp_path / 'new.db'}")
    assert shape(fresh) == shape(by_migrations)
    fresh.dispose()


def test_head_is_the_newest_migration() -> None:
    folder = Path(schema.__file__).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_heads() == [schema.HEAD]


def test_a_newer_database_is_refused_and_left_alone(path: Path) -> None:
    Store(path, Vault(KEY)).close()
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    before = path.read_bytes()
    with pytest.raises(StorageError, match=r"newer Livedash \(schema 9999"):
        Store(path, Vault(KEY))
    assert path.read_bytes() == before


def test_neither_a_first_nor_a_later_start_imports_alembic(path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from livedash.base.secrets import Vault
from livedash.catalog.store import Store
for start in range(2):
    Store(Path({str(path)!r}), Vault(b"k" * 32)).close()
assert "alembic" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
