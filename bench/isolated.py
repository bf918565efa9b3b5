"""What one hung endpoint costs the others: from an append to the receipt at 49 healthy endpoints beside it."""

import asyncio
import statistics
import time
from dataclasses import dataclass

import aiohttp

from bench import client
from bench.figure import Figure
from bench.flaky import Flaky, flaky
from bench.server import Server, serving
from bench.survive import document, sink

RUNS = 3
SINKS = 50
RATE = 200  # records a second over all pipelines
SECONDS = 20
WARM_SECONDS = 2
PATIENCE = 30.0


@dataclass(frozen=True)
class Delays:
    """In milliseconds; `late` is how late records were posted, which is counted in."""

    p50: float
    p99: float
    longest: float
    late: float


def run() -> list[Figure]:
    """Each run on a server of its own. A pipeline has one sink; the first one's endpoint hangs."""
    runs = [_run() for _ in range(RUNS)]
    name = f"POST to receipt at {SINKS - 1} endpoints beside a hung one, {RATE} records/s in all"
    longest, late = max(each.longest for each in runs), statistics.median(each.late for each in runs)
    note = f"longest {longest:.0f} ms; posts sent late: p99 {late:.1f} ms, counted in"
    return [
        Figure(f"{name}, p50", "ms", [each.p50 for each in runs], better="less"),
        Figure(f"{name}, p99", "ms", [each.p99 for each in runs], 250, "less", note=note),
    ]


def _run() -> Delays:
    with flaky(seed=1) as endpoint:
        pipelines = [
            (f"p{n}", token(n), [sink("s", endpoint.url(f"/{'ok' if n else 'hung'}/p{n}"), 100)]) for n in range(SINKS)
        ]
        with serving(document(pipelines), LIVEDASH_OUTBOUND_ALLOW="127.0.0.1") as server:
            late = asyncio.run(posted(server, RATE, SECONDS, SINKS))
            return _delays(endpoint, late)


def _delays(endpoint: Flaky, late: list[float]) -> Delays:
    """Once everything has arrived where it could. Raises TimeoutError when it does not."""
    healthy = sum(1 for number in range(RATE * SECONDS) if number % SINKS)
    endpoint.wait("ok", healthy, PATIENCE)
    receipts = endpoint.report()
    if not any(receipt.path.startswith("/hung/") for receipt in receipts):
        raise SystemExit("no endpoint hung: this would not be a measurement beside one")
    healthy_ones = [receipt for receipt in receipts if receipt.path.startswith("/ok/")]
    times = [(sent, receipt.at) for receipt in healthy_ones for sent in receipt.sent if sent is not None]
    began = min(sent for sent, _ in times)
    counted = [(at - sent) / 1000 for sent, at in times if sent - began >= WARM_SECONDS * 1_000_000]
    at = statistics.quantiles(counted, n=100)
    return Delays(at[49], at[98], max(counted), statistics.quantiles(late, n=100)[98])


async def posted(server: Server, rate: int, seconds: int, pipelines: int) -> list[float]:
    """Records to the pipelines in turn, each when it is due, whatever became of those before; it says when that was. By
    how many milliseconds each was late."""
    late: list[float] = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session, asyncio.TaskGroup() as posts:
        started = time.time()
        for number in range(rate * seconds):
            due = started + number / rate
            await asyncio.sleep(due - time.time())
            late.append((time.time() - due) * 1000)
            posts.create_task(_append(session, server, number % pipelines, due))
    return late


async def _append(session: aiohttp.ClientSession, server: Server, pipeline: int, due: float) -> None:
    headers = {"Authorization": f"Bearer {token(pipeline)}"}
    record = client.RECORD | {"sent": int(due * 1_000_000)}
    url = f"{server.url}/api/pipelines/p{pipeline}/records"
    async with session.post(url, json=record, headers=headers) as answer:
        answer.raise_for_status()


def token(pipeline: int) -> str:
    return f"{client.TOKEN}-{pipeline}"
