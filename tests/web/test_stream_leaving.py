"""Clients that come and go at the wrong moment: what they held is free, and what they may not see stays unseen."""

import asyncio
import re
import socket
from pathlib import Path

import orjson
import pytest

from livedash.base import limits
from livedash.stream.tail import Tail, Tails
from tests.server import ADMIN, STREAM, Client, bearer, serving
from tests.wire import PATIENCE, RECORDS, STREAMED, connected, following, metric, numbers, request

RECORD = {"text": "x" * 60_000}


async def test_who_leaves_while_being_let_in_takes_no_place(tmp_path: Path):
    async with serving(tmp_path / "data", stream_connections_per_address=20) as client:
        await numbers(client, 1, 1)
        for number in range(60):
            async with connected(client) as (_, writer):
                writer.write(request("GET", f"{STREAMED}?tail=5&ping=1&fields=n{number % 30}", token=STREAM))
                await asyncio.sleep(0)
                writer.transport.abort()
        async with asyncio.timeout(PATIENCE):
            while await metric(client, "livedash_streams") or client.app.streams._open:
                await asyncio.sleep(0.01)
        async with following(client, where="data.n > 1") as stream:  # neither places nor filters are used up
            await numbers(client, 2, 2)
            assert (await stream.until("message")).json()["data"] == {"n": 2}


async def test_what_changes_while_somebody_is_let_in_concerns_them_too(client: Client, monkeypatch: pytest.MonkeyPatch):
    asked, turn, real = asyncio.Event(), asyncio.Event(), Tails.of

    async def of(*words: object) -> Tail:
        tail = await real(*words)  # type: ignore[arg-type]
        asked.set()
        await turn.wait()
        return tail

    async with connected(client) as (reader, writer):
        with monkeypatch.context() as patched:
            patched.setattr(Tails, "of", of)
            writer.write(request("GET", STREAMED, token=STREAM))
            await asked.wait()
        path = "/api/pipelines/weather/stream-token"
        (await client.request("DELETE", path, headers=bearer(ADMIN))).raise_for_status()
        await client.app.streams.settled()
        turn.set()
        await reader.readuntil(b":\n\n")
        await numbers(client, 1, 1)
        assert re.fullmatch(rb"retry: \d+\nevent: gone\ndata: .*\n\nretry: \d+\n\n", await reader.read())


async def test_a_stream_behind_a_large_answer_waits_until_that_is_read(client: Client):
    """uvicorn's protocol was told that the client takes nothing; the line that follows it must know."""
    for _ in range(6):
        await client.append(orjson.dumps([RECORD] * 10))
    loop = asyncio.get_running_loop()
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect((client.base_url.host, client.base_url.port))
        sock.setblocking(False)
        both = request("GET", f"{RECORDS}?limit=60", token=STREAM) + request("GET", STREAMED, token=STREAM)
        await loop.sock_sendall(sock, both)
        async with asyncio.timeout(PATIENCE):
            while not client.app.streams._open:
                await asyncio.sleep(0.01)
        [stream] = client.app.streams._open
        held = stream._line._transport.get_write_buffer_size()
        for _ in range(10):
            await client.append(orjson.dumps([RECORD] * 10))
        async with following(client, tail="1") as other:
            await other.next()
        assert stream._line._transport.get_write_buffer_size() <= held
        received = bytearray()
        async with asyncio.timeout(PATIENCE):
            while not re.search(rb"\nid: \w+-160\n", received[-2 * len(RECORD["text"]) :]):
                received += await loop.sock_recv(sock, 1 << 20)
    got = re.findall(rb"^id: \w+-(\d+)$", received, re.MULTILINE)
    assert [int(offset) for offset in got] == list(range(61, 161))


async def test_a_filter_of_a_long_log_holds_up_nobody(client: Client, monkeypatch: pytest.MonkeyPatch):
    """Nor does it leave its client without a sign of life, or without a place to go on from."""
    monkeypatch.setattr(limits, "KEEPALIVE_SECONDS", 0.0)
    for first in range(1, 5_001, 1_000):
        await numbers(client, first, first + 999)
    async with following(client, tail="5000", where="data.n > 4990") as stream:
        await numbers(client, 5_001, 5_001)  # answered long before the filter has come so far
        pings = [await stream.next()]
        while (event := await stream.next()).event == "ping":
            pings.append(event)
    assert event.json()["data"] == {"n": 4991}
    offsets = [int(ping.id.split("-")[1]) for ping in pings]
    assert offsets == sorted(offsets) and len(offsets) > 100, "it is said how far it is"
