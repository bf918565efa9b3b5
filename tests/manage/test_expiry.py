"""Tokens whose time is over leave the catalog by themselves, and everybody hears of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from livedash.base import clock
from livedash.catalog.catalog import Catalog
from livedash.catalog.changes import PutToken
from livedash.catalog.entries import TokenKind
from livedash.manage.edit import Editor
from livedash.manage.expiry import Expiry

from .support import ADMIN, head_of

HOUR = 3600


@pytest.fixture
async def editor(catalog: Catalog) -> Editor:
    editor = Editor(catalog, clock.now, head_of)
    await editor.put_pipeline(ADMIN, "p", {"stream_token": "the-first-one"})
    return editor


@asynccontextmanager
async def expiring(catalog: Catalog) -> AsyncIterator[None]:
    task = asyncio.create_task(Expiry(catalog, clock.now).run())
    yield
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def digests(catalog: Catalog) -> int:
    return sum(token.kind is TokenKind.STREAM for token in catalog.snapshot.tokens)


async def until_left(catalog: Catalog, count: int) -> None:
    async with asyncio.timeout(5):
        while digests(catalog) != count:
            await catalog.directory.changed(catalog.directory.revision)


async def test_one_goes_when_its_time_comes(catalog: Catalog, editor: Editor) -> None:
    async with expiring(catalog):
        rotated = await editor.rotate_stream_token(ADMIN, "p", 0.2)
        assert digests(catalog) == 2
        await until_left(catalog, 1)
        assert rotated.previous_until is not None
        assert clock.now() >= rotated.previous_until
        assert catalog.directory.grant(rotated.text) is not None
        await editor.rotate_stream_token(ADMIN, "p", 0.1)
        await until_left(catalog, 1)  # and the next one too


async def test_a_sooner_end_than_the_one_it_waits_for(catalog: Catalog, editor: Editor) -> None:
    async with expiring(catalog):
        await editor.rotate_stream_token(ADMIN, "p", HOUR)
        await asyncio.sleep(0)
        await editor.rotate_stream_token(ADMIN, "p", 0.2)
        await until_left(catalog, 1)


async def test_what_was_over_at_the_start_goes_and_others_stay(catalog: Catalog, editor: Editor) -> None:
    await editor.rotate_stream_token(ADMIN, "p", HOUR)
    await editor.put_pipeline(ADMIN, "q", {})
    q = catalog.directory.pipeline("q")
    assert q is not None
    for token in [each for each in catalog.snapshot.tokens if each.pipeline == q.id]:
        await catalog.write([PutToken(replace(token, until=clock.now()))])
    async with expiring(catalog):
        await until_left(catalog, 2)
    assert q.id not in {token.pipeline for token in catalog.snapshot.tokens}


async def test_nothing_is_written_when_nothing_is_over(catalog: Catalog, editor: Editor) -> None:
    await editor.rotate_stream_token(ADMIN, "p", HOUR)
    revision = catalog.directory.revision
    async with expiring(catalog):
        await editor.rotate_stream_token(ADMIN, "p", HOUR)
        await catalog.change(lambda _: [])  # behind whatever the expiry may have begun
    assert catalog.directory.revision == revision + 1
