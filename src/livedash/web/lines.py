"""The way past ASGI: what uvicorn's connections can do beyond it. Nothing else touches its private parts.

What stays open, a response or a WebSocket, is written straight to its transport, which a line takes over: uvicorn's
protocol, parser and cycle, and the task of the request, are gone then. So a quiet client costs little memory and no
turn of the loop.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol as Interface
from typing import TypeVar, cast

from starlette.types import Scope
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from livedash.base import limits
from livedash.web.http import Headers

_EXTENSION = "livedash.connection"


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, which tells the application its connection and answers in one write."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_EXTENSION: self}  # type: ignore[dict-item]

    def _unsupported_upgrade_warning(self) -> None:
        """A request to upgrade comes to the application like any other."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        cycle.transport = _Joining(self.transport, self.loop)  # type: ignore[assignment]
        self.answering = cycle  # with pipelined requests `cycle` is that of the newest
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


class Owner(Interface):
    """Who is on a line."""

    def resume(self) -> None:
        """The client has taken what it got."""
        ...

    def gone(self) -> None:
        """The line has ended, by either side. Called once."""
        ...

    def end(self, said: bytes = b"") -> None:
        """Take leave and close."""
        ...


class TransportLine(asyncio.Protocol):
    """A response whose transport was taken over. Its body ends with the connection, so that clients of HTTP/1.0 and of
    HTTP/1.1 get the same bytes."""

    __slots__ = ("_owner", "_received", "_transport", "behind", "send")

    def __init__(self, owner: Owner, transport: asyncio.Transport, behind: bool) -> None:
        """`behind`: of the answer before on the same connection there is more than the client took."""
        self._transport = transport
        self._owner = owner
        self._received = 0
        self.behind = behind
        self.send: Callable[[bytes], object] = transport.write

    def end(self, said: bytes = b"") -> None:
        self._owner.end(said)

    def close(self) -> None:
        """End the connection when what was sent has gone out."""
        self.send = nowhere
        self._transport.close()

    def pause_writing(self) -> None:
        self.behind = True

    def resume_writing(self) -> None:
        self.behind = False
        if not self._transport.is_closing():  # else it has just taken what was sent before the end
            self._owner.resume()

    def data_received(self, data: bytes) -> None:
        self._received += len(data)  # a pipelined request: not answered, since the connection ends with this response
        if self._received > limits.RECEIVED_BYTES:
            self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self.send = nowhere
        self._owner.gone()


Taken = TypeVar("Taken", bound=TransportLine)


def take_over(
    scope: Scope, status: bytes, headers: Headers, begin: bytes, make: Callable[[asyncio.Transport, bool], Taken]
) -> Taken | None:
    """Answer a request with this status, these headers, `begin`, and what the line sends from then on; the ASGI
    application just returns. `make(transport, behind)` makes the line. None under another server."""
    protocol = cast(Protocol | None, scope.get("extensions", {}).get(_EXTENSION))
    if protocol is None:
        return None
    cycle, transport = protocol.answering, protocol.transport
    cycle.response_started = cycle.response_complete = True
    protocol.connections.discard(protocol)  # a stop does not wait for it
    protocol._unset_keepalive_if_required()
    fields = [*protocol.server_state.default_headers, *headers]
    head = b"".join([b"HTTP/1.1 %b\r\n" % status, *[b"%b: %b\r\n" % field for field in fields], b"\r\n"])
    line = make(transport, protocol.flow.write_paused)
    transport.set_protocol(line)
    if transport.is_closing():  # the client left while it was being let in, and uvicorn's protocol was told
        line.send = nowhere
        asyncio.get_running_loop().call_soon(line.connection_lost, None)
    else:
        protocol.flow.resume_reading()
        transport.set_write_buffer_limits(high=limits.LINE_BYTES)
        transport.write(head + begin)
    scope["extensions"] = {}
    _forget(protocol)
    return line


def _forget(protocol: Protocol) -> None:
    """Untie what points at each other, so that it goes at once and not when garbage is next collected."""
    del protocol.answering
    for name in ("transport", "flow", "parser", "cycle", "scope", "headers"):
        setattr(protocol, name, None)
    protocol.pipeline.clear()


def nowhere(data: bytes) -> None:
    """The connection has ended."""
