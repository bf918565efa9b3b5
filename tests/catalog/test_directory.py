"""The catalog in memory: look-ups, changes and who waits for them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from livedash.base.secrets import Vault
from livedash.base.tokens import digest
from livedash.catalog.catalog import Catalog
from livedash.catalog.changes import Change, DropToken, PausePipeline, PutDashboard, PutPipeline, PutSink, PutToken
from livedash.catalog.entries import Grant, Snapshot, TokenKind
from livedash.model.errors import Conflict, NotFound

from .conftest import KEY, a_dashboard, a_pipeline, a_sink, a_token


@pytest.fixture
async def catalog(path: Path) -> AsyncIterator[Catalog]:
    catalog = await Catalog.open(path, Vault(KEY), "the admin token")
    yield catalog
    await catalog.close()


def team(catalog: Catalog) -> str:
    return catalog.snapshot.teams[0].id


async def test_things_are_found_by_slug_and_id_and_listed_by_slug(catalog: Catalog) -> None:
    names = ("b", "c", "a")
    await catalog.write([PutPipeline(a_pipeline(team(catalog), slug)) for slug in names])
    await catalog.write([PutDashboard(a_dashboard(team(catalog), slug)) for slug in names])
    directory = catalog.directory
    assert [each.slug for each in directory.pipelines()] == ["a", "b", "c"]
    assert [each.slug for each in directory.dashboards()] == ["a", "b", "c"]
    assert directory.pipeline("b") is directory.pipeline("pl_b") is not None
    assert directory.dashboard("b") is directory.dashboard("db_b") is not None
    assert directory.pipeline("db_b") is directory.dashboard("pl_b") is directory.pipeline("nobody") is None


async def test_sinks_are_found_by_id_and_by_name_on_their_pipeline(catalog: Catalog) -> None:
    directory = catalog.directory
    await catalog.write([PutPipeline(a_pipeline(team(catalog), slug)) for slug in ("b", "a")])
    await catalog.write([PutSink(a_sink(*place)) for place in (("pl_b", "y"), ("pl_b", "x"), ("pl_a", "y"))])
    assert [each.id for each in directory.sinks()] == ["sk_pl_a_y", "sk_pl_b_x", "sk_pl_b_y"]
    assert [each.id for each in directory.sinks("pl_b")] == ["sk_pl_b_x", "sk_pl_b_y"]
    found = directory.sink("sk_pl_b_y")
    assert found is directory.sink("y", "pl_b") is directory.sink("sk_pl_b_y", "pl_b")
    assert found is not None
    assert found.pipeline == "pl_b"
    assert directory.sink("y") is directory.sink("x", "pl_a") is None


async def test_a_token_opens_until_it_is_dropped(catalog: Catalog) -> None:
    token = a_token(TokenKind.INGEST, "pl_weather", digest("text"), id="tk_1")
    await catalog.write([PutPipeline(a_pipeline(team(catalog))), PutToken(token)])
    assert catalog.directory.grant("text") == Grant(TokenKind.INGEST, "pl_weather", "tk_1")
    assert catalog.directory.grant("the admin token") == Grant(TokenKind.API, None, "tk_admin")
    assert catalog.directory.grant(digest("text")) is None, "knowing the hash opens nothing"
    await catalog.write([DropToken("tk_1")])
    assert catalog.directory.grant("text") is None


async def test_a_pipelines_token_of_the_same_text_does_not_lock_the_admin_out(catalog: Catalog) -> None:
    token = a_token(TokenKind.INGEST, "pl_weather", digest("the admin token"))
    await catalog.write([PutPipeline(a_pipeline(team(catalog))), PutToken(token)])
    assert catalog.directory.grant("the admin token") == Grant(TokenKind.API, None, "tk_admin")


async def test_the_stream_token_is_the_main_one_else_the_newest(catalog: Catalog) -> None:
    tokens = [
        a_token(TokenKind.STREAM, "pl_weather", "d1", text="main", main=True, created=1),
        a_token(TokenKind.STREAM, "pl_weather", "d2", text="old", created=2),
        a_token(TokenKind.STREAM, "pl_weather", "d3", text="new", created=3),
        a_token(TokenKind.INGEST, "pl_weather", "d4", main=True, created=4),
    ]
    await catalog.write([PutPipeline(a_pipeline(team(catalog))), *map(PutToken, tokens)])
    for text in ("main", "new", "old"):
        assert catalog.directory.stream_token("pl_weather") == text
        [token] = [each for each in catalog.snapshot.tokens if each.text == text]
        await catalog.write([DropToken(token.id)])
    with pytest.raises(NotFound):
        catalog.directory.stream_token("pl_weather")


class HandClock:
    """A moment that a test sets."""

    now = 100

    def __call__(self) -> int:
        return self.now


async def test_a_token_opens_until_its_time_is_over(path: Path) -> None:
    clock = HandClock()
    catalog = await Catalog.open(path, Vault(KEY), "the admin token", clock)
    tokens = [
        a_token(TokenKind.STREAM, "pl_weather", digest("old"), id="tk_1", text="old", until=200),
        a_token(TokenKind.STREAM, "pl_weather", digest("new"), id="tk_2", text="new"),
        a_token(TokenKind.STREAM, "pl_weather", digest("the admin token"), id="tk_3", until=200),
    ]
    await catalog.write([PutPipeline(a_pipeline(team(catalog))), *map(PutToken, tokens)])
    clock.now = 199
    assert catalog.directory.grant("old") == Grant(TokenKind.STREAM, "pl_weather", "tk_1")
    clock.now = 200
    assert catalog.directory.grant("old") is None
    assert catalog.directory.grant("new") == Grant(TokenKind.STREAM, "pl_weather", "tk_2")
    assert catalog.directory.grant("the admin token") == Grant(TokenKind.API, None, "tk_admin")
    await catalog.close()
    again = await Catalog.open(path, Vault(KEY), clock=clock)
    assert again.directory.grant("old") is None, "nor after a restart"
    assert {each.id: each.until for each in again.snapshot.tokens} == {"tk_1": 200, "tk_2": None, "tk_3": 200}
    await again.close()


async def test_a_token_that_ends_is_not_shown_as_the_stream_token(catalog: Catalog) -> None:
    ending = a_token(TokenKind.STREAM, "pl_weather", "d1", text="old", main=True, created=9, until=2**60)
    lasting = a_token(TokenKind.STREAM, "pl_weather", "d2", text="further", created=1)
    await catalog.write([PutPipeline(a_pipeline(team(catalog))), PutToken(ending), PutToken(lasting)])
    assert catalog.directory.stream_token("pl_weather") == "further"
    await catalog.write([DropToken(lasting.id)])
    with pytest.raises(NotFound):
        catalog.directory.stream_token("pl_weather")


async def test_a_pause_is_no_new_revision_of_the_pipeline(catalog: Catalog) -> None:
    await catalog.write([PutPipeline(a_pipeline(team(catalog), slug)) for slug in ("weather", "other")])
    before, (other, weather) = catalog.directory.revision, catalog.directory.pipelines()
    for paused in (True, False):
        await catalog.write([PausePipeline("pl_weather", paused)])
        assert catalog.directory.pipelines() == (other, replace(weather, paused=paused))
    assert catalog.directory.revision == before + 2, "who waits for a change hears of it"


async def test_who_waits_for_a_change_is_woken_by_it(catalog: Catalog) -> None:
    revision = catalog.directory.revision
    assert await catalog.directory.changed(revision - 1) == revision, "it differs already"
    waiting = [asyncio.create_task(catalog.directory.changed(revision)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await catalog.write([PutPipeline(a_pipeline(team(catalog)))])
    assert await asyncio.gather(*waiting[1:]) == [revision + 1] * 2
    assert waiting[0].cancelled()


async def test_a_refused_change_leaves_the_directory_as_it_was(catalog: Catalog) -> None:
    before = catalog.snapshot
    twice: list[Change] = [PutPipeline(a_pipeline(team(catalog), id=id)) for id in ("pl_1", "pl_2")]
    with pytest.raises(Conflict):
        await catalog.write(twice)
    with pytest.raises(Conflict):
        await catalog.write(twice[:1], expected=before.revision + 1)
    assert catalog.snapshot is before


async def test_changes_are_decided_one_after_the_other(catalog: Catalog) -> None:
    def next_one(snapshot: Snapshot) -> list[Change]:
        return [PutPipeline(a_pipeline(team(catalog), f"p{len(snapshot.pipelines)}"))]

    revision = catalog.directory.revision
    await asyncio.gather(*(catalog.change(next_one) for _ in range(5)))
    assert [each.slug for each in catalog.directory.pipelines()] == ["p0", "p1", "p2", "p3", "p4"]
    before, after = await catalog.change(lambda _: [])
    assert before is after
    assert after.revision == revision + 5


async def test_a_write_whose_caller_goes_away_still_reaches_the_directory(catalog: Catalog) -> None:
    revision = catalog.directory.revision
    task = asyncio.create_task(catalog.write([PutPipeline(a_pipeline(team(catalog)))]))
    await asyncio.sleep(0)
    task.cancel()
    await catalog.directory.changed(revision)
    assert catalog.directory.pipeline("weather") is not None
