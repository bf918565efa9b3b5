"""The way past ASGI: what uvicorn's connections can do beyond it."""

import asyncio

from starlette.types import Scope
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

_EXTENSION = "livedash.connection"


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, which tells the application its connection and answers in one write."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_EXTENSION: self}  # type: ignore[dict-item]

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        cycle.transport = _Joining(self.transport, self.loop)  # type: ignore[assignment]
        super()._start_asgi_task(cycle, app)


class _Joining:
    """A transport for one response, which holds its head back until the rest of it follows, at the latest until the
    event loop's next turn. Two writes would be two system calls and two packets: an eighth of the small requests
    a second were lost to them."""

    __slots__ = ("_head", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head: bytes | None = None

    def write(self, data: bytes) -> None:
        if self._head is None:
            self._head = data
            self._loop.call_soon(self._flush)
        elif self._head:
            self._transport.writelines((self._head, data))
            self._head = b""
        else:
            self._transport.write(data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._head:
            self._transport.write(self._head)
        self._head = b""


class HttpLine:
    """A response under way that has a chunked body. Between two of its messages, chunks may be written past ASGI."""

    def __init__(self, protocol: Protocol) -> None:
        self._transport = protocol.transport
        self._flow = protocol.flow

    @property
    def ready(self) -> bool:
        """Whether the client has taken what it got so far."""
        return not self._flow.write_paused

    def write(self, frame: bytes) -> bool:
        """Write a chunk made by `chunk`. False when the client has fallen behind."""
        self._transport.write(frame)
        return not self._flow.write_paused


def line_of(scope: Scope) -> HttpLine | None:
    """The line of a request's response; None under another server."""
    protocol = scope.get("extensions", {}).get(_EXTENSION)
    return None if protocol is None else HttpLine(protocol)


def chunk(body: bytes) -> bytes:
    """One chunk of a chunked body; `body` is not empty."""
    return b"%x\r\n%b\r\n" % (len(body), body)
