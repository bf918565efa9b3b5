"""One client over all doors by one cursor: what it takes by webhook, stream, subscription and page is the log."""

import asyncio
from pathlib import Path
from typing import Any

import orjson

from tests.server import STREAM, Client, bearer
from tests.sinks.webhook.support import Receiver
from tests.web.graphql.wire import EVENTS, begun
from tests.web.sinks import SINK, call, delivering
from tests.wire import PATIENCE, RECORDS, following, numbers


class Consumer:
    """Takes records one by one, and knows the cursor of the last."""

    def __init__(self, client: Client, receiver: Receiver) -> None:
        self.client = client
        self.receiver = receiver
        self.took: list[int] = []
        self.cursor = ""
        self._deliveries = 0

    def take(self, record: Any, cursor: str) -> None:
        self.took.append(record["offset"])
        assert record["data"] == {"n": record["offset"]}
        self.cursor = cursor

    async def by_webhook(self, least: int) -> None:
        """Deliveries until there were so many records; the cursor stands at the end of their ids."""
        end = len(self.took) + least
        async with asyncio.timeout(PATIENCE):
            while len(self.took) < end:
                while len(self.receiver.requests) == self._deliveries:
                    await asyncio.sleep(0.01)
                delivery = self.receiver.requests[self._deliveries]
                self._deliveries += 1
                for record in orjson.loads(delivery.body)["data"]["records"]:
                    self.take(record, delivery.headers["webhook-id"].rpartition("_")[2])

    async def pause(self) -> None:
        """The sink delivers no more; what is on its way is taken."""
        await call(self.client, "POST", f"{SINK}/pause")
        async with asyncio.timeout(PATIENCE):
            while (await call(self.client, "GET", SINK))["report"]["cursor"] != self.cursor:
                if len(self.receiver.requests) > self._deliveries:
                    await self.by_webhook(1)
                await asyncio.sleep(0.01)

    async def by_stream(self, count: int) -> None:
        async with following(self.client, last_event_id=self.cursor) as stream:
            for event in await stream.take(count):
                self.take(event.json(), event.id)

    async def by_subscription(self, count: int) -> None:
        async with begun(self.client) as socket:
            id = await socket.start(EVENTS, p="weather", after=self.cursor)
            for event in await socket.events(id, count):
                self.take(event, event["cursor"])

    async def by_query(self) -> None:
        async with begun(self.client) as socket:
            query = """query($after: String) { records(pipelineId: "weather", after: $after, first: 7) {
              edges { cursor node { offset data } } } }"""
            found = await socket.of(await socket.start(query, after=self.cursor))
            for edge in found["data"]["records"]["edges"]:
                self.take(edge["node"], edge["cursor"])

    async def by_page(self) -> None:
        query = {"after": self.cursor, "limit": "7"}
        page = (await self.client.get(RECORDS, params=query, headers=bearer(STREAM))).json()
        for record in page["records"]:
            self.take(record, f"{page['cursor'].partition('-')[0]}-{record['offset']}")
        assert page["gap"] is None and page["cursor"] == self.cursor


async def test_one_client_over_all_doors_loses_and_repeats_nothing(tmp_path: Path):
    async with delivering(tmp_path) as (client, receiver):
        last = 0
        stop = asyncio.Event()

        async def append() -> None:
            nonlocal last
            while not stop.is_set():
                await numbers(client, last + 1, last + 5)
                last += 5
                await asyncio.sleep(0.002)

        appending = asyncio.create_task(append())
        consumer = Consumer(client, receiver)
        await consumer.by_webhook(20)
        await consumer.pause()
        for _ in range(2):
            await consumer.by_stream(30)
            await consumer.by_subscription(30)
            await consumer.by_page()
            await consumer.by_query()
            await consumer.by_subscription(1)
            await consumer.by_stream(1)
        await call(client, "POST", f"{SINK}/resume", {"from": consumer.cursor})
        await consumer.by_webhook(10)
        stop.set()
        await appending
        await consumer.by_webhook(last - len(consumer.took))
        assert consumer.took == list(range(1, last + 1))
