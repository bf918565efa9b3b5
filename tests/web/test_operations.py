"""Liveness, readiness and metrics."""

import asyncio

import httpx
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from livedash.base import clock
from livedash.base.metrics import Metrics
from livedash.base.supervise import Health, supervise
from livedash.log.sqlite import SqliteLog
from livedash.stream.logs import Logs
from livedash.web import operations
from tests.server import ADMIN, Client, bearer
from tests.wire import following, metric, until


async def test_liveness(client: Client):
    for method in ("GET", "HEAD"):
        response = await client.request(method, "/healthz")
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
    assert (await client.get("/healthz")).json() == {"status": "ok"}


async def test_readiness(client: Client):
    response = await client.get("/healthz/readiness")
    assert (response.status_code, response.json()) == (200, {"status": "ready", "failing": {}})


async def test_not_ready_while_something_fails():
    health, metrics, log = Health(), Metrics(), SqliteLog(":memory:", clock=clock.now)
    app = FastAPI()
    app.include_router(operations.router(Logs(log, log), health, metrics, lambda: asyncio.sleep(0)))
    failed = asyncio.Event()

    async def fail() -> None:
        failed.set()
        raise RuntimeError("the disk is on fire")

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        work = asyncio.create_task(supervise("poller", fail, health=health, metrics=metrics, backoff=60))
        await failed.wait()
        response = await client.get("/healthz/readiness")
        assert response.status_code == 503
        assert response.json() == {"status": "failing", "failing": {"poller": "the disk is on fire"}}
        work.cancel()
        await asyncio.wait([work])
        assert (await client.get("/healthz/readiness")).status_code == 200
        await log.close()
        response = await client.get("/healthz/readiness")
        assert (response.status_code, [*response.json()["failing"]]) == (503, ["log"])


async def families(client: httpx.AsyncClient) -> dict[str, dict]:
    """What /metrics says, as Prometheus reads it: samples by labels, by name."""
    response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        family.name: {(sample.name, *sample.labels.values()): sample.value for sample in family.samples}
        for family in text_string_to_metric_families(response.text)
    }


async def test_metrics_move_with_traffic(client: Client):
    async with following(client) as stream, following(client, "/d/weather/live", None):
        await client.append('[{"n":1}, {"n":2}, 3]')
        await client.append("{")
        await stream.take(2)
        await until(client, "livedash_patches_total", 1)
        found = await families(client)
    assert found["livedash_ingest_records"]["livedash_ingest_records_total", "weather"] == 2
    assert found["livedash_ingest_refused"]["livedash_ingest_refused_total", "weather"] == 1
    assert found["livedash_ingest_bytes"]["livedash_ingest_bytes_total",] == 22
    assert found["livedash_http_requests"]["livedash_http_requests_total", "records", "200"] == 1
    assert found["livedash_http_requests"]["livedash_http_requests_total", "records", "400"] == 1
    for gauge, value in (("streams", 1), ("viewers", 1), ("boards", 1), ("tails", 1)):
        assert found[f"livedash_{gauge}"][f"livedash_{gauge}",] == value
    assert found["livedash_stream_records"]["livedash_stream_records_total",] == 2
    stages = {key[1] for key in found["livedash_stage_seconds"] if key[0] == "livedash_stage_seconds_count"}
    assert stages == {"encode", "commit", "tail", "board"}
    assert found["livedash_log_bytes"]["livedash_log_bytes",] > 0


async def test_names_of_callers_do_not_become_labels(client: Client):
    """Or anybody could fill the memory with series."""
    before = len((await client.get("/metrics")).text)
    for number in range(50):
        await client.get(f"/nothing/{number}")
        await client.get(f"/api/pipelines/p{number}/stream")
        await client.append("{}", pipeline=f"p{number}", token=ADMIN)
        await client.request("PUT", f"/api/pipelines/p{number}/records", headers=bearer(ADMIN))
    assert len((await client.get("/metrics")).text) < before + 1500
    assert await metric(client, 'livedash_http_requests_total{route="records",status="404"}') == 50
