"""The catalog on disk: what is written is read back, whole or not at all."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from livedash.base.secrets import Vault
from livedash.catalog.changes import (
    DropDashboard,
    DropPipeline,
    DropSink,
    DropToken,
    PutApplied,
    PutDashboard,
    PutPipeline,
    PutSink,
    PutToken,
)
from livedash.catalog.entries import TokenKind
from livedash.catalog.store import Store
from livedash.model.errors import Conflict, StorageError

from .conftest import KEY, a_dashboard, a_pipeline, a_sink, a_token


def team_of(store: Store) -> str:
    return store.load().teams[0].id


def test_a_new_catalog_has_one_team_and_nothing_else(store: Store) -> None:
    snapshot = store.load()
    assert [team.slug for team in snapshot.teams] == ["main"]
    assert (snapshot.pipelines, snapshot.dashboards, snapshot.tokens, snapshot.applied) == ((), (), (), {})


def test_what_is_written_is_read_back_after_reopening(store: Store, path: Path) -> None:
    team = team_of(store)
    stream = a_token(TokenKind.STREAM, "pl_weather", "d1", text="stream-text", reference="${S}", main=True)
    ingest = a_token(TokenKind.INGEST, "pl_weather", "d2", until=2**60)
    written = store.write(
        [
            PutPipeline(a_pipeline(team, paused=True)),
            PutDashboard(a_dashboard(team, auto="pl_weather")),
            PutSink(a_sink("pl_weather")),
            PutToken(stream),
            PutToken(ingest),
            PutApplied("file", {"pipelines": {}}),
        ]
    )
    store.close()
    again = Store(path, Vault(KEY))
    try:
        assert again.load() == written
    finally:
        again.close()
    revision = written.revision
    assert written.pipelines == (a_pipeline(team, revision=revision, paused=True),)
    expected = a_dashboard(team, auto="pl_weather", revision=revision)
    assert written.dashboards == (replace(expected, widgets=expected.widgets[::-1]),), "widgets in reading order"
    assert written.sinks == (a_sink("pl_weather", revision=revision),)
    assert set(written.tokens) == {stream, ingest}
    assert written.applied == {"file": {"pipelines": {}}}


def test_secrets_are_not_readable_in_the_files(store: Store, path: Path) -> None:
    token = a_token(TokenKind.STREAM, "pl_weather", "d1", text="a-very-visible-text")
    said = PutApplied("file", {"pipelines.weather.sinks.billing": {"url": "https://shop.example/hooks"}})
    store.write([PutPipeline(a_pipeline(team_of(store))), PutToken(token), PutSink(a_sink("pl_weather")), said])
    files = list(path.parent.iterdir())
    assert f"{path.name}-wal" in {file.name for file in files}, "what is written is looked for where it is"
    kept = b"".join(file.read_bytes() for file in files)
    assert b"pl_weather" in kept
    assert a_sink("pl_weather").id.encode() in kept
    for secret in (b"a-very-visible-text", b"whsec_", b"a-header-value", b"another", b"shop.example/hooks"):
        assert secret not in kept


def test_another_key_is_refused_with_what_to_do(store: Store, path: Path) -> None:
    token = a_token(TokenKind.STREAM, "pl_weather", "d1", text="text")
    store.write([PutPipeline(a_pipeline(team_of(store))), PutToken(token)])
    other = Store(path, Vault(b"x" * 32))
    with pytest.raises(StorageError, match="LIVEDASH_SECRET_KEY"):
        other.load()
    other.close()


def test_putting_again_replaces_with_all_widgets(store: Store) -> None:
    team = team_of(store)
    store.write([PutPipeline(a_pipeline(team)), PutDashboard(a_dashboard(team))])
    one = a_dashboard(team, title="New", widgets=a_dashboard(team).widgets[:1])
    snapshot = store.write([PutDashboard(one)])
    assert [(each.title, [w.id for w in each.widgets]) for each in snapshot.dashboards] == [("New", ["low"])]
    assert snapshot.pipelines[0].revision == snapshot.revision - 1, "only what changed gets the new revision"


def test_a_sinks_secrets_open_for_that_sink_only(store: Store) -> None:
    team = team_of(store)
    names = ("one", "two")
    store.write([PutPipeline(a_pipeline(team)), *(PutSink(a_sink("pl_weather", name)) for name in names)])
    with store._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sink SET sealed = (SELECT sealed FROM sink WHERE name = 'two')")
    with pytest.raises(StorageError, match="does not open"):
        store.load()


def test_sink_names_are_unique_on_a_pipeline_only(store: Store) -> None:
    team = team_of(store)
    puts = [PutPipeline(a_pipeline(team)), PutPipeline(a_pipeline(team, "other"))]
    store.write([*puts, PutSink(a_sink("pl_weather")), PutSink(a_sink("pl_other"))])
    with pytest.raises(Conflict, match="this sink has a name that is taken"):
        store.write([PutSink(a_sink("pl_weather", id="sk_3"))])
    again = a_sink("pl_weather", secrets=(), headers=(), start=None)
    snapshot = store.write([PutSink(again), DropSink("sk_pl_other_billing")])
    assert snapshot.sinks == (replace(again, revision=snapshot.revision),)
    with pytest.raises(Conflict):
        store.write([PutSink(a_sink("pl_nobody"))])


def test_dropping_takes_widgets_tokens_and_sinks_along(store: Store) -> None:
    team = team_of(store)
    store.write(
        [
            PutPipeline(a_pipeline(team)),
            PutDashboard(a_dashboard(team)),
            PutToken(a_token(TokenKind.INGEST, "pl_weather", "d1")),
            PutToken(a_token(TokenKind.API, None, "d2")),
            PutSink(a_sink("pl_weather")),
            PutApplied("file", 1),
        ]
    )
    snapshot = store.write([DropDashboard("db_weather"), DropPipeline("pl_weather"), PutApplied("file", None)])
    assert (snapshot.pipelines, snapshot.sinks, snapshot.dashboards, snapshot.applied) == ((), (), (), {})
    assert [token.kind for token in snapshot.tokens] == [TokenKind.API]
    assert store.write([DropToken("tk_d2")]).tokens == ()


def test_another_revision_is_a_conflict_and_changes_nothing(store: Store) -> None:
    before = store.load()
    change = PutPipeline(a_pipeline(team_of(store)))
    with pytest.raises(Conflict, match="meanwhile"):
        store.write([change], expected=before.revision - 1)
    assert store.load() == before
    assert store.write([change], expected=before.revision).revision == before.revision + 1


def test_a_taken_slug_undoes_the_whole_write(store: Store) -> None:
    team = team_of(store)
    before = store.load()
    with pytest.raises(Conflict, match="pipeline has a slug that is taken"):
        store.write([PutPipeline(a_pipeline(team)), PutPipeline(a_pipeline(team, id="pl_other"))])
    assert store.load() == before


def test_a_taken_token_and_a_needed_pipeline_are_conflicts(store: Store) -> None:
    team = team_of(store)
    store.write([PutPipeline(a_pipeline(team)), PutDashboard(a_dashboard(team, auto="pl_weather"))])
    with pytest.raises(Conflict, match="still needs it"):
        store.write([DropPipeline("pl_weather")])
    store.write([PutToken(a_token(TokenKind.API, None, "same"))])
    with pytest.raises(Conflict, match="token has a digest"):
        store.write([PutToken(a_token(TokenKind.API, None, "same", id="tk_2"))])


def test_driver_errors_become_ours(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").write_bytes(b"this is not a database, whatever its name says" * 100)
    with pytest.raises(StorageError, match=r"catalog\.db"):
        Store(tmp_path / "catalog.db", Vault(KEY))


def test_a_full_disk_becomes_ours(store: Store, path: Path) -> None:
    team = team_of(store)
    with store._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=30")
    from livedash.model.errors import StorageFull

    before = store.load()
    with pytest.raises(StorageFull):
        store.write([PutPipeline(a_pipeline(team, name="x" * 200_000))])
    assert store.load() == before


def test_the_file_is_in_wal_mode(store: Store, path: Path) -> None:
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
