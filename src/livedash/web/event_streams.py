"""What all Server-Sent Events have in common."""

import random
from collections.abc import Callable
from functools import partial
from typing import Protocol

from starlette.types import Receive, Scope, Send

from livedash.stream.channel import Line
from livedash.stream.frames import event
from livedash.web.asgi_line import AsgiLine
from livedash.web.http import Headers, answer
from livedash.web.lines import TransportLine, take_over
from livedash.web.streams import Streams

SSE_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
)
_HELLO = b":\n\n"  # makes proxies pass the head on at once
RETRY_MS = (1_000, 4_000)  # after a stop clients come back spread over this time, not all in one moment


def hello() -> bytes:
    """What a stream begins with. An EventSource keeps the time to come back that it was told last, so it is told anew:
    else who was once sent away for a minute would come back after a minute from every break. No blank line follows,
    since some clients take one after a `retry` for an event."""
    return _HELLO + b"retry: %d\n" % random.randint(*RETRY_MS)


def farewell(retry_ms: tuple[int, int] = RETRY_MS) -> bytes:
    """Tells an EventSource to come back later; sent before we end a response ourselves."""
    return b"retry: %d\n\n" % random.randint(*retry_ms)


def gone(reason: str, detail: str) -> bytes:
    """Tells a client that what it follows is no more for it. When it comes back all the same it is refused, by a status
    that ends an EventSource for good."""
    return event("gone", {"reason": reason, "detail": detail})


async def brief(send: Send, said: bytes) -> int:
    """A stream that ends at once. Any other status than 200 would end an EventSource for good."""
    await answer(send, 200, SSE_HEADERS, _HELLO + said)
    return 200


class Follower(Protocol):
    """What sends to a line."""

    def start(self, line: Line) -> None: ...

    def resume(self) -> None:
        """The client has taken what it got."""
        ...

    def stop(self) -> None:
        """Nothing more. Called once."""
        ...

    def last_words(self) -> bytes:
        """What the client must know to come back, asked for just before a stop."""
        ...


class Stream:
    """One open response."""

    __slots__ = ("_follower", "_left", "_line", "_refusal", "_streams", "of")

    def __init__(
        self,
        streams: Streams,
        of: str,
        follower: Follower,
        refusal: Callable[[], bytes | None],
        left: Callable[[], None],
    ) -> None:
        self.of = of
        self._streams = streams
        self._follower = follower
        self._refusal = refusal
        self._left = left
        self._line: TransportLine | AsgiLine

    def begin(self, line: TransportLine | AsgiLine) -> None:
        self._line = line
        self._follower.start(line)

    def resume(self) -> None:
        self._follower.resume()

    def check(self) -> None:
        if (said := self._refusal()) is not None:
            self.end(said)

    def dismiss(self) -> None:
        self.end(self._follower.last_words())

    def end(self, said: bytes = b"") -> None:
        if self._streams.discard(self):
            self._part()
            self._line.send(said + farewell())
            self._line.close()

    def gone(self) -> None:
        if self._streams.discard(self):
            self._part()

    def _part(self) -> None:
        self._follower.stop()
        self._left()


async def opened(
    streams: Streams,
    scope: Scope,
    receive: Receive,
    send: Send,
    follower: Follower,
    *,
    of: str,
    refusal: Callable[[], bytes | None],
    left: Callable[[], None],
    headers: Headers = (),
) -> int:
    """Answer with what `follower` sends, until the client goes away or somebody ends it; with uvicorn this returns
    at once and the stream goes on. `of` is the id of what is followed, `refusal()` what a client is told that may
    not follow any more (None while it may), `left()` is called once when it has ended, and `headers` are those that
    `send` would add. The status."""
    stream = Stream(streams, of, follower, refusal, left)
    fields = [*SSE_HEADERS, *headers, (b"connection", b"close")]
    if taken := take_over(scope, b"200 OK", fields, hello(), partial(TransportLine, stream)):
        streams.add(stream, partial(stream.begin, taken))
        return 200
    line = AsgiLine(stream)
    line.send(hello())
    streams.add(stream, partial(stream.begin, line))
    await line.serve(SSE_HEADERS, receive, send)
    return 200
