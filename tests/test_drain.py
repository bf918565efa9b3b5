"""A deploy under a thousand clients: each is told when to come back, comes back to the next process, misses nothing."""

import asyncio
from contextlib import suppress
from pathlib import Path

import httpx

from tests.server import INGEST, STREAM, bearer, process
from tests.wire import RECORDS, STREAMED

CLIENTS = 1_000
PATIENCE = 60.0


class Customer:
    """As an EventSource does it: reads events, remembers the last id, comes back after the time it was told."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._id = ""
        self.got: list[int] = []
        self.wishes: list[int] = []
        self.named: list[str] = []

    async def follow(self, last: int) -> None:
        """Until it has the record with this offset."""
        while not self.got or self.got[-1] < last:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._connect(last)
            await asyncio.sleep(self.wishes[-1] / 1000 if self.wishes else 0.2)

    async def _connect(self, last: int) -> None:
        reader, writer = await asyncio.open_connection(*self._address)
        try:
            header = f"Last-Event-ID: {self._id}\r\n" if self._id else ""
            writer.write(f"GET {STREAMED}?token={STREAM} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n".encode())
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
            while not self.got or self.got[-1] < last:
                self._hear(await reader.readuntil(b"\n\n"))
        finally:
            writer.close()

    def _hear(self, event: bytes) -> None:
        fields = dict(line.split(": ", 1) for line in event.decode().splitlines() if not line.startswith(":") and line)
        if "retry" in fields:
            self.wishes.append(int(fields["retry"]))
        if "event" in fields:
            self.named.append(fields["event"])
        if "id" in fields:
            self._id = fields["id"]
            if "event" not in fields:
                self.got.append(int(self._id.split("-")[1]))


async def append(client: httpx.AsyncClient, first: int, last: int) -> None:
    for number in range(first, last + 1):
        (await client.post(RECORDS, json={"n": number}, headers=bearer(INGEST))).raise_for_status()


async def over_a_stop(folder: Path, clients: int, before: int, after: int) -> list[Customer]:
    """So many clients follow while so many records come, and again as many after a stop and a start."""
    with process(folder) as (server, url):
        address = httpx.URL(url)
        customers = [Customer(address.host, address.port or 0) for _ in range(clients)]
        async with httpx.AsyncClient(base_url=url) as client, asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
            for customer in customers:
                group.create_task(customer.follow(before + after))
            while f"livedash_streams {clients}.0" not in (await client.get("/metrics")).text:
                await asyncio.sleep(0.1)
            await append(client, 1, before)
            await asyncio.to_thread(server.stop)
            await asyncio.to_thread(server.start)
            await asyncio.to_thread(server.wait_until_up, url)
            await append(client, before + 1, before + after)
    assert [customer.got for customer in customers] == [list(range(1, before + after + 1))] * clients
    return customers


async def test_a_thousand_clients_come_back_and_miss_nothing(tmp_path: Path):
    customers = await over_a_stop(tmp_path / "data", CLIENTS, 50, 50)
    assert [customer.named for customer in customers] == [[]] * CLIENTS
    wishes = [customer.wishes for customer in customers]
    assert all(1_000 <= wish <= 4_000 for each in wishes for wish in each)
    assert len({each[1] for each in wishes}) > CLIENTS / 4, "not all in one moment"


async def test_who_was_sent_nothing_yet_is_told_where_it_was(tmp_path: Path):
    """Without an id it would go on from the moment in which it comes back."""
    customers = await over_a_stop(tmp_path / "data", 50, 0, 5)
    assert [customer.named for customer in customers] == [["ping"]] * 50
