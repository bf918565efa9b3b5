"""Responses that stay open: what all Server-Sent Events have in common."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from starlette.types import Receive, Scope, Send

from livedash.catalog.directory import Directory
from livedash.stream.channel import Line
from livedash.stream.frames import event
from livedash.web.asgi_line import AsgiLine
from livedash.web.http import Headers, answer
from livedash.web.lines import TransportLine, take_over

SSE_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
)
_HELLO = b":\n\n"  # makes proxies pass the head on at once
RETRY_MS = (1_000, 4_000)  # after a stop clients come back spread over this time, not all in one moment
SWEEP_SECONDS = 15.0  # rights that end by themselves, as a session's do, are looked at this often
_SWEEP_SLICE = 250  # streams looked at before others get a turn (about 1 ms)


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
        streams: "Streams",
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
        """End it when the client may not follow any more."""
        if (said := self._refusal()) is not None:
            self.end(said)

    def dismiss(self) -> None:
        """End it since the server stops."""
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


class Streams:
    """Every open stream, so that a stop can end them all, and a change of rights those that it concerns."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._revision = directory.revision
        self._open: set[Stream] = set()
        self._count: Counter[str] = Counter()
        self._sweeping = asyncio.Lock()
        self._stopping = False

    async def open(
        self,
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
        stream = Stream(self, of, follower, refusal, left)
        if taken := take_over(scope, [*SSE_HEADERS, *headers], hello(), stream):
            self._begin(stream, taken)
            return 200
        line = AsgiLine(stream)
        line.send(hello())
        self._begin(stream, line)
        await line.serve(SSE_HEADERS, receive, send)
        return 200

    def _begin(self, stream: Stream, line: TransportLine | AsgiLine) -> None:
        self._open.add(stream)
        self._count[stream.of] += 1
        stream.begin(line)
        if self._stopping:
            stream.dismiss()
        else:
            stream.check()  # what changed while it was being let in was looked at without it

    def open_of(self, id: str) -> int:
        """How many follow the pipeline or dashboard with this id."""
        return self._count[id]

    def discard(self, stream: Stream) -> bool:
        """Forget a stream; whether it was known."""
        if stream not in self._open:
            return False
        self._open.remove(stream)
        self._count[stream.of] -= 1
        if not self._count[stream.of]:
            del self._count[stream.of]
        return True

    async def run(self) -> None:
        """Let go whoever may not follow any more, until cancelled."""
        while True:
            await self._sweep()
            try:
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._directory.changed(self._revision)
            except TimeoutError:
                pass

    async def settled(self) -> None:
        """Return when nobody is left here who may not follow any more by what is configured now."""
        while self._revision != self._directory.revision:
            await self._sweep()

    async def _sweep(self) -> None:
        async with self._sweeping:
            revision, streams = self._directory.revision, list(self._open)
            for start in range(0, len(streams), _SWEEP_SLICE):
                if start:
                    await asyncio.sleep(0)
                for stream in streams[start : start + _SWEEP_SLICE]:
                    stream.check()
            self._revision = revision

    async def stop(self, quiet: Callable[[], AbstractAsyncContextManager[None]]) -> None:
        """End every stream, in a moment when it is `quiet`, so that each can be told where it is; none goes on after
        this."""
        self._stopping = True
        async with quiet():
            for stream in list(self._open):
                stream.dismiss()
