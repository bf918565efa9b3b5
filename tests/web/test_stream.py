"""A pipeline as Server-Sent Events: every record once and in order, whatever happens in between."""

import asyncio
from pathlib import Path

import orjson
import pytest

from livedash.base import limits
from livedash.model.errors import StorageError
from tests.server import STREAM, Client, bearer, serving
from tests.web.test_ingest import problem
from tests.wire import (
    PATIENCE,
    RECORDS,
    STREAMED,
    Following,
    connected,
    following,
    metric,
    numbers,
    pipeline_of,
    records,
    request,
    trim,
)


@pytest.fixture
def client(both: Client) -> Client:
    return both


async def offsets(stream: Following, count: int) -> list[int]:
    return [event.json()["offset"] for event in await stream.take(count)]


async def test_records_are_unnamed_events(client: Client):
    async with following(client) as stream:
        assert stream.response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.response.headers["cache-control"] == "no-store"
        cursor = (await client.append('{"s":"a\\nb\\r\\u2028"}')).json()["cursor"]
        event = await stream.next()
    assert (event.event, event.id) == ("message", cursor)
    assert [event.json()] == await records(client)


async def test_the_line_of_a_record_is_not_named(client: Client):
    """`onmessage` of a browser hears events without a name only."""
    async with connected(client) as (reader, writer):
        writer.write(request("GET", STREAMED, token=STREAM))
        await reader.readuntil(b":\n\n")
        cursor = (await client.append('{"n":1}')).json()["cursor"]
        chunk = await reader.readuntil(b"}\n\n")
    assert chunk.strip().split(b"\n")[-2] == b"id: " + cursor.encode()
    assert b"event:" not in chunk


async def test_without_a_cursor_from_now_on(client: Client):
    await numbers(client, 1, 3)
    async with following(client) as stream:
        await numbers(client, 4, 5)
        assert await offsets(stream, 2) == [4, 5]


async def test_resume(client: Client):
    await numbers(client, 1, 250)
    epoch = (await pipeline_of(client))["log"]["epoch"]
    async with following(client, last_event_id=f"{epoch}-0") as stream:
        assert await offsets(stream, 250) == list(range(1, 251))
        await numbers(client, 251, 252)
        assert await offsets(stream, 2) == [251, 252]
    headers = bearer(STREAM) | {"Last-Event-ID": f"{epoch}-249"}  # a browser's, and newer than what the query says
    async with client.stream("GET", STREAMED, params={"last_event_id": f"{epoch}-7"}, headers=headers) as response:
        assert await offsets(Following(response), 3) == [250, 251, 252]


async def test_a_cursor_that_is_none(client: Client):
    response = await client.get(STREAMED, params={"last_event_id": "nonsense"}, headers=bearer(STREAM))
    assert response.status_code == 400
    problem(response)


async def test_an_id_of_another_stream_is_a_gap(client: Client):
    """An EventSource sends what it was given before under the same address; an error would end it for good."""
    await numbers(client, 1, 2)
    headers = bearer(STREAM) | {"Last-Event-ID": "2026-11-25T12:00:00Z/17"}
    async with client.stream("GET", STREAMED, headers=headers) as response:
        stream = Following(response)
        gap = await stream.next()
        assert (gap.event, gap.json()) == ("gap", {"from": 1, "to": None, "reason": "epoch"})
        assert await offsets(stream, 2) == [1, 2]


async def test_gaps_are_said(client: Client):
    first = await trim(client)
    epoch = (await pipeline_of(client))["log"]["epoch"]
    for cursor, gap, goes_on in [
        (f"{epoch}-5", {"from": 6, "to": first - 1, "reason": "trimmed"}, first),
        ("0abc-5", {"from": 6, "to": None, "reason": "epoch"}, first),
    ]:
        async with following(client, last_event_id=cursor) as stream:
            event = await stream.next()
            assert (event.event, event.json()) == ("gap", gap)
            assert event.id == f"{epoch}-{goes_on - 1}"  # who breaks off here is not told again
            assert await offsets(stream, 2) == [goes_on, goes_on + 1]
    async with following(client, last_event_id=f"{epoch}-5000") as stream:
        event = await stream.next()
        assert (event.event, event.json()) == ("gap", {"from": 3001, "to": 5000, "reason": "ahead"})
        await numbers(client, 3001, 3001)
        assert await offsets(stream, 1) == [3001]
    assert await metric(client, "livedash_gaps_total") == 3


async def test_silence_is_kept_alive(client: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "KEEPALIVE_SECONDS", 0.05)
    async with connected(client) as (reader, writer):
        writer.write(request("GET", STREAMED, token=STREAM))
        for _ in range(3):
            await reader.readuntil(b":keepalive\n\n")


async def test_nothing_is_lost_or_doubled_while_connecting(client: Client):
    """Clients come while records do: what is replayed and what comes live must meet without a seam."""
    last = 400
    epoch = (await pipeline_of(client))["log"]["epoch"]

    async def append() -> None:
        for first in range(1, last + 1, 4):
            await numbers(client, first, first + 3)

    async def follow(begin: int) -> list[int]:
        seen: list[int] = []
        while len(seen) < last:  # and now and then they break off and come back
            cursor = f"{epoch}-{len(seen)}"
            async with following(client, last_event_id=cursor) as stream:
                seen += await offsets(stream, min(last - len(seen), 50 + begin))
        return seen

    async with asyncio.timeout(4 * PATIENCE):
        *seen, _ = await asyncio.gather(*map(follow, range(0, 200, 20)), append())
    assert all(each == list(range(1, last + 1)) for each in seen)


async def test_over_a_restart(tmp_path: Path):
    async with serving(tmp_path / "data") as client:
        await numbers(client, 1, 5)
        epoch = (await pipeline_of(client))["log"]["epoch"]
        async with following(client, last_event_id=f"{epoch}-0") as stream:
            cursor = (await stream.take(2))[-1].id
    async with serving(tmp_path / "data") as client:
        await numbers(client, 6, 6)
        async with following(client, last_event_id=cursor) as stream:
            assert await offsets(stream, 4) == [3, 4, 5, 6]


async def test_head(client: Client):
    response = await client.head(STREAMED, headers=bearer(STREAM))
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"


async def test_an_old_client(client: Client):
    """HTTP/1.0: what an EventSource would read from it are the records."""
    async with connected(client) as (reader, writer):
        writer.write(f"GET {STREAMED}?token={STREAM} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        await reader.readuntil(b":\n\n")
        await numbers(client, 1, 2)
        lines = (await reader.readuntil(b'{"n":2}}\n\n')).splitlines()
    found = [orjson.loads(line[6:]) for line in lines if line.startswith(b"data: ")]
    assert found == await records(client)


async def test_a_client_that_leaves_is_forgotten(client: Client):
    async with following(client):
        assert await metric(client, "livedash_streams") == 1
    async with asyncio.timeout(PATIENCE):
        while await metric(client, "livedash_streams"):
            await asyncio.sleep(0.01)


async def test_a_client_that_reads_nothing_holds_up_nobody(client: Client):
    body = orjson.dumps([{"text": "x" * 60_000}] * 10)
    async with connected(client) as (_, writer), following(client) as quick:
        writer.write(request("GET", STREAMED, token=STREAM))
        for count in range(1, 41):  # 24 MB: far more than the buffers between
            await client.append(body)
            assert (await offsets(quick, 10))[-1] == count * 10
    assert (await client.get(RECORDS, headers=bearer(STREAM))).status_code == 200


async def test_a_log_that_fails_ends_no_event_source_for_good(client: Client, monkeypatch: pytest.MonkeyPatch):
    async def failing(*_: object) -> None:
        raise StorageError("the disk has gone")

    monkeypatch.setattr(client.app.tails, "of", failing)
    response = await client.get("/api/pipelines/weather/stream", headers=bearer(STREAM))
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    assert "retry: " in response.text
