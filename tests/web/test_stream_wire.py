"""Streams on the wire: what proxies, old clients, slow clients and clients that vanished do to them."""

import asyncio
import ctypes
import re
import socket
import struct
from pathlib import Path

import orjson
import pytest

from livedash.base import limits
from livedash.web.asgi_line import AsgiLine
from tests.server import ADMIN, STREAM, Client, bearer, serving
from tests.wire import PATIENCE, STREAMED, Connection, connected, numbers, pipeline_of, request, until

OFFSET = re.compile(rb"^id: [a-z0-9]+-(\d+)$", re.MULTILINE)
FAREWELL = rb"^retry: \d+\n\n"
ASKED = request("GET", STREAMED, token=STREAM)
RECORD_BYTES = 60_000


def offsets(received: bytes) -> list[int]:
    return [int(found) for found in OFFSET.findall(received)]


async def opened(connection: Connection, asked: bytes = ASKED) -> bytes:
    """Its head, when the stream has begun."""
    reader, writer = connection
    writer.write(asked)
    return await reader.readuntil(b":\n\n")


async def received(reader: asyncio.StreamReader, last: int) -> bytes:
    """What comes up to the record with this offset; over plain ASGI it comes in chunks."""
    return await up_to(reader, rb"^id: \w+-%d\ndata: .*\n\n" % last)


async def up_to(reader: asyncio.StreamReader, pattern: bytes) -> bytes:
    parts: list[bytes] = []
    event = re.compile(pattern, re.MULTILINE)
    async with asyncio.timeout(PATIENCE):
        while not event.search(b"".join(parts[-10:])):
            parts.append(await reader.read(1 << 16))
    return b"".join(parts)


async def large(client: Client, count: int) -> None:
    """So many records of 60 kB."""
    for _ in range(count // 10):
        await client.append(orjson.dumps([{"text": "x" * RECORD_BYTES}] * 10))


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_the_same_bytes_for_old_and_new_clients(client: Client, version: str):
    """No chunks: a client of HTTP/1.0 would take their sizes for lines of the stream."""
    async with connected(client) as connection:
        asked = f"GET {STREAMED}?token={STREAM} HTTP/{version}\r\nHost: localhost\r\n\r\n".encode()
        head = (await opened(connection, asked)).lower()
        assert b"transfer-encoding" not in head and b"content-length" not in head
        assert b"\r\nconnection: close\r\n" in head
        await numbers(client, 1, 2)
        body = await received(connection[0], 2)
    assert re.fullmatch(rb"retry: \d+\n(id: \w+-\d+\ndata: \{.*\}\n\n){2}", body)


async def test_a_second_request_behind_a_stream_gets_no_answer(both: Client):
    """Nor does it get in the way: a proxy that sends it has to open another connection."""
    async with connected(both) as connection:
        await opened(connection, ASKED + request("GET", "/healthz") + ASKED)
        connection[1].write(request("GET", "/healthz"))
        await numbers(both, 1, 3)
        body = await received(connection[0], 3)
    assert offsets(body) == [1, 2, 3]
    assert b"HTTP/1.1" not in body


async def test_a_stream_behind_another_request_waits_for_its_turn(both: Client):
    async with connected(both) as (reader, writer):
        writer.write(request("GET", "/healthz") + ASKED)
        assert (await reader.readuntil(b'{"status":"ok"}')).startswith(b"HTTP/1.1 200")
        assert b"text/event-stream" in await reader.readuntil(b":\n\n")
        await numbers(both, 1, 1)
        assert offsets(await received(reader, 1)) == [1]


async def test_a_client_that_will_not_stop_talking_is_cut_off(client: Client):
    async with connected(client) as connection:
        await opened(connection)
        with pytest.raises(ConnectionError):
            while True:
                connection[1].write(b"x" * limits.RECEIVED_BYTES)
                await connection[1].drain()
                await asyncio.sleep(0)


async def test_who_reads_nothing_costs_a_named_number_of_bytes(both: Client):
    """Of ours; what the system keeps for its socket comes on top. And it gets everything as soon as it reads."""
    async with connected(both) as slow, connected(both) as fast:
        await opened(slow)
        await opened(fast)
        for count in range(10, 401, 10):  # 24 MB: far more than the sockets between us take
            await large(both, 10)
            await received(fast[0], count)
        held = max(_held(stream) for stream in both.app.streams._open)
        assert held <= limits.LINE_BYTES + limits.FRAME_BYTES + limits.RECORD_BYTES + 1_000
        assert offsets(await received(slow[0], 400)) == list(range(1, 401))
        await numbers(both, 1, 1)
        assert offsets(await received(slow[0], 401)) == offsets(await received(fast[0], 401)) == [401]


def _held(stream) -> int:
    line = stream._line
    return line._size if isinstance(line, AsgiLine) else line._transport.get_write_buffer_size()


async def test_who_is_let_go_while_behind_gets_what_was_sent_and_nothing_more(both: Client):
    """What it takes after that must not bring it back among those who are written to."""
    async with connected(both) as slow, connected(both) as fast:
        await opened(slow)
        await opened(fast)
        count = 0
        while not any(stream._line.behind for stream in both.app.streams._open):
            count += 10
            await large(both, 10)
            await received(fast[0], count)
        before = set(both.app.streams._open)
        await revoke(both)
        await numbers(both, 1, 1)
        body = await up_to(slow[0], FAREWELL)
        assert offsets(body) == list(range(1, offsets(body)[-1] + 1)), "what was sent before arrives"
        assert len(offsets(body)) < count
        assert b"event: gone" in body
        await up_to(fast[0], FAREWELL)
    assert not both.app.streams._open
    assert [stream._follower._channel.followers for stream in before] == [0, 0]
    assert not any(stream._follower._channel.lines.everybody() for stream in before)


async def revoke(client: Client) -> None:
    path = "/api/pipelines/weather/stream-token"
    (await client.request("DELETE", path, headers=bearer(ADMIN))).raise_for_status()


async def test_ten_thousand_records_are_replayed(both: Client):
    for first in range(1, 10_001, 2_500):
        await numbers(both, first, first + 2_499)
    epoch = (await pipeline_of(both))["log"]["epoch"]
    async with connected(both) as connection:
        await opened(connection, request("GET", f"{STREAMED}?last_event_id={epoch}-0", token=STREAM))
        assert offsets(await received(connection[0], 10_000)) == list(range(1, 10_001))


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the system has no TCP_USER_TIMEOUT")
async def test_a_client_that_vanished_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Half-open TCP: no packet says that it has gone, as when a phone leaves its network."""
    monkeypatch.setattr(limits, "UNACKED_SECONDS", 1)
    async with serving(tmp_path / "data") as client, connected(client) as connection:
        await opened(connection)
        await until(client, "livedash_streams", 1)
        _hear_nothing(connection[1].get_extra_info("socket"))
        await numbers(client, 1, 1)
        async with asyncio.timeout(PATIENCE):
            while client.app.streams._open:
                await asyncio.sleep(0.05)


def _hear_nothing(sock: socket.socket) -> None:
    """Drop every packet that arrives, before TCP sees it: a filter of one instruction, `return 0`."""
    program = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
    sock.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HL", 1, ctypes.addressof(program)))  # SO_ATTACH_FILTER
