"""Whatever clients do in whatever order, each gets exactly the log: every record once, in order, from its beginning."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.server import Client, serving
from tests.web.graphql.wire import EVENTS, Socket, begun, followed_by, followers
from tests.wire import numbers

CUSTOMERS = 3
_NUMBER = st.integers(0, CUSTOMERS - 1)
STEPS = st.one_of(
    st.tuples(st.just("append"), st.integers(1, 40)),
    st.tuples(st.just("subscribe"), _NUMBER),
    st.tuples(st.just("take"), _NUMBER, st.integers(1, 30)),
    st.tuples(st.just("complete"), _NUMBER),
    st.tuples(st.just("drop"), _NUMBER),
)


@dataclass
class Customer:
    """Resumes with the cursor of the last record that it took, whether it left in peace or was cut off."""

    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    socket: Socket | None = None
    id: str | None = None
    cursor: str | None = None
    begin: int = 0
    had: int = 0
    took: list[dict[str, Any]] = field(default_factory=list)


class Life:
    """One server and its customers."""

    def __init__(self, client: Client, epoch: str) -> None:
        self.client = client
        self.epoch = epoch
        self.last = 0
        self.customers = [Customer() for _ in range(CUSTOMERS)]

    async def append(self, count: int) -> None:
        await numbers(self.client, self.last + 1, self.last + count)
        self.last += count

    async def subscribe(self, number: int) -> None:
        customer = self.customers[number]
        if customer.id is not None:
            return
        if customer.socket is None:
            customer.socket = await customer.stack.enter_async_context(begun(self.client))
        before = followers(self.client)
        if customer.cursor is None:  # the first time: from now on
            customer.cursor, customer.begin, customer.had = f"{self.epoch}-{self.last}", self.last, self.last
            customer.id = await customer.socket.start(EVENTS, p="weather")
        else:
            customer.id = await customer.socket.start(EVENTS, p="weather", after=customer.cursor)
        await followed_by(self.client, before + 1)

    async def take(self, number: int, most: int) -> None:
        customer = self.customers[number]
        if customer.socket is not None and customer.id is not None:
            for event in await customer.socket.events(customer.id, min(most, self.last - customer.had)):
                customer.took.append(event)
                customer.cursor, customer.had = event["cursor"], event["offset"]

    async def complete(self, number: int) -> None:
        """No more of it; what is on its way is thrown away, as clients do."""
        customer = self.customers[number]
        if customer.socket is not None and customer.id is not None:
            before = followers(self.client)
            await customer.socket.say(type="complete", id=customer.id)
            await customer.socket.alive()
            assert followers(self.client) == before - 1
            customer.id = None

    async def drop(self, number: int) -> None:
        """Without a word."""
        customer = self.customers[number]
        if customer.socket is not None:
            customer.socket.connection.transport.abort()
            await customer.stack.aclose()
            customer.stack, customer.socket, customer.id = AsyncExitStack(), None, None
            while followers(self.client) > sum(each.id is not None for each in self.customers):
                await asyncio.sleep(0.001)

    async def finish(self) -> None:
        """Everybody is there and takes what is left."""
        for number, customer in enumerate(self.customers):
            await self.subscribe(number)
            await self.take(number, self.last)
            await customer.stack.aclose()


@settings(deadline=None, max_examples=40)
@given(st.lists(STEPS, max_size=25))
def test_each_client_gets_exactly_the_log(steps: list[tuple[Any, ...]]) -> None:
    async def live() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with serving(Path(folder) / "data", stream_opens_per_minute=0) as client:
                tail = await client.app.tails.of(client.app.catalog.directory.pipeline("weather"))  # type: ignore[arg-type]
                life = Life(client, tail.epoch)
                for name, *arguments in steps:
                    await getattr(life, name)(*arguments)
                await life.finish()
                for customer in life.customers:
                    wanted = list(range(customer.begin + 1, life.last + 1))
                    assert [event["offset"] for event in customer.took] == wanted
                    assert [event["data"] for event in customer.took] == [{"n": offset} for offset in wanted]

    uvloop.run(live())
