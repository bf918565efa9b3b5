"""Webhook sinks: how many deliveries a second, what a hung endpoint costs the others, and whether anything is lost."""

import json
import statistics
import subprocess
import sys
from http.client import HTTPConnection
from typing import Any

import orjson

from bench import client, isolated
from bench.figure import Figure
from bench.posting import parsed
from bench.server import Server, serving
from bench.survive import BATCHES, document, sink, survive

RUNS = 3
SINKS = 50
RECORDS = 1_000
RATIO = 0.4
SURVIVED_RECORDS = 100_000
KILLS = 3


def run() -> list[Figure]:
    return [throughput(), *isolated.run(), *survived()]


def throughput() -> Figure:
    """Alternating: the server, the bare loop with a request of that server's, and again."""
    ours, bare = zip(*((_ours(), _bare()) for _ in range(RUNS)), strict=True)
    beside = statistics.median(map(_rate, bare))
    cpu, bare_cpu = (statistics.median(measured["cpu_us"] for measured in runs) for runs in (ours, bare))
    return Figure(
        f"deliveries of one record to {SINKS} sinks",
        "deliveries/s",
        [_rate(measured) for measured in ours],
        RATIO * beside,
        beside=beside,
        beside_name="bare aiohttp",
        note=f"CPU {cpu:.0f} µs a delivery, {bare_cpu:.0f} µs a bare post; {ours[0]['connections']} connections",
    )


def survived() -> list[Figure]:
    found = survive(SURVIVED_RECORDS, KILLS)
    went = f"{found.deliveries:,} deliveries in {found.receipts:,} requests, {found.repeated} repeated; all metered"
    return [
        Figure(
            f"faults in {SURVIVED_RECORDS:,} records to {len(BATCHES)} sinks, {KILLS} kills, 7 % of requests fail",
            "faults",
            [sum(found.faults.values())],
            0,
            "less",
            note=", ".join(f"{name}: {times}" for name, times in found.faults.items()) or went,
        )
    ]


def _ours() -> dict[str, Any]:
    """What the receiver measured, and the server's processor time a delivery in `cpu_us`."""
    with client.started("receiver", SINKS * RECORDS, client.scratch("ours")) as receiver:
        url = f"http://127.0.0.1:{_said(receiver)['port']}"
        sinks = [sink(f"s{number}", f"{url}/s{number}", 1) for number in range(SINKS)]
        with serving(document([("bench", client.TOKEN, sinks)]), LIVEDASH_OUTBOUND_ALLOW="127.0.0.1") as server:
            cpu = server.cpu
            _append(server)
            measured = _said(receiver)
            return {**measured, "cpu_us": (server.cpu - cpu) / measured["requests"] * 1e6}


def _bare() -> dict[str, Any]:
    """The same of the bare loop. Raises SystemExit when its requests are not like the server's."""
    requests = SINKS * RECORDS
    with client.started("receiver", requests, client.scratch("bare")) as receiver:
        words = (_said(receiver)["port"], requests, SINKS, client.scratch("ours"))
        command = [sys.executable, "-m", "bench.posting", *map(str, words)]
        posted = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        ours, bare = (parsed(client.scratch(name).read_bytes()) for name in ("ours", "bare"))
        if ours[2] != bare[2] or ours[1].keys() != bare[1].keys():
            raise SystemExit(f"the bare loop posted something else: {bare} instead of {ours}")
        return {**_said(receiver), **posted}


def _append(server: Server) -> None:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    headers = {"Authorization": f"Bearer {client.TOKEN}", "Content-Type": "application/json"}
    connection.request("POST", "/api/pipelines/bench/records", orjson.dumps([client.RECORD] * RECORDS), headers)
    if (answer := connection.getresponse()).status != 200:
        raise SystemExit(f"not appended: {answer.read().decode()}")
    connection.close()


def _said(receiver: "subprocess.Popen[str]") -> dict[str, Any]:
    """The next line of the receiver. Raises SystemExit when it ended instead."""
    assert receiver.stdout
    if not (line := receiver.stdout.readline()):
        raise SystemExit("the receiver ended before it had everything")
    return dict(json.loads(line))


def _rate(measured: dict[str, Any]) -> float:
    return float(measured["requests"] / measured["seconds"])
