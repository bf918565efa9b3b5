"""Ingest at its limits: sizes, depths, counts and packed bodies, each on both sides of the line."""

import gzip
from pathlib import Path

import httpx
import orjson
import pytest

from livedash.base import limits
from livedash.base.limits import KIB, MIB
from tests.server import INGEST, Client, bearer, process
from tests.web.test_ingest import NDJSON, problem, refused
from tests.wire import RECORDS, stored


def nested(depth: int) -> bytes:
    """A record of `depth` objects in one another."""
    return b'{"a":' * (depth - 1) + b'{"n":1}' + b"}" * (depth - 1)


async def test_depth(client: Client):
    body = b"[%b,%b,%b]" % (nested(32), nested(33), nested(300))
    answer = (await client.append(body)).json()
    assert answer["accepted"] == 1
    assert answer["errors"] == [{"index": index, "reason": "nested deeper than 32"} for index in (1, 2)]
    assert await stored(client) == [orjson.loads(nested(32))]
    assert len(await refused(client)) == 2


async def test_the_size_of_a_record(client: Client):
    around = len(b',"timestamp":"2026-11-22T19:00:00.123Z","data":{"text":""},"metrics":{}}')
    fits = limits.RECORD_BYTES - around
    answer = (await client.append(orjson.dumps([{"text": "x" * fits}, {"text": "x" * (fits + 1)}]))).json()
    assert answer["errors"] == [{"index": 1, "reason": "larger than 64 KiB"}]
    assert [len(data["text"]) for data in await stored(client)] == [fits]
    [kept] = await refused(client)
    assert len(kept["body"]) == limits.REFUSAL_BYTES


async def test_a_number_too_large_for_a_float(client: Client):
    """Neither JSON nor a chart has an infinity."""
    response = await client.append(b'{"n":1}\n{"n":1e999}\n{"n":2}', content_type=NDJSON)
    assert response.json()["errors"][0]["index"] == 1
    assert await stored(client) == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize(
    "body", [b"[" + b"[]," * 1_500_000 + b"[]]", b"\n" * 2_000_001, b"[" + b"1," * 2_000_001 + b"1]"]
)
async def test_a_small_gzip_of_very_many_values(client: Client, body: bytes):
    """Each would be an object in memory, and all of them parsed before the first is counted."""
    content_type = NDJSON if body[:1] == b"\n" else "application/json"
    response = await client.append(gzip.compress(body), content_encoding="gzip", content_type=content_type)
    assert response.status_code == 413
    assert "2,000,000 values" in problem(response)["detail"]


@pytest.mark.parametrize("content_type", ["application/json", NDJSON])
async def test_how_many_records(client: Client, content_type: str):
    def body(count: int) -> bytes:
        items = [b'{"n":1}'] * count
        return b"\n".join(items) if content_type == NDJSON else b"[" + b",".join(items) + b"]"

    assert (await client.append(body(10_000), content_type=content_type)).json()["accepted"] == 10_000
    response = await client.append(body(10_001), content_type=content_type)
    assert response.status_code == 413
    assert "10,000" in problem(response)["detail"]
    assert len(await stored(client)) == 10_000


async def test_the_size_of_a_body(client: Client):
    body = b'{"n":1}'.ljust(limits.BODY_BYTES)
    assert (await client.append(body)).status_code == 200

    async def endless():
        for _ in range(17):
            yield b" " * MIB

    assert (await client.append(body + b" ")).status_code == 413  # by its Content-Length
    assert (await client.append(endless())).status_code == 413  # chunked: only counting tells
    assert await stored(client) == [{"n": 1}]


async def test_packed(client: Client):
    packed = gzip.compress(b'{"n":1}\n') + gzip.compress(b'{"n":2}\n')  # what `cat a.gz b.gz` makes
    for coding in ("gzip", "x-gzip", "GZIP"):
        answer = await client.append(packed, content_type=NDJSON, content_encoding=coding)
        assert answer.json()["accepted"] == 2
    assert (await client.append(b'{"n":3}', content_encoding="identity")).status_code == 200
    assert await stored(client) == [{"n": 1}, {"n": 2}] * 3 + [{"n": 3}]


async def test_broken_packing_stores_nothing(client: Client):
    good = gzip.compress(b'{"n":1}\n' * 100)
    wrong_sum = good[:-8] + bytes([good[-8] ^ 1]) + good[-7:]
    for body in (good[:-1], good[:20], b"\x1f\x8b", good + b"rubbish", wrong_sum, b'{"n":1}', good + good[:-1]):
        response = await client.append(body, content_type=NDJSON, content_encoding="gzip")
        assert response.status_code == 400, body[-20:]
        assert "gzip" in problem(response)["detail"]
    assert (await client.append(b"", content_encoding="gzip")).status_code == 400
    assert await stored(client) == []


async def test_unpacked_to_the_limit_and_beyond(client: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "UNPACKED_BYTES", 100 * KIB)
    for size, status in ((100 * KIB, 200), (100 * KIB + 1, 413)):
        packed = gzip.compress(b'{"n":1}'.ljust(size))
        assert (await client.append(packed, content_encoding="gzip")).status_code == status


def test_a_bomb_takes_neither_memory_nor_time(tmp_path: Path):
    """1 MiB that unpacks to 1 GiB, and 16 MiB of members that unpack to nothing at all."""
    bomb = gzip.compress(bytes(16 * MIB), compresslevel=9) * 64
    crumbs = gzip.compress(b"") * (limits.BODY_BYTES // 20)
    headers = bearer(INGEST) | {"Content-Encoding": "gzip"}
    with process(tmp_path / "data") as (server, url):
        for body in (bomb, crumbs):
            response = httpx.post(url + RECORDS, content=body, headers=headers, timeout=10)
            assert response.status_code == 413
        assert peak_memory(server.popen.pid) < 350 * MIB


def peak_memory(pid: int) -> int:
    """The most bytes that process ever had resident."""
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * KIB
