"""Acknowledged means kept: the server is killed under load, again and again, and no record is lost or doubled."""

import asyncio
from collections import Counter
from pathlib import Path

import httpx
import orjson
import pytest

from tests.server import INGEST, Process, bearer, process
from tests.wire import RECORDS, records

POSTERS = 8


class Load:
    """Clients that post records with ids of their own, and remember what they were told."""

    def __init__(self, url: str) -> None:
        self.offsets: dict[str, int] = {}  # of what was acknowledged, by id
        self.up = asyncio.Event()
        self.up.set()
        self._url = url
        self._grown = asyncio.Condition()
        self._ending = False

    async def run(self, poster: int) -> None:
        """Post one after the other until told to end: single records, batches, and some that are repeated until they
        are acknowledged, as their key allows."""
        async with httpx.AsyncClient(base_url=self._url, timeout=20) as client:
            number = 0
            while not self._ending:
                size = (1, 1, 20)[number % 3]
                ids = [f"{poster}-{number}-{index}" for index in range(size)]
                await self._post(client, ids, key=f"{poster}-{number}" if number % 2 else None)
                number += 1

    async def _post(self, client: httpx.AsyncClient, ids: list[str], key: str | None) -> None:
        headers = bearer(INGEST) | ({"Idempotency-Key": key} if key else {})
        while True:
            await self.up.wait()
            try:
                answer = await client.post(RECORDS, content=orjson.dumps([{"id": id} for id in ids]), headers=headers)
            except httpx.TransportError:
                if key is None:
                    return  # nobody knows whether it was stored: it may be there, once
                await asyncio.sleep(0.01)
                continue
            first = answer.raise_for_status().json()["first"]
            async with self._grown:
                self.offsets |= {id: first + index for index, id in enumerate(ids)}
                self._grown.notify_all()
            return

    async def grow(self, count: int) -> None:
        """Wait until so many more were acknowledged."""
        wanted = len(self.offsets) + count
        async with self._grown, asyncio.timeout(30):
            await self._grown.wait_for(lambda: len(self.offsets) >= wanted)

    def end(self) -> None:
        self._ending = True


async def kill_and_restart(server: Process, url: str, load: Load) -> None:
    load.up.clear()
    await asyncio.to_thread(server.kill)
    server.start()
    await asyncio.to_thread(server.wait_until_up, url)
    load.up.set()


async def kill_under_load(folder: Path, times: int) -> None:
    with process(folder) as (server, url):
        load = Load(url)
        posters = [asyncio.create_task(load.run(number)) for number in range(POSTERS)]
        for _ in range(times):
            await load.grow(400)
            await kill_and_restart(server, url, load)
        await load.grow(400)
        load.end()
        await asyncio.gather(*posters)
        async with httpx.AsyncClient(base_url=url, timeout=20) as client:
            found = await records(client)
    assert [record["offset"] for record in found] == list(range(1, len(found) + 1))
    assert max(Counter(record["data"]["id"] for record in found).values()) == 1
    kept = {record["data"]["id"]: record["offset"] for record in found}
    assert load.offsets.items() <= kept.items()
    assert len(load.offsets) >= 400 * times


async def test_what_was_acknowledged_is_there_once(tmp_path: Path):
    await kill_under_load(tmp_path / "data", times=5)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_what_was_acknowledged_is_there_once_after_many_kills(tmp_path: Path):
    await kill_under_load(tmp_path / "data", times=60)
