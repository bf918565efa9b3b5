"""`POST /api/pipelines/{pipeline}/records`, as plain ASGI: the hottest path of the product."""

import orjson
from starlette.types import Receive, Scope, Send

from livedash.base import limits
from livedash.base.metrics import Metrics
from livedash.catalog.entries import Pipeline
from livedash.log import Appended
from livedash.model import Cursor
from livedash.model.errors import Malformed
from livedash.stream.door import Door
from livedash.web.access import Access
from livedash.web.bodies import items
from livedash.web.http import JSON, answer, body, text_header


class Ingest:
    """Appends a request's records; errors are raised and answered by the front."""

    def __init__(self, door: Door, access: Access, metrics: Metrics) -> None:
        self._door = door
        self._access = access
        self._metrics = metrics

    async def __call__(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        pipeline = self._access.to_append(name, scope)
        key = _key(text_header(scope, b"idempotency-key"))
        content = await body(scope, receive)
        self._metrics.ingest_bytes.inc(len(content))
        found = items(text_header(scope, b"content-type") or "", content)
        outcome = await self._door.append(pipeline, found, key)
        await answer(send, 200 if outcome.accepted else 422, [JSON], _result(pipeline, outcome))


def _key(text: str | None) -> str | None:
    if text is not None and not 1 <= len(text) <= limits.KEY_LENGTH:
        raise Malformed(f"an Idempotency-Key has 1 to {limits.KEY_LENGTH} characters")
    return text


def _result(pipeline: Pipeline, outcome: Appended) -> bytes:
    return orjson.dumps(
        {
            "accepted": outcome.accepted,
            "refused": len(outcome.errors),
            "first": outcome.first,
            "last": outcome.last,
            "cursor": None if outcome.last is None else str(Cursor(outcome.epoch, outcome.last)),
            "durable": pipeline.persist,
            "errors": [{"index": index, "reason": reason} for index, reason in outcome.errors[: limits.ERRORS_LISTED]],
        }
    )
