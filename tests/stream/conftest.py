"""A door, tails and a log on a real SQLite file: the stream as the server runs it, without HTTP."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from livedash.base import clock
from livedash.base.metrics import Metrics
from livedash.bus import Bus
from livedash.bus.local import LocalBus
from livedash.catalog.entries import Pipeline, Retention
from livedash.log import Outcome, Write, Writes
from livedash.log.sqlite import SqliteLog
from livedash.mapping import compile
from livedash.stream.door import Door
from livedash.stream.gate import Gates
from livedash.stream.logs import Logs
from livedash.stream.tail import Tails


def a_pipeline(slug: str = "weather", *, persist: bool = True) -> Pipeline:
    return Pipeline(f"pl_{slug}", slug, slug, "main", {"type": "push"}, (), persist, Retention(), (), 1)


class SlowLog(SqliteLog):
    """Keeps what it is asked to commit and lets a test hold it back."""

    def __init__(self) -> None:
        super().__init__(":memory:", clock=clock.now)
        self.commits: list[Sequence[Write]] = []
        self.open = asyncio.Event()
        self.fail: Exception | None = None
        self._turn = asyncio.Lock()

    async def commit(self, writes: Writes) -> Sequence[Outcome]:
        async with self._turn:
            taken = writes() if callable(writes) else writes
            if not taken:
                return []
            self.commits.append(taken)
            await self.open.wait()
            if self.fail:
                raise self.fail
            return await super().commit(taken)


@pytest.fixture
async def slow() -> AsyncIterator[SlowLog]:
    log = SlowLog()
    yield log
    await log.close()


@dataclass
class Stream:
    door: Door
    tails: Tails
    logs: Logs
    bus: Bus


@pytest.fixture
async def stream(tmp_path: Path) -> AsyncIterator[Stream]:
    metrics, bus = Metrics(), LocalBus()
    logs = Logs(SqliteLog(tmp_path / "log.db", clock=clock.now), SqliteLog(":memory:", clock=clock.now, keep=100))
    mapper = compile([])
    gates = Gates(logs, bus, metrics)
    door = Door(gates, lambda _: mapper, clock=clock.now, metrics=metrics)
    tails = Tails(logs, bus, size=100, coalesce=0.01, metrics=metrics)
    task = asyncio.create_task(tails.run())
    yield Stream(door, tails, logs, bus)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await gates.close()
    await logs.durable.close()
    await logs.volatile.close()
