"""Responses that stay open: what all Server-Sent Events have in common."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog
from starlette.types import Receive, Send

from livedash.model.errors import StorageError
from livedash.web.http import Headers

_log = structlog.get_logger("livedash.streams")
SSE_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
)
HELLO = b":\n\n"  # makes proxies pass the head on at once
KEEPALIVE = b":keepalive\n\n"
RETRY_MS = (1_000, 4_000)  # after a stop clients come back spread over this time, not all in one moment

Write = Callable[[bytes], Awaitable[None]]


def farewell() -> bytes:
    """Tells an EventSource to come back later; sent before we end a response ourselves."""
    return b"retry: %d\n\n" % random.randint(*RETRY_MS)


class Streams:
    """Every open stream, so that a stop can end them all at once."""

    def __init__(self) -> None:
        self._pumps: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def serve(
        self, receive: Receive, send: Send, pump: Callable[[Write], Coroutine[Any, Any, None]], headers: Headers = ()
    ) -> None:
        """Send the head, then run `pump(write)` until it ends, the client goes away, or the server stops."""

        async def write(chunk: bytes) -> None:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})

        await send({"type": "http.response.start", "status": 200, "headers": [*SSE_HEADERS, *headers]})
        await write(HELLO)
        gone = asyncio.create_task(_disconnected(receive))
        task = asyncio.create_task(pump(write))
        self._pumps.add(task)
        try:
            if not self._stopping:
                await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._pumps.discard(task)
            gone.cancel()
            task.cancel()
            (outcome, _) = await asyncio.gather(task, gone, return_exceptions=True)
            self._report(outcome)
        if not gone.done() or gone.cancelled():
            await send({"type": "http.response.body", "body": farewell()})

    def _report(self, outcome: BaseException | None) -> None:
        if isinstance(outcome, StorageError):
            _log.warning("a stream ends early", error=str(outcome))
        elif isinstance(outcome, Exception):
            _log.error("a stream failed", exc_info=outcome)

    def stop(self) -> None:
        """End every stream; none begins after this."""
        self._stopping = True
        for task in self._pumps:
            task.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
