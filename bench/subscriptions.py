"""What an event to GraphQL subscriptions costs: Livedash beside Strawberry's own handler and beside graphql-ws on node.

`python -m bench.subscriptions [CONTENDER…]` runs some of it once, to look at while you make something faster."""

import json
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bench import client
from bench import fanout_servers as servers
from bench.fanout_run import Load, Serves, allow_files, measured
from bench.fanout_servers import Contender
from bench.fanout_table import Runs, against, delays, each, faults, noted, other
from bench.figure import Figure

RUNS = 5
QUERY = "subscription ($p: ID!) { pipelineEvents(pipelineId: $p) { offset cursor timestamp data metrics } }"
LOAD = Load(readers=500, records=280, rate=40)
NAME = "500 sockets × 40/s"


@contextmanager
def livedash() -> Iterator[Contender]:
    """As it is served, with no limit in the way."""
    with servers.livedash() as contender:
        yield _subscribed(contender)


@contextmanager
def strawberry() -> Iterator[Contender]:
    """Strawberry's handler under uvicorn."""
    with servers.strawberry() as contender:
        yield _subscribed(contender)


@contextmanager
def graphql_ws() -> Iterator[Contender]:
    """graphql-ws on ws, on node."""
    with servers.graphql_ws() as contender:
        yield _subscribed(contender)


CONTENDERS: dict[str, Serves] = {"livedash": livedash, "strawberry": strawberry, "graphql-ws": graphql_ws}


def run() -> list[Figure]:
    """All of them, in turn."""
    allow_files()
    servers.prepare()
    results: dict[str, Runs] = {name: [] for name in CONTENDERS}
    for _ in range(RUNS):
        for name, serves in CONTENDERS.items():
            results[name].append(measured(serves, LOAD))
    ours, node = results["livedash"], results["graphql-ws"]
    ours_us, node_us, theirs_us = (each(runs, "cpu_us") for runs in (ours, node, results["strawberry"]))
    kb = statistics.median(each(node, "kb"))
    beside = "graphql-ws"
    return [
        noted(against(f"GraphQL: CPU a message, {NAME}", "µs", ours_us, node_us, 1.0, beside), _writes(results)),
        against("the same, beside Strawberry's handler", "µs", ours_us, theirs_us, 0.25, "Strawberry"),
        against("GraphQL: delay, p50", "ms", delays(ours, "p50"), delays(node, "p50"), None, beside),
        against("GraphQL: delay, p99", "ms", delays(ours, "p99"), delays(node, "p99"), 1.0, beside),
        Figure("GraphQL: memory a subscriber", "KB", each(ours, "kb"), None, "less", kb, beside),
        faults("lost or out of order, GraphQL", ours),
        *(other(name, "GraphQL", runs) for name, runs in results.items() if name != "livedash"),
    ]


def _writes(results: dict[str, Runs]) -> str:
    return "writes a message: " + ", ".join(
        f"{name} {statistics.median(each(runs, 'writes')):.2f}" for name, runs in results.items()
    )


def _subscribed(contender: Contender) -> Contender:
    stream = client.subscribe("/api/graphql", client.STREAM_TOKEN, QUERY, {"p": "bench"})
    return Contender(contender.port, contender.process, contender.publish, stream)


def main() -> None:
    if unknown := set(sys.argv[1:]) - set(CONTENDERS):
        raise SystemExit(f"there is no {', '.join(unknown)}")
    allow_files()
    for name in sys.argv[1:] or CONTENDERS:
        print(name, json.dumps(measured(CONTENDERS[name], LOAD)), flush=True)


if __name__ == "__main__":
    main()
