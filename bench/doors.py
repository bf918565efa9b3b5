"""The three doors side by side, for who has to choose: how soon a record is there, and what a client costs."""

import asyncio
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from bench import client, fanout_servers, isolated, subscriptions
from bench.fanout_run import (
    CLIENT_CORE,
    SERVER_CORE,
    SETTLE_SECONDS,
    Load,
    Serves,
    allow_files,
    measured,
    on_its_core,
    opened,
    pinned,
)
from bench.figure import Figure
from bench.flaky import Flaky, flaky
from bench.server import serving
from bench.survive import document, sink

RUNS = 3
CLIENTS = 50  # as many sinks as a pipeline may have
RATE, SECONDS = 20, 9
LOAD = Load(readers=CLIENTS, records=RATE * SECONDS, rate=RATE)
BACK = 500  # clients that come back
MISSED = 10  # records that each of them has missed
PATIENCE = 30.0
Run = dict[str, Any]


def run() -> list[Figure]:
    """The doors in turn."""
    allow_files()
    doors: dict[str, Callable[[], Run]] = {
        "webhooks": _webhooks,
        "Server-Sent Events": lambda: measured(fanout_servers.livedash, LOAD),
        "GraphQL": lambda: measured(subscriptions.livedash, LOAD),
    }
    back: dict[str, Callable[[], float]] = {
        "Server-Sent Events": lambda: _came_back(fanout_servers.livedash, _stream),
        "GraphQL": lambda: _came_back(subscriptions.livedash, _subscription),
    }
    results: dict[str, list[Run]] = {name: [] for name in doors}
    costs: dict[str, list[float]] = {name: [] for name in back}
    for _ in range(RUNS):
        for name, door in doors.items():
            results[name].append(door())
        for name, cost in back.items():
            costs[name].append(cost())
    return [*(figure for name, runs in results.items() for figure in _figures(name, runs)), *_coming_back(costs)]


def _figures(name: str, runs: list[Run]) -> list[Figure]:
    how = f"{name}, {CLIENTS} clients × {RATE}/s"
    return [
        Figure(f"{how}: delay, p50", "ms", [each["ms"]["p50"] for each in runs], better="less"),
        Figure(f"{how}: delay, p99", "ms", [each["ms"]["p99"] for each in runs], better="less"),
        Figure(f"{how}: server CPU a delivery", "µs", [each["cpu_us"] for each in runs], better="less"),
        Figure(f"{how}: memory a client", "KB", [each["kb"] for each in runs], better="less"),
    ]


def _coming_back(costs: dict[str, list[float]]) -> list[Figure]:
    how = f"server CPU for one of {BACK} that come back, {MISSED} records missed"
    return [Figure(f"{name}: {how}", "µs", runs, better="less") for name, runs in costs.items()]


def _webhooks() -> Run:
    """An endpoint for each client, in one process, which answers at once. Batches are as large as they come."""
    with ExitStack() as stack:
        with pinned(CLIENT_CORE):
            endpoint = stack.enter_context(flaky(seed=1))
        return _delivered(endpoint)


def _delivered(endpoint: Flaky) -> Run:
    sinks = [sink(f"s{n}", endpoint.url(f"/ok/{n}"), 100) for n in range(CLIENTS)]
    with ExitStack() as stack:
        with pinned(SERVER_CORE):
            one = _with_one(endpoint, sinks[:1])
            served = serving(document([("p0", _token(), sinks)]), LIVEDASH_OUTBOUND_ALLOW="127.0.0.1")
            server = stack.enter_context(served)
        cpu = server.cpu
        asyncio.run(isolated.posted(server, RATE, SECONDS, pipelines=1))
        endpoint.wait("ok", CLIENTS * RATE * SECONDS + RATE, PATIENCE)  # with those of the one before
        used = (server.cpu - cpu) / (CLIENTS * RATE * SECONDS) * 1e6
        kb = (server.resident - one) / 1024 / (CLIENTS - 1)
    receipts = [(sent, each.at) for each in endpoint.report() for sent in each.sent if sent is not None]
    ours = max(sent for sent, _ in receipts) - (SECONDS - 1) * 1_000_000  # without the first second
    delays = [(at - sent) / 1000 for sent, at in receipts if sent >= ours]
    at = statistics.quantiles(delays, n=100)
    return {"ms": {"p50": at[49], "p99": at[98]}, "cpu_us": used, "kb": kb}


def _with_one(endpoint: Flaky, sinks: list[dict[str, Any]]) -> int:
    """What a server takes (bytes) that has delivered to one client: what sinks need at all is in it."""
    document_of_one = document([("p0", _token(), sinks)])
    with serving(document_of_one, LIVEDASH_OUTBOUND_ALLOW="127.0.0.1") as server:
        asyncio.run(isolated.posted(server, RATE, 1, pipelines=1))
        endpoint.wait("ok", RATE, PATIENCE)
        return server.resident


def _came_back(serves: Serves, resumed: Callable[[str], Path]) -> float:
    """Processor time (µs) of the server for each client that connects and gets what it missed."""
    with on_its_core(serves) as contender:
        url = f"http://127.0.0.1:{contender.port}/api/pipelines/bench/records"
        headers = {"Authorization": f"Bearer {client.TOKEN}"}
        for _ in range(MISSED):
            httpx.post(url, json=client.RECORD, headers=headers).raise_for_status()
        epoch = httpx.post(url, json=client.RECORD, headers=headers).json()["cursor"].partition("-")[0]
        asked = replace(contender, stream=resumed(f"{epoch}-1"))
        with opened(Load(8, 0, 0).words(asked)):
            time.sleep(SETTLE_SECONDS)
        cpu = contender.cpu
        with opened(Load(BACK, 0, 0).words(asked)):
            time.sleep(SETTLE_SECONDS)
            return (contender.cpu - cpu) / BACK * 1e6


def _stream(cursor: str) -> Path:
    return client.get(f"/api/pipelines/bench/stream?token={client.STREAM_TOKEN}&last_event_id={cursor}")


def _subscription(cursor: str) -> Path:
    query = subscriptions.QUERY.replace("$p: ID!", "$p: ID!, $after: String").replace("$p)", "$p, after: $after)")
    return client.subscribe("/api/graphql", client.STREAM_TOKEN, query, {"p": "bench", "after": cursor})


def _token() -> str:
    return isolated.token(0)
