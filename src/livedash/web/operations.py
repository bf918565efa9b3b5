"""For those who run it: readiness and metrics. Liveness is answered by the front itself."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from fastapi import APIRouter, Response

from livedash.base.metrics import Metrics
from livedash.base.supervise import Health
from livedash.model.errors import StorageError
from livedash.stream.logs import Logs
from livedash.web.problem import encoded

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def router(logs: Logs, health: Health, metrics: Metrics, observe: Callable[[], Awaitable[None]]) -> APIRouter:
    """`observe` brings up to date what is not counted as it happens."""
    routes = APIRouter(tags=["operations"])

    @routes.get("/healthz/readiness")
    async def readiness() -> Response:
        """200 when the log can be read and nothing that is supervised is failing, else 503 with what is."""
        failing = dict(health.failing)
        try:
            metrics.log_bytes.set(await logs.durable.used())
        except StorageError as error:
            failing["log"] = str(error)
        body = {"status": "failing" if failing else "ready", "failing": failing}
        return Response(encoded(body), 503 if failing else 200, media_type="application/json")

    @routes.get("/metrics")
    async def exposition() -> Response:
        """Prometheus text: ingest, log, tails, boards, streams, sinks and the seconds of each stage."""
        with suppress(StorageError):  # readiness says so; what is known is told all the same
            await observe()
        return Response(metrics.text(), media_type=_METRICS_TYPE)

    return routes
