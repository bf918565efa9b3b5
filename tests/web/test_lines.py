"""What is written past ASGI: streams that share a broadcast, answers in one write, and the way without either."""

import asyncio
import re
from typing import Any

import pytest
from starlette.types import Message

from livedash.web.lines import Protocol
from tests.server import STREAM, Client
from tests.wire import PATIENCE, STREAMED, answer, connected, post, request

OFFSET = re.compile(rb"^id: [a-z0-9]+-(\d+)$", re.MULTILINE)


def offsets(received: bytes) -> list[int]:
    return [int(found) for found in OFFSET.findall(received)]


async def test_an_answer_leaves_in_one_write(client: Client, monkeypatch: pytest.MonkeyPatch):
    writes: list[bytes] = []
    made = Protocol.connection_made

    def watched(protocol: Protocol, transport: asyncio.Transport) -> None:
        made(protocol, transport)
        protocol.transport = Watched(transport, writes)

    monkeypatch.setattr(Protocol, "connection_made", watched)
    async with connected(client) as (reader, writer):
        writer.write(post(b'{"n": 1}'))
        await answer(reader)
    (whole,) = writes
    assert whole.startswith(b"HTTP/1.1 200")
    assert whole.endswith(b'"errors":[]}')


class Watched(asyncio.Transport):
    """A transport that remembers its writes."""

    def __init__(self, transport: asyncio.Transport, writes: list[bytes]) -> None:
        super().__init__()
        self._transport = transport
        self._writes = writes

    def write(self, data: Any) -> None:
        self._writes.append(bytes(data))
        self._transport.write(data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self._transport.close()


async def test_a_head_without_a_body_is_not_kept_back(client: Client):
    async with connected(client) as (reader, writer):
        writer.write(request("HEAD", "/healthz"))
        head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")


async def test_who_reads_slowly_gets_everything_and_holds_nobody_up(client: Client):
    async with connected(client) as (slow, to_slow), connected(client) as (fast, to_fast):
        for reader, writer in ((slow, to_slow), (fast, to_fast)):
            writer.write(request("GET", STREAMED, token=STREAM))
            await reader.readuntil(b":\n\n")
        last = 300  # of 60 kB each: more than sockets and buffers between us take
        for _ in range(last // 10):
            await client.append(b"[" + b",".join([b'{"text": "%s"}' % (b"x" * 60_000)] * 10) + b"]")
            await _until_offset(fast, b"")
        assert offsets(await _all(slow, last)) == list(range(1, last + 1))


async def _until_offset(reader: asyncio.StreamReader, seen: bytes) -> None:
    async with asyncio.timeout(PATIENCE):
        while not OFFSET.search(seen):
            seen += await reader.read(1 << 20)


async def _all(reader: asyncio.StreamReader, last: int) -> bytes:
    received = b""
    async with asyncio.timeout(PATIENCE):
        while b'{"offset":%d,' % last not in received:
            received += await reader.read(1 << 20)
    return received


async def test_another_server_gets_the_same_through_asgi(client: Client):
    sent: asyncio.Queue[Message] = asyncio.Queue()
    never: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    scope = {
        "type": "http",
        "method": "GET",
        "path": STREAMED,
        "query_string": f"token={STREAM}".encode(),
        "headers": [(b"host", b"localhost")],
    }
    answering = asyncio.create_task(client.app.asgi(scope, lambda: never, sent.put))
    async with asyncio.timeout(PATIENCE):
        assert (await sent.get())["status"] == 200
        assert (await sent.get())["body"] == b":\n\n"
        await client.append('[{"n": 1}, {"n": 2}]')
        assert offsets((await sent.get())["body"]) == [1, 2]
    answering.cancel()
    await asyncio.gather(answering, return_exceptions=True)
