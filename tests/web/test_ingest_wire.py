"""Ingest from clients that are slow, broken off or clever with the protocol: raw sockets."""

import asyncio

import orjson
import pytest

from livedash.base import limits
from tests.server import Client
from tests.wire import RECORDS, answer, connected, exchange, metric, post, request, stored, until


async def test_a_body_cut_off_stores_nothing(client: Client):
    head = request("POST", RECORDS, "Content-Length: 100")
    assert await exchange(client, head + b'{"n":1}', end=True) == b""
    chunked = request("POST", RECORDS, "Transfer-Encoding: chunked")
    assert await exchange(client, chunked + b'7\r\n{"n":1}\r\n', end=True) == b""
    await until(client, 'livedash_http_requests_total{route="records",status="499"}', 2)
    assert await stored(client) == []


async def test_a_length_shorter_than_the_body(client: Client):
    """The rest is read as the next request, which it is not."""
    head = request("POST", RECORDS, "Content-Length: 5")
    async with connected(client) as (reader, writer):
        writer.write(head + b'{"n":')
        assert (await answer(reader))[0] == 400
        writer.write(b"1}\r\n\r\n")
        assert b" 400 " in await reader.read()
    assert await stored(client) == []


async def test_a_slow_body_is_given_up(client: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.1)
    came = await exchange(client, request("POST", RECORDS, "Content-Length: 100") + b'{"n"')
    assert came.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in came.lower()
    assert orjson.loads(came.partition(b"\r\n\r\n")[2])["status"] == 408
    assert await stored(client) == []


async def test_too_long_is_said_before_it_is_sent(client: Client):
    size = limits.BODY_BYTES + 1
    async with connected(client) as (reader, writer):
        writer.write(request("POST", RECORDS, f"Content-Length: {size}"))
        assert (await answer(reader))[0] == 413
        writer.write(bytes(size) + post(b'{"n":1}'))  # who sends it all the same is heard out, and can go on
        assert (await answer(reader))[0] == 200


async def test_chunked(client: Client):
    async with connected(client) as (reader, writer):
        writer.write(request("POST", RECORDS, "Transfer-Encoding: chunked"))
        for part in (b'3\r\n[{"\r\n', b'd\r\nn":1},{"n":2}\r\n', b"1\r\n]\r\n", b"0\r\n\r\n"):
            writer.write(part)
            await writer.drain()
        status, outcome = await answer(reader)
    assert (status, outcome["accepted"]) == (200, 2)
    assert await stored(client) == [{"n": 1}, {"n": 2}]


async def test_pipelined_requests_are_answered_in_order(client: Client):
    bodies = [b'{"n":1}', b"{", b'[{"n":2},{"n":3}]', b"1", b'{"n":4}']
    async with connected(client) as (reader, writer):
        writer.write(b"".join(post(body) for body in bodies))
        answers = [await answer(reader) for _ in bodies]
    assert [status for status, _ in answers] == [200, 400, 200, 422, 200]
    assert [outcome.get("last") for _, outcome in answers] == [1, None, 3, None, 4]


async def test_expect_continue(client: Client):
    async with connected(client) as (reader, writer):
        writer.write(request("POST", RECORDS, "Content-Length: 7", "Expect: 100-continue"))
        assert await answer(reader) == (100, None)
        writer.write(b'{"n":1}')
        assert (await answer(reader))[0] == 200


async def test_expect_continue_is_not_asked_of_whom_we_refuse(client: Client):
    async with connected(client) as (reader, writer):
        writer.write(request("POST", RECORDS, "Content-Length: 7", "Expect: 100-continue", token="nobody-knows-it"))
        assert (await answer(reader))[0] == 401


async def test_who_leaves_before_the_answer_has_stored_all_the_same(client: Client):
    async with connected(client) as (_, writer):
        writer.write(post(b'{"n":1}'))
        await writer.drain()
    await until(client, 'livedash_ingest_records_total{pipeline="weather"}', 1)
    assert await stored(client) == [{"n": 1}]


async def test_many_connections_at_once(client: Client):
    async def one(number: int) -> int:
        async with connected(client) as (reader, writer):
            for _ in range(3):
                writer.write(post(b'{"n":%d}' % number))
                assert (await answer(reader))[0] == 200
        return number

    await asyncio.gather(*map(one, range(100)))
    found = sorted(data["n"] for data in await stored(client))
    assert found == sorted([*range(100)] * 3)
    assert await metric(client, 'livedash_http_requests_total{route="records",status="200"}') == 300
