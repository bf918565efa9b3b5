"""Streams that are not let in, as clients see it."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from livedash.base import limits
from livedash.web import event_streams
from livedash.web.admission import SOON_MS, SPREAD_MS
from tests.server import STREAM, Client, bearer, serving
from tests.wire import PATIENCE, STREAMED, Following, connected, following, metric, numbers, pipeline_of, request

SHOP = "https://a.shop.example"
ANOTHER = {"path": STREAMED.replace("weather", "other"), "token": "other-stream-token"}


async def let_in(client: Client, stream: Following, number: int) -> str:
    """That a stream goes on; its cursor."""
    await numbers(client, number, number)
    event = await stream.next()
    assert event.json()["data"] == {"n": number}
    return event.id


async def turned_away(client: Client, why: str, path: str = STREAMED, token: str = STREAM, **query: str) -> int:
    """That a stream ends at once in a way after which an EventSource comes back; in how many milliseconds."""
    name = f'livedash_streams_throttled_total{{reason="{why}"}}'
    before = await metric(client, name)
    client.headers["Origin"] = SHOP
    async with following(client, path, token, **query) as stream:
        assert stream.response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.response.headers["access-control-allow-origin"] == SHOP
        throttled = await stream.next()
        assert (throttled.event, throttled.id) == ("throttled", ""), "an id would be taken for a cursor"
        assert throttled.json().keys() == {"reason", "detail"}
        assert throttled.json()["reason"] == why
        wish = await stream.farewell()
    assert await metric(client, name) == before + 1
    return wish


async def nobody_there(client: Client) -> None:
    async with asyncio.timeout(PATIENCE):
        while await metric(client, "livedash_streams"):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("taken_over", [True, False])
async def test_a_place_is_free_when_somebody_has_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken_over: bool
):
    if not taken_over:
        monkeypatch.setattr(event_streams, "take_over", lambda *_: None)
    async with serving(tmp_path / "data", stream_connections=1) as client:
        for _ in range(3):
            async with connected(client) as (reader, writer):
                writer.write(request("GET", STREAMED, token=STREAM))
                await reader.readuntil(b"\r\n\r\n")
                assert SOON_MS <= await turned_away(client, "connections") <= SOON_MS + SPREAD_MS
                writer.transport.abort()
            await nobody_there(client)


async def test_who_is_turned_away_takes_no_place(tmp_path: Path):
    async with serving(tmp_path / "data", stream_connections=2) as client:
        async with following(client) as one, following(client):
            for _ in range(3):
                await turned_away(client, "connections")
            await let_in(client, one, 1)
            async with following(client, **ANOTHER):
                pass
        await nobody_there(client)
        async with following(client) as one, following(client) as two:
            await numbers(client, 2, 2)
            assert (await one.next()).json()["data"] == (await two.next()).json()["data"] == {"n": 2}


async def test_a_resume_is_no_new_stream(tmp_path: Path):
    async with serving(tmp_path / "data", stream_opens_per_minute=1) as client:
        async with following(client) as stream:
            cursor = await let_in(client, stream, 1)
        assert await turned_away(client, "opens") <= 120_000 + SPREAD_MS
        for number in (2, 3):
            async with following(client, last_event_id=cursor) as stream:
                cursor = await let_in(client, stream, number)
        epoch = (await pipeline_of(client))["log"]["epoch"]
        for invalid in ("0abc-1", f"{epoch}-4"):
            await turned_away(client, "opens", last_event_id=invalid)


async def test_an_answer_to_head_and_a_refusal_take_nothing(tmp_path: Path):
    async with serving(tmp_path / "data", stream_opens_per_minute=1) as client:
        assert (await client.head(STREAMED, headers=bearer(STREAM))).status_code == 200
        assert (await client.get(STREAMED, headers=bearer("nobody-knows-this"))).status_code == 401
        assert (await client.get(STREAMED, headers=bearer(STREAM), params={"where": "data.n >"})).status_code == 422
        async with following(client) as stream:
            await let_in(client, stream, 1)
        await turned_away(client, "opens")


async def test_an_address_is_counted_over_all_pipelines(tmp_path: Path):
    proxied = {"trusted_proxies": "127.0.0.1", "stream_connections_per_address": 2}
    async with serving(tmp_path / "data", **proxied) as client:
        client.headers["X-Forwarded-For"] = "198.51.100.1"
        async with following(client) as one, following(client, **ANOTHER):
            await turned_away(client, "address")
            client.headers["X-Forwarded-For"] = "198.51.100.2"
            async with following(client) as two:
                await numbers(client, 1, 1)
                assert (await one.next()).json()["data"] == (await two.next()).json()["data"] == {"n": 1}


async def test_so_many_filters_are_followed_at_a_time(tmp_path: Path):
    opens = limits.STREAM_SHAPES + 1
    async with serving(tmp_path / "data", stream_opens_per_minute=opens) as client, AsyncExitStack() as open:
        for number in range(limits.STREAM_SHAPES):
            await open.enter_async_context(following(client, where=f"data.n > {number}"))
        for _ in range(3):  # which uses up no place of the minute
            await turned_away(client, "filters", where="data.n > 1000")
        async with following(client, where="data.n > 0") as stream:
            await let_in(client, stream, 1)
