"""What is written past ASGI: streams that share a broadcast, answers in one write, and the way without either."""

import asyncio
import gc
import re
import weakref
from typing import Any

import pytest
from starlette.types import Message
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

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


async def test_uvicorn_is_as_a_take_over_finds_it(client: Client, monkeypatch: pytest.MonkeyPatch):
    """Everything private of it that `web/lines.py` touches. When this fails after an update of uvicorn, read there what
    became of it before anything else."""
    seen: list[Protocol] = []
    made = Protocol.on_message_begin

    def watched(protocol: Protocol) -> None:
        made(protocol)
        seen.append(protocol)

    monkeypatch.setattr(Protocol, "on_message_begin", watched)
    async with connected(client) as (reader, writer):
        writer.write(request("GET", "/healthz"))
        await answer(reader)
        (protocol,) = seen
        cycle = protocol.cycle
        assert isinstance(cycle, RequestResponseCycle)
        for name in ("transport", "response_started", "response_complete", "disconnected"):
            assert hasattr(cycle, name), name
        assert protocol in protocol.connections
        assert list(protocol.pipeline) == []
        assert callable(protocol._unset_keepalive_if_required) and callable(protocol._start_asgi_task)
        assert callable(protocol.flow.resume_reading) and protocol.flow.write_paused is False
        assert protocol.server_state.default_headers[0][0] == b"date"
        assert protocol.scope["extensions"] and protocol.headers and protocol.parser


async def test_a_stream_leaves_nothing_of_its_request_behind(client: Client, monkeypatch: pytest.MonkeyPatch):
    """No task, no parser, no protocol: what an open stream costs is its transport and its line."""
    protocols = weakref.WeakSet[Protocol]()
    made = Protocol.connection_made

    def noted(protocol: Protocol, transport: asyncio.Transport) -> None:
        made(protocol, transport)
        protocols.add(protocol)

    monkeypatch.setattr(Protocol, "connection_made", noted)
    tasks = len(asyncio.all_tasks())
    gc.disable()  # they must go by themselves, not when garbage is next collected
    try:
        async with connected(client) as (reader, writer):
            writer.write(request("GET", "/healthz"))
            await answer(reader)
            assert len(protocols) == 1
            writer.write(request("GET", STREAMED, token=STREAM))
            await reader.readuntil(b":\n\n")
            await client.append('{"n": 1}')
            await reader.readuntil(b"}\n\n")
            assert len(client.app.streams._open) == 1
            assert len(protocols) == 0
            assert len(asyncio.all_tasks()) == tasks + 1, "only that of the broadcast"
    finally:
        gc.enable()


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
        assert (await sent.get())["body"].startswith(b":\n\n")
        await client.append('[{"n": 1}, {"n": 2}]')
        assert offsets((await sent.get())["body"]) == [1, 2]
    answering.cancel()
    await asyncio.gather(answering, return_exceptions=True)
