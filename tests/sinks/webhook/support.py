"""A receiver on loopback that answers what it is told to, and what is delivered to it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from livedash.base import clock
from livedash.base.outbound import Outbound
from livedash.catalog.entries import Header, SigningSecret
from livedash.model import Clock, Gap, Record
from livedash.model.record import Draft, metrics_of
from livedash.sinks.sink import Kind, Parcel
from livedash.sinks.webhook.settings import Webhook
from livedash.sinks.webhook.webhook import WebhookSink

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOON = 1_795_608_000_000_000  # µs: 2026-11-25T12:00:00Z
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


def a_record(offset: int, data: dict[str, Any], timestamp: int = NOON) -> Record:
    return Record(offset, timestamp, Draft.encode(data, metrics_of(data), timestamp).body)


def a_parcel(*data: dict[str, Any], kind: Kind = "records", gap: Gap | None = None, id: str = "sk_a_1_e-2") -> Parcel:
    records = tuple(a_record(offset, each) for offset, each in enumerate(data, 1))
    return Parcel(id, kind, "weather", NOON, records, gap)


def an_answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """For example `an_answer("429 Too Many Requests", b"", "retry-after: 5")`."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body


@dataclass
class Request:
    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class Receiver:
    """`answer` is sent to every request; None: the connection is closed instead."""

    port: int = 0
    answer: bytes | None = OK
    requests: list[Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
                headers = dict(_pair(line) for line in head[1:] if line)
                body = await reader.readexactly(int(headers["content-length"]))
                self.requests.append(Request(head[0], headers, body))
                if self.answer is None:
                    return
                writer.write(self.answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition(": ")
    return name.lower(), value


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def sinking(
    url: str,
    *,
    secrets: Sequence[SigningSecret] = (SigningSecret(SECRET),),
    headers: Sequence[Header] = (),
    now: Clock = clock.now,
    within: float = 10,
    allow: Sequence[str] = ("127.0.0.1",),
    **settings: Any,
) -> AsyncIterator[WebhookSink]:
    """A sink that posts to `url`."""
    outbound = Outbound(allow)
    try:
        yield WebhookSink(Webhook(url=url, **settings), secrets, headers, outbound, now, within)
    finally:
        await outbound.close()
