"""How long a posted record takes to reach who follows the stream, with many others following and two live boards."""

import statistics
from typing import Any

from bench import client
from bench.figure import Figure
from bench.server import serving

RUNS = 5
SUBSCRIBERS = 500
PROBES = 20
RATE = 1_000
SECONDS = 10
DOCUMENT = f"""
apiVersion: 1
pipelines:
  - {{slug: bench, ingest_token: {client.TOKEN}, stream_token: {client.STREAM_TOKEN}}}
dashboards:
  - slug: one
    title: One
    is_public: true
    widgets:
      - {{id: chart, type: line_chart, position: {{x: 0, y: 0, w: 8, h: 4}}, query: {{pipeline: bench, fields: [temp]}}}}
      - {{id: table, type: table, position: {{x: 8, y: 0, w: 4, h: 4}}, config: {{fields: [seq, city, temp]}}, query: {{pipeline: bench, limit: 20}}}}
      - {{id: card, type: stat_card, position: {{x: 0, y: 4, w: 3, h: 2}}, query: {{pipeline: bench, field: temp, aggregate: last}}}}
  - slug: two
    title: Two
    is_public: true
    widgets:
      - {{id: chart, type: line_chart, position: {{x: 0, y: 0, w: 8, h: 4}}, query: {{pipeline: bench, fields: [temp]}}}}
      - {{id: rate, type: stat_card, position: {{x: 0, y: 4, w: 3, h: 2}}, query: {{pipeline: bench, field: temp, aggregate: rate, range: 1m}}}}
"""  # noqa: E501 a document as people write it


def run() -> list[Figure]:
    """Each run on a server of its own."""
    runs = [_run() for _ in range(RUNS)]
    lost = sum(run["lost"] + run["disorder"] for run in runs)
    delivered = RATE * SECONDS * SUBSCRIBERS * RUNS
    late = statistics.median(run["late_ms"]["p99"] for run in runs)
    name = f"POST to event, {RATE:,}/s to {SUBSCRIBERS} subscribers with 2 live boards"
    return [
        Figure(
            f"{name}, p50",
            "ms",
            [run["ms"]["p50"] for run in runs],
            10,
            "less",
            note=f"posts sent late: p99 {late:.1f} ms, counted in",
        ),
        Figure(
            f"{name}, p99",
            "ms",
            [run["ms"]["p99"] for run in runs],
            50,
            "less",
            note=f"server busy {_median(runs, 'cpu'):.0%} of a core",
        ),
        Figure("events lost or out of order", "events", [lost], 0, "less", note=f"of {delivered:,}, over all runs"),
    ]


def _run() -> dict[str, Any]:
    streams = client.get(f"/api/pipelines/bench/stream?token={client.STREAM_TOKEN}")
    live = [client.get("/d/one/live"), client.get("/d/two/live")]
    with serving(DOCUMENT) as server:
        cpu = server.cpu
        measured = client.run("follow", server.port, SUBSCRIBERS, PROBES, RATE, SECONDS, client.post(1), streams, *live)
        if not measured["patches"]:
            raise SystemExit("the boards sent nothing: this would not be a measurement with live boards")
        return measured | {"cpu": (server.cpu - cpu) / SECONDS}


def _median(runs: list[dict[str, Any]], name: str) -> float:
    return float(statistics.median(run[name] for run in runs))
