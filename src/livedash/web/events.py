"""`GET /api/pipelines/{pipeline}/stream`: a pipeline's records as Server-Sent Events."""

from functools import partial

import structlog
from starlette.types import Receive, Scope, Send

from livedash.base import limits
from livedash.base.metrics import Metrics
from livedash.catalog.entries import Pipeline
from livedash.model import Cursor, Page
from livedash.model.errors import StorageError
from livedash.stream.broadcast import Broadcast
from livedash.stream.frames import events
from livedash.stream.reader import Reader
from livedash.stream.tail import Tails
from livedash.web import cors
from livedash.web.access import Access
from livedash.web.http import answer, query, text_header
from livedash.web.lines import chunk, line_of
from livedash.web.streams import KEEPALIVE, SSE_HEADERS, Streams, Write

_log = structlog.get_logger("livedash.events")


class Events:
    """Follows one pipeline for each client."""

    def __init__(self, tails: Tails, access: Access, streams: Streams, metrics: Metrics) -> None:
        self._tails = tails
        self._access = access
        self._streams = streams
        self._metrics = metrics
        self._broadcast = Broadcast(_chunk, lambda: access.revision, metrics)

    async def __call__(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        pipeline = self._access.to_read(name, scope)
        headers = cors.headers(scope, pipeline.allowed_origins)
        if scope["method"] == "HEAD":
            return await answer(send, 200, [*SSE_HEADERS, *headers], b"")
        cursor = _resume(scope)
        try:
            # the reader is registered before anything is replayed, so nothing falls in between
            reader = Reader(await self._tails.of(pipeline), cursor)
        except StorageError as error:
            _log.warning("cannot begin a stream", pipeline=pipeline.slug, error=str(error))
            # any other status than 200 would end an EventSource for good; so it is told to come back
            return await self._streams.serve(receive, send, _nothing, headers)
        with self._metrics.streams.track_inprogress():
            await self._streams.serve(receive, send, partial(self._pump, pipeline, reader, scope), headers)

    async def _pump(self, pipeline: Pipeline, reader: Reader, scope: Scope, write: Write) -> None:
        line, revision = line_of(scope), None
        while True:
            carried = line is not None and line.ready and await self._broadcast.follow(reader, line)
            page = await reader.next(wait=0 if carried else limits.KEEPALIVE_SECONDS)
            if revision != self._access.revision:
                if not self._access.still_readable(pipeline, scope):
                    return
                revision = self._access.revision
            if page.gap is not None:
                self._metrics.gaps.inc()
            await write(_frame(page))
            self._metrics.stream_events.inc(len(page.records))


async def _nothing(write: Write) -> None:
    return None


def _frame(page: Page) -> bytes:
    return page.encoded(events) if page.records or page.gap else KEEPALIVE


def _chunk(page: Page) -> bytes:
    return chunk(_frame(page))


def _resume(scope: Scope) -> Cursor | None:
    """Where the client left off: the header of a reconnecting EventSource wins over the query, which stays as it
    was at the first connect. Raises BadCursor."""
    text = text_header(scope, b"last-event-id") or query(scope).get("last_event_id")
    return Cursor.parse(text) if text else None
