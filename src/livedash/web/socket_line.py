"""A WebSocket on a connection that was taken over. The `websockets` library decides the handshake, reads frames and
answers pings and closes; what we send ourselves are frames made once and written straight to the transport."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Protocol as Interface

from starlette.types import Scope
from websockets.datastructures import Headers as SocketHeaders
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import Protocol, Side, State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from livedash.base import limits
from livedash.web.lines import Owner, TransportLine, nowhere, take_over

_FIN_TEXT = 0x81
_MEDIUM, _LONG = 126, 127  # payload lengths that say that the length follows, in two bytes or in eight


class SocketOwner(Owner, Interface):
    """Who is on a socket."""

    def received(self, message: bytes) -> None:
        """A whole message came, of text or of bytes."""
        ...


class Handshake:
    """What a request to open a socket comes to: `response` says whether it is let in, or why not."""

    def __init__(self, scope: Scope, subprotocol: str) -> None:
        """Without the subprotocol among those that the client `speaks` it is opened all the same, to be told so."""
        wire = ServerProtocol(select_subprotocol=lambda _, offered: _chosen(offered, subprotocol))
        version = f"HTTP/{scope['http_version']}"
        self.response: Response = wire.accept(Request(scope["path"], _headers(scope), scope["method"], version))
        self.speaks = wire.subprotocol is not None

    def take(self, scope: Scope, owner: SocketOwner) -> "SocketLine | None":
        """Open it. None under another server than ours."""
        wire = Protocol(Side.SERVER, state=State.OPEN, max_size=limits.MESSAGE_BYTES)
        headers = [
            (name.encode(), value.encode("latin-1"))
            for name, value in self.response.headers.raw_items()
            if name != "Date"
        ]
        return take_over(scope, b"101 Switching Protocols", headers, b"", partial(SocketLine, wire, owner))


class SocketLine(TransportLine):
    """An open socket."""

    __slots__ = ("_closing", "_parts", "_receiver", "_wire", "heard")

    def __init__(self, wire: Protocol, owner: SocketOwner, transport: asyncio.Transport, behind: bool) -> None:
        super().__init__(owner, transport, behind)
        self.heard = asyncio.get_running_loop().time()
        self._wire = wire
        self._receiver = owner
        self._parts: list[bytes] = []
        self._closing: asyncio.TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        return self._wire.state is State.OPEN

    def end_with(self, code: int, reason: str) -> None:
        """Say why, and wait a little until the client has said that it heard."""
        if not self.is_open:
            return
        self._wire.send_close(code, reason)
        self._pass_on()
        self.send = nowhere
        self._closing = asyncio.get_running_loop().call_later(limits.CLOSE_SECONDS, self._transport.abort)

    def drop(self) -> None:
        """End it without a word: nobody hears."""
        self._transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._transport.pause_reading()  # who does not take answers asks no more questions

    def resume_writing(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        self.heard = asyncio.get_running_loop().time()
        self._wire.receive_data(data)
        self._pass_on()
        for event in self._wire.events_received():
            if isinstance(event, Frame):
                self._take(event)

    def eof_received(self) -> None:
        """The client closed its side without a word; the transport closes ours."""

    def connection_lost(self, error: Exception | None) -> None:
        if self._closing is not None:
            self._closing.cancel()
        super().connection_lost(error)

    def _take(self, frame: Frame) -> None:
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT) or not self.is_open:
            return
        self._parts.append(bytes(frame.data))
        if frame.fin:
            message, self._parts = b"".join(self._parts), []
            self._receiver.received(message)

    def _pass_on(self) -> None:
        for data in self._wire.data_to_send():
            if data:
                self._transport.write(data)
            else:  # both have said that it is over
                self.send = nowhere
                self._transport.close()


def frame_head(size: int) -> bytes:
    """What comes before a text of so many bytes that a server sends in one frame."""
    if size < _MEDIUM:
        return bytes((_FIN_TEXT, size))
    if size < 1 << 16:
        return bytes((_FIN_TEXT, _MEDIUM)) + size.to_bytes(2, "big")
    return bytes((_FIN_TEXT, _LONG)) + size.to_bytes(8, "big")


def framed(text: bytes) -> bytes:
    """A text as a frame of its own."""
    return frame_head(len(text)) + text


def _chosen(offered: Sequence[Subprotocol], wanted: str) -> Subprotocol | None:
    return Subprotocol(wanted) if wanted in offered else None


def _headers(scope: Scope) -> SocketHeaders:
    return SocketHeaders([(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]])
