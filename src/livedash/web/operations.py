"""For those who run it: readiness and metrics. Liveness is answered by the front itself."""

from fastapi import APIRouter, Response

from livedash.base.metrics import Metrics
from livedash.base.supervise import Health
from livedash.model.errors import StorageError
from livedash.stream.logs import Logs
from livedash.web.problem import encoded

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def router(logs: Logs, health: Health, metrics: Metrics) -> APIRouter:
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
        """Prometheus text: ingest, log, tails, boards, streams and the seconds of each stage."""
        return Response(metrics.text(), media_type=_METRICS_TYPE)

    return routes
