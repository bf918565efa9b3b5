"""How many records a second become durable over HTTP, beside SQLite alone with the same schema and pragmas."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import client, log
from bench.figure import Figure
from bench.server import serving

DOCUMENT = f"""
apiVersion: 1
pipelines:
  - {{slug: bench, ingest_token: {client.TOKEN}, stream_token: {client.STREAM_TOKEN}}}
"""
RUNS = 3
SECONDS = 5
BATCH = 1_000
BATCH_CONNECTIONS = 8
SINGLE_CONNECTIONS = 64


def run() -> list[Figure]:
    """Alternating: batches, bare batches, single posts, bare single commits, and again."""
    rounds = [
        (_posts(BATCH, BATCH_CONNECTIONS), _bare(BATCH, 100), _posts(1, SINGLE_CONNECTIONS), _bare(1, 4_000))
        for _ in range(RUNS)
    ]
    batches, bare_batches, singles, bare_singles = zip(*rounds, strict=True)
    return [
        _figure(
            f"durable ingest, batches of {BATCH:,} on {BATCH_CONNECTIONS} connections",
            batches,
            80_000,
            bare_batches,
            "executemany",
        ),
        _figure(
            f"durable ingest, single posts on {SINGLE_CONNECTIONS} connections",
            singles,
            8_000,
            bare_singles,
            "a commit a row",
        ),
    ]


def _posts(records: int, connections: int) -> dict[str, Any]:
    """What the client measured, and the server's processor time a record in `cpu_us`."""
    with serving(DOCUMENT) as server:
        cpu = server.cpu
        measured = client.run("post", server.port, connections, SECONDS, client.post(records), records)
        return measured | {"cpu_us": (server.cpu - cpu) / measured["accepted"] * 1e6}


def _bare(batch: int, times: int) -> float:
    """Records a second of a loop of executemany and COMMIT."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        records = asyncio.run(log.bare(Path(folder) / "log.db", batch, times))
        return records / (time.perf_counter() - started)


def _figure(
    name: str, runs: tuple[dict[str, Any], ...], bar: int, beside: tuple[float, ...], beside_name: str
) -> Figure:
    p50, p99, cpu = (
        statistics.median(values)
        for values in zip(*((run["ms"]["p50"], run["ms"]["p99"], run["cpu_us"]) for run in runs), strict=True)
    )
    return Figure(
        name,
        "records/s",
        [run["records_per_second"] for run in runs],
        bar,
        beside=statistics.median(beside),
        beside_name=beside_name,
        note=f"answers p50 {p50:.1f} ms, p99 {p99:.1f} ms; server CPU {cpu:.1f} µs a record",
    )
