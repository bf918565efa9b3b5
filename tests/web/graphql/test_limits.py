"""What one client may take, what it is told at the limit, and that nothing of it is left when it has gone."""

import asyncio
import gc
from pathlib import Path
from typing import Any

import orjson
import pytest

from livedash.base import limits
from livedash.web.entrance import Entrance
from livedash.web.front import Front
from livedash.web.graphql.session import Session
from livedash.web.graphql.sockets import Sockets
from livedash.web.graphql.subscription import Subscription
from tests.server import ADMIN, Client, serving
from tests.web.graphql.test_close_codes import FOLLOW, INIT, Raw, handshake, raw, said
from tests.web.graphql.wire import EVENTS, begun, socket
from tests.wire import PATIENCE, metric, numbers, until


def sockets_of(client: Client) -> Sockets:
    front = client.app.asgi
    assert isinstance(front, Front)
    return front._plain.sockets


def entrance_of(client: Client) -> Entrance:
    return sockets_of(client).entrance


def open_streams(client: Client) -> int:
    return sum(client.app.streams._count.values())


async def none_left(client: Client) -> None:
    async with asyncio.timeout(PATIENCE):
        while open_streams(client):
            await asyncio.sleep(0.01)


async def test_a_socket_has_so_many_operations(client: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "GRAPHQL_OPERATIONS", 3)
    async with begun(client) as opened:
        ids = [await opened.follow() for _ in range(3)]
        over = await opened.start(EVENTS, p="weather")
        [error] = await opened.of(over, "error")
        assert error["extensions"]["code"] == "TOO_MANY_OPERATIONS"
        await opened.say(type="complete", id=ids[0])
        await opened.alive()
        again = await opened.follow()
        await numbers(client, 1, 1)
        for id in (*ids[1:], again):
            assert await opened.offsets(id, 1) == [1]


async def test_who_has_nothing_else_is_sent_away_when_a_pipeline_is_full(tmp_path: Path):
    async with serving(tmp_path / "data", stream_connections=2) as client, begun(client) as kept, begun(client) as late:
        await kept.follow()
        await kept.follow()
        await late.start(EVENTS, p="weather")
        code, reason = await late.closed()
        assert (code, reason) == (1013, "connections")
        third = await kept.start(EVENTS, p="weather")
        [error] = await kept.of(third, "error")
        assert error["extensions"]["code"] == "THROTTLED" and error["extensions"]["retryAfter"] > 0
        assert "LIVEDASH_STREAM_CONNECTIONS" in error["message"]
        await kept.alive()


async def test_resumes_do_not_count_as_new(tmp_path: Path):
    async with serving(tmp_path / "data", stream_opens_per_minute=1) as client:
        await numbers(client, 1, 1)
        async with begun(client, ADMIN) as opened:
            id = await opened.start('{ pipeline(id: "weather") { log { cursor } } }')
            cursor = (await opened.of(id))["data"]["pipeline"]["log"]["cursor"]
        async with begun(client) as first, begun(client) as resumed, begun(client) as second:
            await first.follow()
            await resumed.follow(after=cursor)
            await second.start(EVENTS, p="weather")
            assert await second.closed() == (1013, "opens")


async def test_so_many_sockets_are_open(tmp_path: Path):
    async with serving(tmp_path / "data", graphql_sockets=2) as client:
        async with begun(client), begun(client):
            async with socket(client) as third:
                assert (await third.closed())[0] == 1013
            assert await metric(client, 'livedash_streams_throttled_total{reason="sockets"}') == 1
        await until_zero(client, "livedash_sockets")
        async with begun(client) as again:
            await again.alive()


async def until_zero(client: Client, name: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while await metric(client, name):
            await asyncio.sleep(0.01)


async def test_shapes_have_a_limit(client: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "STREAM_SHAPES", 1)
    async with begun(client) as first, begun(client) as same, begun(client) as other:
        await first.follow()
        await same.follow()
        await other.start(EVENTS, p="weather", where="data.n > 1")
        assert await other.closed() == (1013, "filters")


async def test_a_subscription_is_metered_like_a_stream(client: Client):
    async with begun(client) as opened:
        id = await opened.follow()
        assert await metric(client, "livedash_streams") == 1
        await numbers(client, 1, 3)
        assert await opened.offsets(id, 3) == [1, 2, 3]
        counted = dict(entrance_of(client)._meter._counts)
        assert {key[0]: amount for key, amount in counted.items() if amount} == {
            "streams": 1, "events": 3, "bytes": sum(amount for key, amount in counted.items() if key[0] == "bytes"),
        }  # fmt: skip


async def test_who_takes_nothing_costs_little_and_catches_up(client: Client):
    """The subscriptions of one socket fall behind together, and none of them misses or repeats anything."""
    async with raw(client) as slow:
        slow.reader._transport.pause_reading()  # type: ignore[attr-defined]
        other = {**FOLLOW, "id": "22"}
        slow.writer.write(said(INIT, FOLLOW, other))
        await until(client, "livedash_streams", 2)
        body = orjson.dumps([{"n": n, "text": "x" * 20_000} for n in range(50)])
        for _ in range(12):
            (await client.append(body)).raise_for_status()
        [session] = sockets_of(client)._open
        async with asyncio.timeout(PATIENCE):
            while not session.behind:
                await asyncio.sleep(0.01)
        await numbers(client, 1, 1)
        await asyncio.sleep(0.1)
        held = session.line._transport.get_write_buffer_size()
        assert held <= limits.LINE_BYTES + 2 * (limits.FRAME_BYTES + 30_000)
        slow.reader._transport.resume_reading()  # type: ignore[attr-defined]
        assert await slow.message() == {"type": "connection_ack"}
        got: dict[str, list[int]] = {"1": [], "22": []}
        while sum(map(len, got.values())) < 2 * 601:
            message = await slow.message()
            got[message["id"]].append(message["payload"]["data"]["pipelineEvents"]["offset"])
        assert got == {"1": list(range(1, 602)), "22": list(range(1, 602))}
        await numbers(client, 2, 2)
        assert {(await slow.message())["id"] for _ in range(2)} == {"1", "22"}, "among the others again"


async def test_a_subscription_at_the_head_stays_there_while_its_neighbour_catches_up(client: Client):
    """Of two on one socket one falls behind; that the client has caught up is no news for the other."""
    async with raw(client) as slow:
        quiet = {**FOLLOW, "id": "22", "payload": {"query": EVENTS, "variables": {"p": "other"}}}
        slow.writer.write(said({**INIT, "payload": {"token": ADMIN}}, FOLLOW, quiet))
        assert await slow.message() == {"type": "connection_ack"}
        await until(client, "livedash_streams", 2)
        (await client.append(b'{"n": 1}', "other", token="other-ingest-token")).raise_for_status()
        assert (await slow.message())["id"] == "22"
        slow.reader._transport.pause_reading()  # type: ignore[attr-defined]
        body = orjson.dumps([{"text": "x" * 20_000} for _ in range(50)])
        for _ in range(12):
            (await client.append(body)).raise_for_status()
        [session] = sockets_of(client)._open
        async with asyncio.timeout(PATIENCE):
            while not session.behind:
                await asyncio.sleep(0.01)
        slow.reader._transport.resume_reading()  # type: ignore[attr-defined]
        got = [await slow.message() for _ in range(600)]
        assert {message["id"] for message in got} == {"1"}
        (await client.append(b'{"n": 2}', "other", token="other-ingest-token")).raise_for_status()
        event = (await slow.message())["payload"]["data"]["pipelineEvents"]
        assert (event["offset"], event["data"]) == (2, {"n": 2})


async def test_who_asks_much_and_takes_nothing_is_not_answered_more(client: Client, monkeypatch: pytest.MonkeyPatch):
    body = orjson.dumps([{"text": "x" * 20_000} for _ in range(100)])
    (await client.append(body)).raise_for_status()
    async with raw(client) as slow:
        slow.reader._transport.pause_reading()  # type: ignore[attr-defined]
        query = 'query { records(pipelineId: "weather") { edges { node { data } } } }'
        asks: list[Any] = [{"id": str(n), "type": "subscribe", "payload": {"query": query}} for n in range(50)]
        slow.writer.write(said(INIT, *asks))
        [session] = sockets_of(client)._open
        async with asyncio.timeout(PATIENCE):
            while not session.behind:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        assert session.line._transport.get_write_buffer_size() < (limits.GRAPHQL_AT_ONCE + 1) * 2_100_000
        slow.reader._transport.resume_reading()  # type: ignore[attr-defined]
        done = 0
        while done < 50:
            done += (await slow.message())["type"] == "complete"


async def test_nothing_is_left_of_2000_that_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Each shows who it is, subscribes twice, asks a query, and is gone without a word, some while records come."""
    begin, begun_ones = Subscription.begin, 0

    def counted(subscription: Subscription) -> None:
        nonlocal begun_ones
        begun_ones += 1
        begin(subscription)

    monkeypatch.setattr(Subscription, "begin", counted)
    async with serving(tmp_path / "data", stream_opens_per_minute=0) as client:
        for round in range(20):
            opened = await asyncio.gather(*(dropping(client) for _ in range(100)))
            await numbers(client, round * 10, round * 10 + 9)
            for number, dropped in enumerate(opened):
                dropped.writer.transport.abort()
                if number % 40 == 0:
                    await asyncio.sleep(0)
        await none_left(client)
        assert await metric(client, "livedash_streams") == await metric(client, "livedash_sockets") == 0
        assert not sockets_of(client)._open and not client.app.streams._open
        assert not entrance_of(client)._admission._of_pipeline and not entrance_of(client)._admission._of_address
        assert not entrance_of(client)._broadcast._channels
        gc.collect()
        assert not [each for each in gc.get_objects() if isinstance(each, Session | Subscription)]
        assert begun_ones > 2_000, "they were there"
        async with begun(client) as still:
            id = await still.follow()
            await numbers(client, 1, 1)
            assert len(await still.offsets(id, 1)) == 1


async def dropping(client: Client) -> Raw:
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    writer.write(handshake())
    await reader.readuntil(b"\r\n\r\n")
    ask = {"id": "q", "type": "subscribe", "payload": {"query": '{ pipeline(id: "weather") { log { last } } }'}}
    writer.write(said(INIT, FOLLOW, {**FOLLOW, "id": "2"}, ask))
    opened = Raw(reader, writer)
    assert await opened.message() == {"type": "connection_ack"}
    return opened
