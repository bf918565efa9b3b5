"""Whatever happens in whatever order, every client ends with exactly the log, or knows from a gap what is missing."""

import asyncio
import re
from dataclasses import dataclass, field
from functools import partial

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from livedash.base import clock, limits
from livedash.base.metrics import Metrics
from livedash.log import Append, Trim
from livedash.log.sqlite import SqliteLog
from livedash.model import Cursor, Draft
from livedash.stream.broadcast import Broadcast
from livedash.stream.event_shape import EventShape
from livedash.stream.follower import Follower
from livedash.stream.tail import Tail
from tests.stream.lines import Client

SHAPES = (EventShape(), EventShape(pings=True), EventShape(where="data.n % 2 == 1"))
EVENT = re.compile(rb"(?:event: (?P<name>\w+)\n)?id: (?P<id>\S+)\ndata: (?P<data>.*)\n\n")

APPEND = st.tuples(st.just("append"), st.integers(1, 15))
TRIM = st.tuples(st.just("trim"), st.floats(0, 1))
CONNECT = st.tuples(st.just("connect"), st.integers(0, 3), st.integers(-3, 60))
DROP = st.tuples(st.just("drop"), st.integers(0, 3))
READ = st.tuples(st.just("read"), st.integers(0, 3), st.integers(1, 4))
TURN = st.tuples(st.just("turn"), st.integers(0, 6))


@dataclass
class Customer:
    """Somebody who connects again and again, each time with the last id they saw, and keeps everything they got."""

    shape: EventShape
    line: Client | None = None
    follower: Follower | None = None
    begin: Cursor | None = None
    received: list[bytes] = field(default_factory=list)

    def cursor(self) -> Cursor | None:
        seen = [*self.received, self.line.received if self.line else b""]
        ids = [found["id"] for text in seen for found in EVENT.finditer(text)]
        return Cursor.parse(ids[-1].decode()) if ids else self.begin


class World:
    """A log, its tail (of 8 records, so that most of what is missed comes from the log) and a broadcast of it."""

    def __init__(self) -> None:
        self.log = SqliteLog(":memory:", clock=clock.now)
        self.tail = Tail("pl", self.log, size=8, coalesce=0, metrics=Metrics())
        self.broadcast = Broadcast(lambda: asyncio.sleep(0), clock.now, Metrics())
        self.customers = [Customer(SHAPES[number % len(SHAPES)]) for number in range(4)]

    async def append(self, count: int) -> None:
        drafts = [Draft.encode({"n": self.tail.last + 1 + number}, {}, clock.now()) for number in range(count)]
        await self.log.commit([Append("pl", drafts)])
        await self.tail.poll()

    async def trim(self, share: float) -> None:
        through = int(self.tail.last * share)
        await self.log.commit([Trim("pl", through)])
        self.tail.forget(through)

    async def connect(self, number: int, begin: int) -> None:
        customer = self.customers[number]
        await self.drop(number)
        cursor = customer.cursor()
        if cursor is None:  # the first time: from anywhere, also from before, beyond and another life of the log
            cursor = customer.begin = Cursor("0", 7) if begin < 0 else Cursor(self.tail.epoch, begin)
        customer.line = Client(room=3)
        customer.follower = self.broadcast.follow(self.tail, customer.shape, cursor, lambda records, size: None)
        customer.follower.start(customer.line)

    async def drop(self, number: int) -> None:
        customer = self.customers[number]
        if customer.line and customer.follower:
            customer.follower.stop()
            customer.received.append(customer.line.received)
            customer.line = customer.follower = None

    async def read(self, number: int, room: int) -> None:
        """What a client takes, its server hears of only when it had fallen behind."""
        customer = self.customers[number]
        if customer.line and customer.follower:
            behind = customer.line.behind
            customer.line.room = room if behind else customer.line.room + room
            if behind:
                customer.follower.resume()

    async def turn(self, times: int) -> None:
        for _ in range(times):
            await asyncio.sleep(0)

    async def finish(self) -> None:
        """Everybody is there and reads until they have what the newest of them has."""
        for number in range(len(self.customers)):
            await self.connect(number, 0)
        await self.append(2 - self.tail.last % 2 + 1)  # so that the last record is odd, which all shapes carry
        for number, customer in enumerate(self.customers):
            assert customer.line
            await self.read(number, 1_000)
            await customer.line.until(partial(self.has_all, customer))

    def has_all(self, customer: Customer) -> bool:
        return customer.cursor() == Cursor(self.tail.epoch, self.tail.last)


def check(customer: Customer, epoch: str, last: int) -> None:
    """Offsets go on by one (by two where only odd ones are chosen), or over a gap that begins right there."""
    assert customer.begin is not None
    step = 2 if customer.shape.where else 1
    life, had = customer.begin
    for found in EVENT.finditer(b"".join(customer.received)):
        (next_life, offset), data = Cursor.parse(found["id"].decode()), orjson.loads(found["data"])
        if found["name"] == b"ping":
            assert (next_life, offset) == (life, had), "there is no silence: only where it begins is said"
        elif found["name"] == b"gap":
            assert (data["reason"] == "epoch") == (life != next_life)
            if data["reason"] == "ahead":
                assert (data["from"], data["to"]) == (offset + 1, had)
            else:
                assert had + 1 <= data["from"] <= had + step
                assert data["to"] == (None if life != next_life else offset)
        else:
            assert (next_life, offset, data["data"]["n"]) == (life, data["offset"], offset)
            assert had + 1 <= offset <= had + step
            assert step == 1 or offset % 2
        life, had = next_life, offset
    assert (life, had) == (epoch, last)


@settings(deadline=None)
@given(st.lists(st.one_of(APPEND, TRIM, CONNECT, DROP, READ, TURN), max_size=40))
def test_every_client_ends_with_the_log_or_is_told(steps: list[tuple[str, ...]]) -> None:
    async def live() -> None:
        world = World()
        frame_bytes, limits.FRAME_BYTES = limits.FRAME_BYTES, 300  # two or three records
        try:
            await world.tail.poll()
            for name, *arguments in steps:
                await getattr(world, name)(*arguments)
            await world.finish()
            for number, customer in enumerate(world.customers):
                await world.drop(number)
                check(customer, world.tail.epoch, world.tail.last)
        finally:
            limits.FRAME_BYTES = frame_bytes
            await world.log.close()

    asyncio.run(live())
