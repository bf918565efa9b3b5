"""`GET /api/pipelines/{pipeline}/stream`: a pipeline's records as Server-Sent Events."""

from functools import partial

import structlog
from starlette.types import Receive, Scope, Send

from livedash.base.metrics import Metrics
from livedash.catalog.entries import Pipeline
from livedash.model.errors import StorageError
from livedash.stream.broadcast import Broadcast
from livedash.stream.frames import event
from livedash.stream.meter import StreamMeter
from livedash.stream.tail import Tails
from livedash.web import cors
from livedash.web.access import Access, Reading
from livedash.web.admission import Admission, Throttled
from livedash.web.asked import Asked
from livedash.web.event_streams import SSE_HEADERS, brief, farewell, gone, opened
from livedash.web.http import answer
from livedash.web.streams import Streams

_log = structlog.get_logger("livedash.events")


class Events:
    """Lets clients in and hands them to the broadcast."""

    def __init__(
        self,
        tails: Tails,
        access: Access,
        admission: Admission,
        broadcast: Broadcast,
        streams: Streams,
        meter: StreamMeter,
        metrics: Metrics,
    ) -> None:
        self._tails = tails
        self._access = access
        self._admission = admission
        self._broadcast = broadcast
        self._streams = streams
        self._meter = meter
        self._metrics = metrics

    async def __call__(self, name: str, scope: Scope, receive: Receive, send: Send) -> int:
        reading = self._access.to_follow(name, scope)
        pipeline = reading.pipeline
        asked = Asked(scope)
        if scope["method"] == "HEAD":
            await answer(send, 200, SSE_HEADERS, b"")
            return 200
        try:
            tail = await self._tails.of(pipeline)
            cursor = await asked.begin(tail)
        except StorageError as error:
            _log.warning("cannot begin a stream", pipeline=pipeline.slug, error=str(error))
            return await brief(send, farewell())
        address = (scope.get("client") or ("?",))[0]
        if not self._broadcast.has_room(tail, asked.shape):
            return await brief(send, _throttled(self._admission.too_many_shapes()))
        if throttled := await self._admission.admit(pipeline.id, address, resumed=asked.resumes(tail)):
            return await brief(send, _throttled(throttled))
        self._meter.opened(pipeline)
        self._metrics.streams.inc()
        return await opened(
            self._streams,
            scope,
            receive,
            send,
            self._broadcast.follow(tail, asked.shape, cursor, partial(self._meter.sent, pipeline)),
            of=pipeline.id,
            refusal=partial(_refused, reading),
            left=partial(self._left, pipeline, address),
            headers=cors.headers(scope, pipeline.allowed_origins),
        )

    def _left(self, pipeline: Pipeline, address: str) -> None:
        self._metrics.streams.dec()
        self._admission.leave(pipeline.id, address)


def _throttled(why: Throttled) -> bytes:
    return event("throttled", {"reason": why.reason, "detail": why.detail}) + farewell(why.retry_ms)


def _refused(reading: Reading) -> bytes | None:
    refusal = reading.refusal()
    if refusal is None:
        return None
    return b"" if refusal.reason == "moved" else gone(refusal.reason, refusal.detail)
