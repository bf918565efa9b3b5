"""How sockets begin and end, byte by byte on a raw connection."""

import asyncio
import base64
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from livedash.base import limits
from tests.server import ADMIN, STREAM, Client, bearer
from tests.web.graphql.wire import EVENTS, PATH
from tests.wire import PATIENCE, connected, numbers

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
INIT = {"type": "connection_init", "payload": {"token": STREAM}}
ASK = {"id": "1", "type": "subscribe", "payload": {"query": "{ __typename }"}}
FOLLOW = {"id": "1", "type": "subscribe", "payload": {"query": EVENTS, "variables": {"p": "weather"}}}


def frame(data: bytes, opcode: int = TEXT, *, fin: bool = True, masked: bool = True) -> bytes:
    """As clients send it."""
    mask, bit = os.urandom(4), 0x80 if masked else 0
    size = len(data)
    if size < 126:
        length = bytes((bit | size,))
    elif size < 1 << 16:
        length = bytes((bit | 126,)) + struct.pack("!H", size)
    else:
        length = bytes((bit | 127,)) + struct.pack("!Q", size)
    payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data)) if masked else data
    return bytes(((0x80 if fin else 0) | opcode,)) + length + (mask if masked else b"") + payload


def said(*messages: Any) -> bytes:
    return b"".join(frame(message if isinstance(message, bytes) else orjson.dumps(message)) for message in messages)


class Raw:
    """A WebSocket on bare bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def frame(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame, which a server sends whole and without a mask."""
        async with asyncio.timeout(PATIENCE):
            first, second = await self.reader.readexactly(2)
            assert first & 0x80 and not first & 0x70 and not second & 0x80
            size = second
            if second == 126:
                (size,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif second == 127:
                (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
            return first & 0x0F, await self.reader.readexactly(size)

    async def message(self) -> Any:
        opcode, payload = await self.frame()
        assert opcode == TEXT, (opcode, payload)
        return orjson.loads(payload)

    async def closed(self) -> int:
        """The code that the server closes with; then, when that was answered, the connection ends."""
        while (got := await self.frame())[0] != CLOSE:
            pass
        self.writer.write(frame(got[1], CLOSE))
        async with asyncio.timeout(PATIENCE):
            assert await self.reader.read() == b""
        return int(struct.unpack("!H", got[1][:2])[0])


def handshake(*headers: str, protocol: str | None = "graphql-transport-ws", version: str = "HTTP/1.1") -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {PATH} {version}", "Host: localhost", "Upgrade: websocket", "Connection: keep-alive, Upgrade",
        f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13",
        *([f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []), *headers, "", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode()


@asynccontextmanager
async def raw(client: Client, *headers: str, protocol: str | None = "graphql-transport-ws") -> AsyncIterator[Raw]:
    """An open socket."""
    async with connected(client) as (reader, writer):
        writer.write(handshake(*headers, protocol=protocol))
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        assert (b"Sec-WebSocket-Protocol: graphql-transport-ws" in head) == (protocol == "graphql-transport-ws")
        assert b"Sec-WebSocket-Extensions" not in head, "nothing is deflated"
        yield Raw(reader, writer)


MATRIX = {
    "bad JSON": ([b"{"], 4400),
    "not UTF-8": ([b"\xff\xfe"], 4400),
    "an array": ([b"[]"], 4400),
    "null": ([b"null"], 4400),
    "an unknown type": ([{"type": "start"}], 4400),
    "a server's type": ([INIT, {"id": "1", "type": "next", "payload": {}}], 4400),
    "no id": ([INIT, {"type": "subscribe", "payload": {"query": "{a}"}}], 4400),
    "an id that is no text": ([INIT, {**ASK, "id": 1}], 4400),
    "a query that is no text": ([INIT, {**ASK, "payload": {"query": 1}}], 4400),
    "subscribe before init": ([ASK], 4401),
    "a wrong token": ([{"type": "connection_init", "payload": {"token": "nobody-knows"}}], 4403),
    "a token that is no text": ([{"type": "connection_init", "payload": {"token": 1}}], 4403),
    "an id twice": ([INIT, FOLLOW, FOLLOW], 4409),
    "two inits": ([INIT, INIT], 4429),
}


@pytest.mark.parametrize("case", MATRIX)
async def test_what_ends_a_socket_with_which_code(client: Client, case: str):
    messages, code = MATRIX[case]
    async with raw(client) as socket:
        socket.writer.write(said(*messages))
        assert await socket.closed() == code


@pytest.mark.parametrize("protocol", [None, "graphql-ws", "soap, graphql-ws"])
async def test_another_subprotocol_is_told(client: Client, protocol: str | None):
    async with raw(client, protocol=protocol) as socket:
        assert await socket.closed() == 4406


async def test_ours_is_chosen_among_several(client: Client):
    async with connected(client) as (reader, writer):
        writer.write(handshake(protocol="graphql-ws, graphql-transport-ws"))
        assert b"Sec-WebSocket-Protocol: graphql-transport-ws" in await reader.readuntil(b"\r\n\r\n")


async def test_who_does_not_show_who_it_is_is_sent_away(client: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "INIT_SECONDS", 0.1)
    async with raw(client) as socket:
        assert await socket.closed() == 4408


async def test_who_asks_for_nothing_is_sent_away_in_the_end(client: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "IDLE_SECONDS", 0.1)
    async with raw(client) as idle, raw(client) as busy:
        busy.writer.write(said(INIT, FOLLOW))
        idle.writer.write(said(INIT))
        assert await idle.closed() == 1001
        await busy.message()
        await numbers(client, 1, 1)
        assert (await busy.message())["type"] == "next", "who follows is not idle"


async def test_who_is_silent_is_asked_and_then_dropped(client: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "PING_SECONDS", 0.5)
    async with raw(client) as alive, raw(client) as dead:
        for socket in (alive, dead):
            socket.writer.write(said(INIT, FOLLOW))
            assert await socket.message() == {"type": "connection_ack"}
        for _ in range(3):
            assert await alive.message() == {"type": "ping"}
            alive.writer.write(said({"type": "pong"}))
        assert await dead.message() == {"type": "ping"}
        with pytest.raises(asyncio.IncompleteReadError):
            await dead.frame()


async def test_a_message_may_come_in_fragments_and_with_pings_between(client: Client):
    async with raw(client) as socket:
        text = orjson.dumps(INIT)
        parts = [
            frame(text[:9], fin=False),
            frame(b"there?", PING),
            frame(text[9:20], 0, fin=False),
            frame(text[20:], 0),
        ]
        for part in parts:
            socket.writer.write(part)
            await socket.writer.drain()
        assert await socket.frame() == (PONG, b"there?")
        assert await socket.message() == {"type": "connection_ack"}
        socket.writer.write(frame(orjson.dumps({"type": "ping"}), BINARY))
        assert await socket.message() == {"type": "pong"}, "bytes are read like text"


async def test_a_ping_comes_back_with_its_payload(client: Client):
    async with raw(client) as socket:
        socket.writer.write(said({"type": "ping", "payload": {"a": [1]}}, {"type": "ping"}, {"type": "pong"}))
        assert await socket.message() == {"type": "pong", "payload": {"a": [1]}}
        assert await socket.message() == {"type": "pong"}


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(b"x" * (limits.MESSAGE_BYTES + 1)), 1009),
        (frame(b"x" * 200_000, fin=False) + frame(b"x" * 200_000, 0), 1009),
        (frame(b"{}", masked=False), 1002),
        (frame(b"{}", 3), 1002),
        (frame(b"{}", 0), 1002),
    ],
)
async def test_what_is_no_websocket_is_told(client: Client, sent: bytes, code: int):
    async with raw(client) as socket:
        socket.writer.write(sent)
        assert (await socket.frame())[1][:2] == struct.pack("!H", code)


async def test_a_client_may_say_goodbye(client: Client):
    async with raw(client) as socket:
        socket.writer.write(said(INIT, FOLLOW))
        assert await socket.message() == {"type": "connection_ack"}
        socket.writer.write(frame(struct.pack("!H", 1000) + b"done", CLOSE))
        assert await socket.frame() == (CLOSE, struct.pack("!H", 1000) + b"done")
        assert await socket.reader.read() == b""


async def test_what_is_no_handshake_is_refused(client: Client):
    for asked, status in [
        (handshake().replace(b"Version: 13", b"Version: 8"), b"400"),
        (handshake().replace(b"Sec-WebSocket-Key", b"X-Key"), b"400"),
        (handshake(version="HTTP/1.0"), b"505"),
        (handshake().replace(b"keep-alive, Upgrade", b"keep-alive"), b"426"),
        (handshake().replace(b"GET", b"POST"), b"405"),
        (handshake("Origin: https://evil.example"), b"403"),
        (handshake().replace(b"localhost", b"evil.example"), b"421"),
    ]:
        async with connected(client) as (reader, writer):
            writer.write(asked)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.split()[1] == status, head
            if status != b"421":
                async with asyncio.timeout(PATIENCE):
                    await reader.read()  # the connection ends, since nobody reads on behind an upgrade


async def test_an_error_in_a_query_does_not_end_the_socket(client: Client):
    async with raw(client) as socket:
        socket.writer.write(said(INIT))
        await socket.message()
        for query in (
            "{",
            "{ nothing }",
            "subscription { nothing }",
            "query A { __typename } query B { __typename }",
            "",
        ):
            socket.writer.write(said({**ASK, "payload": {"query": query}}))
            answer = await socket.message()
            assert (answer["id"], answer["type"]) == ("1", "error"), query
            assert answer["payload"][0]["message"]
        socket.writer.write(said(ASK))  # the id is free again, and no `complete` came after `error`
        assert await socket.message() == {"id": "1", "type": "next", "payload": {"data": {"__typename": "Query"}}}
        assert await socket.message() == {"id": "1", "type": "complete"}


async def test_a_token_that_is_revoked_ends_the_socket(client: Client):
    wanted = {"kind": "stream", "pipeline": "weather"}
    token = (await client.request("POST", "/api/tokens", json=wanted, headers=bearer(ADMIN))).json()
    async with raw(client) as socket:
        socket.writer.write(said({"type": "connection_init", "payload": {"token": token["token"]}}, FOLLOW))
        assert await socket.message() == {"type": "connection_ack"}
        await client.request("DELETE", f"/api/tokens/{token['id']}", headers=bearer(ADMIN))
        assert await socket.closed() == 4403


async def test_a_stop_tells_clients_to_come_back(tmp_path: Any):
    from tests.server import serving

    async with serving(tmp_path / "data") as client:
        async with raw(client) as following, raw(client) as idle, raw(client) as new:
            following.writer.write(said(INIT, FOLLOW))
            idle.writer.write(said(INIT))
            assert await following.message() == await idle.message() == {"type": "connection_ack"}
            await client.app.stop()
            assert [await each.closed() for each in (following, idle, new)] == [1012] * 3
        async with raw(client) as late:
            assert await late.closed() == 1012, "who comes while it stops"
