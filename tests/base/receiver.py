"""An HTTP server of bytes, for what well-behaved servers do not do."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from livedash.base.outbound import Outbound

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Request:
    head: str
    body: bytes
    connection: int  # 1 for the first
    number: int  # on its connection, from 1
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def header(self, name: str) -> list[str]:
        lines = [line.partition(":") for line in self.head.split("\r\n")[1:]]
        return [text.strip() for found, _, text in lines if found.lower() == name.lower()]


Answer = Callable[[Request], Awaitable[None]] | bytes


@dataclass
class Receiver:
    answer: Answer
    host: str
    scheme: str
    port: int = 0
    connections: int = 0
    requests: list[Request] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)  # a request is here
    gone: asyncio.Event = field(default_factory=asyncio.Event)  # a connection has ended
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        self.connections += 1
        try:
            await self._requests(reader, writer, self.connections)
        except (asyncio.IncompleteReadError, OSError):
            pass
        except asyncio.CancelledError:  # the test is over; asyncio would report it as an error
            task.uncancel()
        finally:
            self.gone.set()
            writer.close()

    async def _requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> None:
        number = 0
        while not writer.is_closing():
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            number += 1
            request = Request(head, b"", connection, number, reader, writer)
            request.body = await reader.readexactly(int(request.header("content-length")[0]))
            self.requests.append(request)
            self.came.set()
            if isinstance(self.answer, bytes):
                writer.write(self.answer)
                await writer.drain()
            else:
                await self.answer(request)


@asynccontextmanager
async def receiving(
    answer: Answer = OK, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    receiver = Receiver(answer, host, "https" if tls else "http")
    server = await asyncio.start_server(receiver.serve, host, port, ssl=tls, limit=2**23)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in list(receiver.tasks):
            task.cancel()
        await asyncio.gather(*receiver.tasks, return_exceptions=True)
        await server.wait_closed()


@asynccontextmanager
async def neighbours(answer: Answer = OK) -> AsyncIterator[tuple[Receiver, Receiver]]:
    """One on 127.0.0.1 that nobody should reach, one on 127.0.0.2 that gives `answer`, on the same port."""
    async with AsyncExitStack() as stack:
        inside = await stack.enter_async_context(receiving())
        while True:
            try:
                public = await stack.enter_async_context(receiving(answer, "127.0.0.2", inside.port))
                break
            except OSError:  # somebody has it there
                inside = await stack.enter_async_context(receiving())
        yield inside, public


@asynccontextmanager
async def posting(*allow: str, **settings: Any) -> AsyncIterator[Outbound]:
    outbound = Outbound(allow, **settings)
    try:
        yield outbound
    finally:
        await outbound.close()


async def hang(request: Request) -> None:
    """Never answers."""
    await request.reader.read()
    request.writer.close()
