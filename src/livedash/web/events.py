"""`GET /api/pipelines/{pipeline}/stream`: a pipeline's records as Server-Sent Events."""

from functools import partial

import structlog
from starlette.types import Receive, Scope, Send

from livedash.model.errors import StorageError
from livedash.stream.frames import event
from livedash.stream.tail import Tails
from livedash.web import cors
from livedash.web.access import Access, Reading
from livedash.web.admission import Throttled
from livedash.web.asked import Asked
from livedash.web.entrance import Entrance
from livedash.web.event_streams import SSE_HEADERS, brief, farewell, gone, opened
from livedash.web.http import answer
from livedash.web.streams import Streams

_log = structlog.get_logger("livedash.events")


class Events:
    """Lets clients in by what they ask for in the address."""

    def __init__(self, tails: Tails, access: Access, entrance: Entrance, streams: Streams) -> None:
        self._tails = tails
        self._access = access
        self._entrance = entrance
        self._streams = streams

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
        resumes = asked.resumes(tail)
        entered = await self._entrance.enter(pipeline, tail, asked.shape, cursor, address, resumes=resumes)
        if isinstance(entered, Throttled):
            return await brief(send, _throttled(entered))
        return await opened(
            self._streams,
            scope,
            receive,
            send,
            entered.follower,
            of=pipeline.id,
            refusal=partial(_refused, reading),
            left=entered.left,
            headers=cors.headers(scope, pipeline.allowed_origins),
        )


def _throttled(why: Throttled) -> bytes:
    return event("throttled", {"reason": why.reason, "detail": why.detail}) + farewell(why.retry_ms)


def _refused(reading: Reading) -> bytes | None:
    refusal = reading.refusal()
    if refusal is None:
        return None
    return b"" if refusal.reason == "moved" else gone(refusal.reason, refusal.detail)
