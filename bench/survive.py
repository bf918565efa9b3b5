"""Deliveries through an endpoint that goes wrong, by a server that is killed: what arrived, held against what was
appended and what was metered."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any

import orjson

from bench import client
from bench.flaky import OK, RESET, Flaky, Receipt, flaky
from bench.server import Server, serving

BATCHES = (100, 100, 10, 25)  # records a delivery of each sink
ADMIN = "bench-admin-token"
SECRET = "whsec_YmVuY2gtc2lnbmluZy1zZWNyZXQtYmVuY2g="
ENV = {
    "LIVEDASH_ADMIN_TOKEN": ADMIN,
    "LIVEDASH_OUTBOUND_ALLOW": "127.0.0.1",
    "LIVEDASH_SINK_RETRY_SECONDS": "0.02,0.05,0.1,0.2",
    "LIVEDASH_LOG_LEVEL": "error",
}
POST_RECORDS = 40  # less than the larger batches hold, so that one cut anew after a kill would be another
AHEAD = 20  # a twentieth of the records may be appended before the others have arrived: each kill finds some coming in
SETTLE_SECONDS = 10.0


@dataclass(frozen=True)
class Finding:
    """`faults` are what must not be, by name, with how often it was; those that did not happen are not in it."""

    seconds: float
    receipts: int
    deliveries: int
    repeated: int
    faults: dict[str, int] = field(default_factory=dict)


def survive(records: int, kills: int, patience: float = 600, seed: int = 1) -> Finding:
    """Append so many records while the server is killed so many times, and wait until all have arrived everywhere.
    Raises TimeoutError when they do not within `patience` seconds."""
    with flaky(seed) as endpoint, serving(_document(endpoint), **ENV) as server:
        started, copies = time.monotonic(), records * len(BATCHES)
        appending = threading.Thread(target=_append, args=(server, endpoint, records, patience), daemon=True)
        appending.start()
        for kill in range(kills):
            endpoint.wait("flaky", copies * (kill + 1) // (kills + 1), patience)
            server.end(signal.SIGKILL)
            server.start("/healthz")
        endpoint.wait("flaky", copies, patience)
        seconds = time.monotonic() - started
        appending.join(patience)
        deliveries = _settled(server, endpoint)
        return judged(endpoint.report(), records, deliveries, kills, seconds)


def judged(
    receipts: Sequence[Receipt], records: int, metered: Sequence[Counter[str]], kills: int, seconds: float = 0
) -> Finding:
    """What the receipts say, of `records` records to each path. `metered`: the totals of each sink, in their order."""
    paths = {f"/flaky/s{number}": totals for number, totals in enumerate(metered)}
    each = [([r for r in receipts if r.path == path], totals) for path, totals in paths.items()]
    faults = sum((_faults(came, records, totals, kills) for came, totals in each), Counter[str]())
    accepted = [r for r in receipts if r.status == OK]
    deliveries = len({(r.path, r.id) for r in accepted})
    return Finding(seconds, len(receipts), deliveries, len(accepted) - deliveries, dict(+faults))


def _faults(receipts: Sequence[Receipt], records: int, metered: Counter[str], kills: int) -> Counter[str]:
    """Of one sink. A delivery may be repeated after it was accepted, under its own id; nothing may begin before what
    comes before it was accepted, nor with other bounds after a failure or a kill."""
    through, begun, faults = 0, "", Counter[str]()
    bodies, accepted = dict[str, str](), dict[str, Receipt]()
    for receipt in receipts:
        again = receipt.id in accepted
        faults["changed"] += bodies.setdefault(receipt.id, receipt.digest) != receipt.digest
        faults["wrong records"] += receipt.offsets != receipt.seqs
        if not again:
            faults["out of order"] += receipt.offsets != list(range(through + 1, through + 1 + len(receipt.offsets)))
            faults["given up"] += begun not in accepted and receipt.id != begun and begun != ""
            begun = receipt.id
        if receipt.status == OK and not again:
            accepted[receipt.id] = receipt
            through = receipt.offsets[-1]
    arrived = Counter(offset for receipt in accepted.values() for offset in receipt.offsets)
    faults["lost"] = len(set(range(1, records + 1)) - arrived.keys())
    faults["doubled"] = sum(times - 1 for times in arrived.values())
    faults["deliveries metered wrong"] = abs(metered["deliveries"] - len(accepted))
    faults["records metered wrong"] = abs(metered["records"] - arrived.total())
    # Not metered: what was under way at a kill, one request at most, and a request that was reset and sent again at
    # once, since it may have met a kept connection that was closed long before.
    unmetered = kills + sum(receipt.status == RESET for receipt in receipts)
    faults["attempts metered wrong"] = not len(receipts) - unmetered <= metered["attempts"] <= len(receipts)
    return faults


def _append(server: Server, endpoint: Flaky, records: int, patience: float) -> None:
    """Every record, in order and once, through all the kills; its number is in it. Ends after `patience` seconds."""
    end = time.monotonic() + patience
    for first in range(1, records + 1, POST_RECORDS):
        endpoint.wait("flaky", (first - records // AHEAD) * len(BATCHES), patience)
        numbers = range(first, min(first + POST_RECORDS, records + 1))
        body = orjson.dumps([client.RECORD | {"seq": number} for number in numbers])
        headers = {"Authorization": f"Bearer {client.TOKEN}", "Idempotency-Key": f"from-{first}"}
        while _asked(server, "POST", "/api/pipelines/bench/records", body, headers) is None:
            if time.monotonic() > end:
                return
            time.sleep(0.02)  # it was killed, and is coming back


def _settled(server: Server, endpoint: Flaky) -> list[Counter[str]]:
    """What was metered, once it does not grow any more: what arrived last is metered a moment later."""
    wanted = len({(r.path, r.id) for r in endpoint.report() if r.status == OK})
    end = time.monotonic() + SETTLE_SECONDS
    while (found := _metered(server)) and sum(each["deliveries"] for each in found) < wanted:
        if time.monotonic() > end:
            break
        time.sleep(0.05)
    return found


def _metered(server: Server) -> list[Counter[str]]:
    usage = _asked(server, "GET", "/api/usage?pipeline=bench", None, {"Authorization": f"Bearer {ADMIN}"})
    totals = {f"s{number}": Counter[str]() for number in range(len(BATCHES))}
    for row in usage["rows"]:
        totals[row["sink_name"]].update({name: row[name] for name in ("deliveries", "attempts", "records")})
    return list(totals.values())


def _asked(server: Server, verb: str, path: str, body: bytes | None, headers: dict[str, str]) -> Any:
    """The JSON of a 200; None when there was no answer or another."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request(verb, path, body, headers | {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return orjson.loads(answer.read()) if answer.status == 200 else None
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def _document(endpoint: Flaky) -> str:
    sinks = [sink(f"s{n}", endpoint.url(f"/flaky/s{n}"), records) for n, records in enumerate(BATCHES)]
    return document([("bench", client.TOKEN, sinks)])


def document(pipelines: Iterable[tuple[str, str, Sequence[dict[str, Any]]]]) -> str:
    """A document of pipelines, each with its ingest token and its sinks."""
    listed = [{"slug": slug, "ingest_token": token, "sinks": sinks} for slug, token, sinks in pipelines]
    return orjson.dumps({"apiVersion": 1, "pipelines": listed}).decode()


def sink(name: str, url: str, records: int) -> dict[str, Any]:
    return {"type": "webhook", "name": name, "url": url, "secret": SECRET, "batch": {"records": records}}
