"""A full disk: refused in words, nothing lost of what was acknowledged, and well again once there is room."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest

from livedash.base.limits import KIB, MIB
from tests.server import ADMIN, Client, bearer, serving
from tests.web.test_ingest import problem
from tests.wire import PATIENCE, metric, records, stored

FULL = 200  # batches that no disk of these tests can take


async def batch(client: Client, number: int) -> httpx.Response:
    """500 records of together 100 KiB."""
    return await client.append(orjson.dumps([{"batch": number, "text": "x" * 180}] * 500))


async def fill(client: Client) -> int:
    """Append until there is no room; the number of records that were taken."""
    for number in range(FULL):
        response = await batch(client, number)
        if response.status_code != 200:
            assert response.status_code == 503
            assert "room" in problem(response)["detail"] or "full" in problem(response)["detail"]
            assert int(response.headers["retry-after"]) > 0
            return number * 500
    raise AssertionError("it was never full")


async def recovered(client: Client) -> None:
    """Return when records are taken again."""
    async with asyncio.timeout(PATIENCE):
        while (await batch(client, -1)).status_code != 200:
            await asyncio.sleep(0.02)


async def test_the_quota_refuses_and_retention_makes_room(tmp_path: Path):
    async with serving(tmp_path / "data", quota="3MB") as client:
        taken = await fill(client)
        assert taken > 5000
        assert await metric(client, "livedash_ingest_busy_total") >= 1
        assert (await client.append('{"n":1}', idempotency_key="k")).status_code in (200, 503)
        found = await records(client)
        assert [record["offset"] for record in found] == list(range(1, len(found) + 1))
        assert len(found) - taken in (0, 1)
        assert (await client.append("[1]")).status_code == 422  # what is refused takes no room
        assert (await client.get("/d/weather")).status_code == 200

        change = {"retention": {"bytes": "500KB"}}
        await client.request("PUT", "/api/pipelines/weather", json=change, headers=bearer(ADMIN))
        await recovered(client)
        left = await records(client)
        assert [record["offset"] for record in left] == list(range(left[0]["offset"], left[-1]["offset"] + 1))
        assert left[0]["offset"] > 1 and left[-1]["offset"] == len(found) + 500
    async with serving(tmp_path / "data", quota="3MB") as client:
        again = await records(client)  # retention may have gone on
        assert again == left[-len(again) :]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MiB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "livedash-test", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here (that needs root)")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def ballast(path: Path, leave: int) -> None:
    """Fill the disk up to `leave` bytes."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(64 * KIB))
        except OSError:
            file.truncate(max(file.tell() - leave, 0))


async def test_a_real_disk_runs_full_and_is_freed(small_disk: Path):
    filler = small_disk / "filler"
    filler.write_bytes(bytes(6 * MIB))
    async with serving(small_disk / "data") as client:
        taken = await fill(client)
        assert taken > 0 and len(await stored(client)) == taken
        filler.unlink()
        await recovered(client)
        assert len(await stored(client)) == taken + 500


async def test_a_disk_that_others_fill_to_the_last_byte(small_disk: Path):
    filler = small_disk / "filler"
    async with serving(small_disk / "data") as client:
        assert (await batch(client, 1)).status_code == 200
        ballast(filler, leave=0)
        for number in range(3):
            response = await batch(client, number)
            assert response.status_code == 503
            problem(response)
        answer = await client.request("PUT", "/api/pipelines/new", json={}, headers=bearer(ADMIN))
        assert answer.status_code in (201, 503)  # the catalog is as full
        assert len(await stored(client)) == 500  # reading goes on
        assert (await client.get("/d/weather")).status_code == 200
        filler.unlink()
        await recovered(client)
    async with serving(small_disk / "data") as client:
        found = await records(client)
    assert [record["offset"] for record in found] == list(range(1, 1001))
