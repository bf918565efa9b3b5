"""Sinks at work on a real log, in a time of the tests' own, with an endpoint that answers as it is told to."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from livedash.base.metrics import Metrics
from livedash.base.supervise import Health
from livedash.bus.local import LocalBus
from livedash.catalog.directory import Directory
from livedash.catalog.entries import Pipeline, Snapshot
from livedash.catalog.entries import Sink as Entry
from livedash.log import Append, Outcome, Restart, Together, Trim, Writes
from livedash.log.sqlite import SqliteLog
from livedash.mapping import compile
from livedash.model import Draft
from livedash.model.errors import StorageError
from livedash.sinks.course import Schedule
from livedash.sinks.follower import Follower
from livedash.sinks.means import Means
from livedash.sinks.runner import Sinks
from livedash.sinks.state import State, Status
from livedash.stream.door import Door
from livedash.stream.gate import Gates
from livedash.stream.logs import Logs
from livedash.stream.operations import Operations
from livedash.stream.tail import Tails
from tests.sinks.endpoint import Endpoint
from tests.stream.conftest import a_pipeline

SECOND, HOUR, DAY = 1_000_000, 3_600_000_000, 86_400_000_000  # µs
TROUBLE = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
SCHEDULE = Schedule(TROUBLE, (5, 60, 300), 5 * 86_400)
WEATHER = a_pipeline()


def a_sink(name: str = "hook", start: str | None = None, **changed: Any) -> Entry:
    return replace(Entry(f"sk_{name}", WEATHER.id, name, {}, {}, (), (), start, 1), **changed)


class Time:
    """Stands still, but whoever sleeps makes it pass at once; while `held` a sleep lasts until the time is `set`."""

    def __init__(self) -> None:
        self.now = 20_500 * DAY
        self.slept: list[float] = []  # seconds
        self.held = False
        self._set = asyncio.Event()

    def __call__(self) -> int:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        end = self.now + int(seconds * SECOND)
        while self.held and self.now < end:
            await self._set.wait()
        await asyncio.sleep(0)
        self.now = max(self.now, end)

    def set(self, now: int) -> None:
        self.now = now
        self._set.set()
        self._set = asyncio.Event()


class Frail:
    """A real log, which fails when told to. `around` is awaited before and after each commit."""

    def __init__(self, log: SqliteLog) -> None:
        self.log = log
        self.failing = False
        self.around: Callable[[], Any] | None = None

    def __getattr__(self, name: str) -> Any:
        if self.failing and name in ("read", "checkpoint", "notes"):
            raise StorageError("the disk is gone")
        return getattr(self.log, name)

    async def commit(self, writes: Writes) -> Sequence[Outcome]:
        if self.around is not None:
            await self.around()
        if self.failing:
            raise StorageError("the disk is gone")
        outcomes = await self.log.commit(writes)
        if self.around is not None:
            await self.around()
        return outcomes


@dataclass
class World:
    """What outlives the server."""

    log: Frail
    time: Time = field(default_factory=Time)
    chance: float = 0.5  # no jitter
    directory: Directory = field(default_factory=lambda: Directory(Snapshot(1, (), (WEATHER,), (), (), (), {})))

    def configure(self, *sinks: Entry, pipelines: Sequence[Pipeline] = (WEATHER,)) -> None:
        self.directory.refresh(Snapshot(self.directory.revision + 1, (), tuple(pipelines), sinks, (), (), {}))

    async def append(self, count: int = 1, size: int = 1) -> None:
        """Behind the server's back; what a draft says is the number that it will be."""
        (outcome,) = await self.log.log.commit([Append(WEATHER.id, [self._draft(size)] * count)])
        assert not isinstance(outcome, Exception)

    def _draft(self, size: int) -> Draft:
        return Draft(self.time.now, b',"data":{"text":"%b"},"metrics":{}}' % (b"x" * size))

    async def trim(self, through: int) -> None:
        await self.log.log.commit([Trim(WEATHER.id, through)])

    async def restart(self) -> None:
        await self.log.log.commit([Restart(WEATHER.id)])

    async def state(self, sink: str = "sk_hook") -> tuple[State, int]:
        """What is stored of a sink: its state, and the offset of its checkpoint."""
        stored = await self.log.log.checkpoint(sink, WEATHER.id)
        return (State(), 0) if stored is None else (State.decode(stored.state), stored.offset)

    async def meters(self, sink: str = "sk_hook") -> dict[str, int]:
        counted: Counter[str] = Counter()
        for each in await self.log.log.meters("1970-01-01", "9999-12-31"):
            if each.subject == sink:
                assert (each.team, each.pipeline) == (WEATHER.team, WEATHER.id)
                counted[each.name] += each.total
        return dict(counted)


class Server:
    """One life of the server."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.metrics, bus = Metrics(), LocalBus()
        logs = Logs(world.log, world.log)  # type: ignore[arg-type]
        self._gates = Gates(logs, bus, self.metrics)
        self.door = Door(self._gates, lambda _: compile([]), clock=world.time, metrics=self.metrics)
        self.tails = Tails(logs, bus, size=100, coalesce=0, metrics=self.metrics)
        self.health = Health()
        self.means = Means(
            self.tails, self._gates.durable, world.log, Operations(world.directory, self.door), SCHEDULE, world.time,
            self.metrics, world.time.sleep, lambda: world.chance,
        )  # type: ignore[arg-type]  # fmt: skip
        self._tasks = [asyncio.create_task(self.tails.run())]

    def follow(self, endpoint: Endpoint, entry: Entry | None = None) -> Follower:
        follower = Follower(entry or a_sink(), WEATHER, endpoint, self.means)
        self._tasks.append(asyncio.create_task(follower.run()))
        return follower

    def sinks(self, endpoint_of: Callable[[Entry], Endpoint]) -> Sinks:
        sinks = Sinks(self.world.directory, endpoint_of, self.means, health=self.health)
        self._tasks.append(asyncio.create_task(sinks.run()))
        return sinks

    async def append(self, *items: dict[str, Any]) -> None:
        await self.door.append(WEATHER, items or [{}])

    async def kill(self) -> None:
        """As SIGKILL does it: nothing is stored any more but what the log was just asked for."""
        self._gates.durable._queues.clear()
        tasks = [*self._tasks, *self._gates.durable._tasks]
        for task in tasks:
            task.cancel()
        for found in await asyncio.gather(*tasks, return_exceptions=True):
            if found is not None and not isinstance(found, asyncio.CancelledError):
                raise found


@asynccontextmanager
async def a_world() -> AsyncIterator[World]:
    time = Time()
    log = SqliteLog(":memory:", clock=time)
    try:
        yield World(Frail(log), time)
    finally:
        await log.close()


@asynccontextmanager
async def serving(world: World) -> AsyncIterator[Server]:
    server = Server(world)
    try:
        yield server
    finally:
        await server.kill()


async def until(holds: Callable[[], object], seconds: float = 5) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not holds():
                await asyncio.sleep(0.0005)
    assert holds()


def idle(follower: Follower, last: int) -> bool:
    """Whether it has delivered all up to offset `last`, and what people asked for."""
    state = follower.memory.state
    if (
        not follower.ready.is_set()
        or follower.memory.failed
        or state.delivery
        or state.replays
        or state.retries
        or state.news
    ):
        return False
    return state.status is Status.RUNNING and follower.memory.position.offset == last


async def stored(follower: Follower) -> None:
    """Wait until what it decided is stored."""
    await follower._means.gate.commit(follower.entry.id, Together(()))


async def done(follower: Follower, last: int) -> None:
    """Wait until it is idle, and that is stored."""
    await until(lambda: idle(follower, last))
    await stored(follower)
