"""catalog.db: the configuration on disk. Synchronous, and used by one thread at a time."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, assert_never

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Table, event
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import StaticPool

from livedash.base.secrets import Vault
from livedash.base.tokens import make_id
from livedash.catalog import changes, rows, schema
from livedash.catalog.entries import Snapshot, Team, Widget
from livedash.catalog.migrate import migrate
from livedash.model.errors import Conflict, StorageError, StorageFull


class Store:
    """Reads everything at once and writes changes in one transaction. Raises StorageError when the file fails."""

    def __init__(self, path: Path, vault: Vault) -> None:
        """Open or make the file. Raises StorageError, also when a newer Livedash made it."""
        self._vault = vault
        self._engine = _engine(path)
        try:
            with self._transaction() as connection:
                migrate(connection)
                _begin(connection)
        except BaseException:
            self.close()
            raise

    def load(self) -> Snapshot:
        """Everything that is configured."""
        with self._transaction() as connection:
            return self._read(connection)

    def write(self, wanted: Sequence[changes.Change], expected: int | None = None) -> Snapshot:
        """Carry out every change, in order, or none. With `expected`, raises Conflict when the revision is another
        one; also when a slug or a token is taken, or what would be dropped is still needed."""
        with self._transaction() as connection:
            revision = _revision(connection)
            if expected not in (None, revision):
                raise Conflict("the configuration was changed by somebody else meanwhile; try again")
            for change in wanted:
                self._carry_out(connection, change, revision + 1)
            connection.execute(schema.installation.update().values(revision=revision + 1))
            return self._read(connection)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except IntegrityError as error:
            raise Conflict(_taken(str(error.orig))) from error
        except DBAPIError as error:
            if "disk is full" in str(error.orig):
                raise StorageFull("the disk is full; the configuration was not changed") from error
            raise StorageError(f"catalog.db: {error.orig}") from error

    def _read(self, connection: Connection) -> Snapshot:
        def all_of(table: Table) -> sa.MappingResult:
            return connection.execute(table.select()).mappings()

        widgets: dict[str, list[Widget]] = {}
        for row in all_of(schema.widget):
            widgets.setdefault(row["dashboard"], []).append(rows.to_widget(row))
        return Snapshot(
            revision=_revision(connection),
            teams=tuple(Team(**row) for row in all_of(schema.team)),
            pipelines=tuple(map(rows.to_pipeline, all_of(schema.pipeline))),
            sinks=tuple(rows.to_sink(row, self._vault) for row in all_of(schema.sink)),
            dashboards=tuple(rows.to_dashboard(row, widgets.get(row["id"], ())) for row in all_of(schema.dashboard)),
            tokens=tuple(rows.to_token(row, self._vault) for row in all_of(schema.token)),
            applied={row["source"]: rows.to_said(row, self._vault) for row in all_of(schema.applied)},
        )

    def _carry_out(self, connection: Connection, change: changes.Change, revision: int) -> None:
        match change:
            case changes.PutPipeline(pipeline):
                _put(connection, schema.pipeline, rows.pipeline_row(pipeline, revision))
            case changes.PausePipeline(id, paused):
                table = schema.pipeline
                connection.execute(table.update().where(table.c.id == id).values(paused=paused))
            case changes.DropPipeline(id):
                connection.execute(schema.pipeline.delete().where(schema.pipeline.c.id == id))
            case changes.PutSink(sink):
                _put(connection, schema.sink, rows.sink_row(sink, revision, self._vault))
            case changes.DropSink(id):
                connection.execute(schema.sink.delete().where(schema.sink.c.id == id))
            case changes.PutDashboard(dashboard):
                _put(connection, schema.dashboard, rows.dashboard_row(dashboard, revision))
                connection.execute(schema.widget.delete().where(schema.widget.c.dashboard == dashboard.id))
                for widget in dashboard.widgets:
                    _put(connection, schema.widget, rows.widget_row(dashboard.id, widget))
            case changes.DropDashboard(id):
                connection.execute(schema.dashboard.delete().where(schema.dashboard.c.id == id))
            case changes.PutToken(token):
                _put(connection, schema.token, rows.token_row(token, self._vault))
            case changes.DropToken(id):
                connection.execute(schema.token.delete().where(schema.token.c.id == id))
            case changes.PutApplied(source, None):
                connection.execute(schema.applied.delete().where(schema.applied.c.source == source))
            case changes.PutApplied(source, said):
                _put(connection, schema.applied, rows.applied_row(source, said, self._vault))
            case _:
                assert_never(change)


def _put(connection: Connection, table: Table, row: rows.Row) -> None:
    key = list(table.primary_key.columns)
    others = {column.name: row[column.name] for column in table.columns if not column.primary_key}
    connection.execute(insert(table).values(row).on_conflict_do_update(index_elements=key, set_=others))


def _begin(connection: Connection) -> None:
    """The first row and the first team of a new installation."""
    if connection.execute(schema.installation.select()).first() is None:
        connection.execute(schema.installation.insert().values(id=1, revision=1))
        connection.execute(schema.team.insert().values(id=make_id("tm"), slug="main", name="Main"))


def _revision(connection: Connection) -> int:
    return int(connection.execute(sa.select(schema.installation.c.revision)).scalar_one())


def _taken(detail: str) -> str:
    """SQLite says `UNIQUE constraint failed: pipeline.slug`, `… failed: sink.pipeline, sink.name` or
    `FOREIGN KEY constraint failed`."""
    if "FOREIGN KEY" in detail:
        return "something that it needs is gone, or something else still needs it"
    table, _, column = re.split(": |, ", detail)[-1].partition(".")
    return f"this {table} has a {column} that is taken"


def _engine(path: Path) -> Engine:
    """One connection for the life of the store. Transactions begin when SQLAlchemy says so, and not when the driver
    sees the first change: only so do migrations come whole or not at all."""
    engine = sa.create_engine(
        f"sqlite:///{path}",
        poolclass=StaticPool,
        connect_args={"check_same_thread": False, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA busy_timeout=5000")

    @event.listens_for(engine, "begin")
    def _start(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
