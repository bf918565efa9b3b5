"""What is out of date goes: by age, by size, with its pipeline; in chunks, and beside everything else."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from livedash.base.limits import BLOCK_RECORDS, SWEEP_RECORDS
from livedash.base.metrics import Metrics
from livedash.bus.local import LocalBus
from livedash.catalog.directory import Directory
from livedash.catalog.entries import Pipeline, Retention, Snapshot
from livedash.log import Log
from livedash.log.sqlite import SqliteLog
from livedash.mapping import compile
from livedash.model import Cursor
from livedash.stream import retention
from livedash.stream.door import Door
from livedash.stream.gate import Gates
from livedash.stream.logs import Logs
from livedash.stream.reader import Reader
from livedash.stream.tail import Tails
from tests.log.support import HandClock, offsets
from tests.stream.conftest import a_pipeline

DAY = 24 * 3600 * 1_000_000


def snapshot(pipelines: Sequence[Pipeline], revision: int) -> Snapshot:
    return Snapshot(revision, (), tuple(pipelines), (), (), (), {})


class Chunked:
    """A real log that counts how often it is swept."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.sweeps = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def sweep(self) -> bool:
        self.sweeps += 1
        return await self._log.sweep()


@dataclass
class House:
    clock: HandClock
    directory: Directory
    logs: Logs
    door: Door
    tails: Tails
    metrics: Metrics

    def __post_init__(self) -> None:
        self.retention = retention.Retention(
            self.directory, self.logs, self.tails, clock=self.clock, metrics=self.metrics
        )

    @property
    def log(self) -> Chunked:
        assert isinstance(self.logs.durable, Chunked)
        return self.logs.durable

    def configure(self, *pipelines: Pipeline) -> None:
        self.directory.refresh(snapshot(pipelines, self.directory.revision + 1))

    async def append(self, pipeline: Pipeline, count: int) -> None:
        await self.door.append(pipeline, [{"n": n, "text": "x" * 100} for n in range(count)])

    async def held(self, pipeline: Pipeline) -> list[int]:
        return await offsets(self.logs.of(pipeline), pipeline.id)


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(retention, "SWEEP_PAUSE", 0)
    clock, metrics, bus = HandClock(), Metrics(), LocalBus()
    durable = SqliteLog(tmp_path / "log.db", clock=clock)
    logs = Logs(Chunked(durable), SqliteLog(":memory:", clock=clock, keep=100))  # type: ignore[arg-type]
    mapper = compile([])
    gates = Gates(logs, bus, metrics)
    door = Door(gates, lambda _: mapper, clock=clock, metrics=metrics)
    tails = Tails(logs, bus, size=100, coalesce=0, metrics=metrics)
    yield House(clock, Directory(snapshot([], 1)), logs, door, tails, metrics)
    await gates.close()
    await logs.durable.close()
    await logs.volatile.close()


def kept(days: float | None = None, bytes: int | None = None, slug: str = "weather") -> Pipeline:
    return replace(a_pipeline(slug), retention=Retention(days, bytes))


async def test_by_age(house: House) -> None:
    short, long, ever = kept(1, slug="short"), kept(7, slug="long"), kept(slug="ever")
    house.configure(short, long, ever)
    for pipeline in (short, long, ever):
        await house.append(pipeline, 10)
    house.clock.now += 2 * DAY
    for pipeline in (short, long, ever):
        await house.append(pipeline, 5)
    await house.retention.round()
    assert await house.held(short) == list(range(11, 16))
    assert await house.held(long) == await house.held(ever) == list(range(1, 16))
    house.clock.now += 6 * DAY
    await house.retention.round()
    assert await house.held(short) == []
    assert await house.held(long) == list(range(11, 16))
    assert await house.held(ever) == list(range(1, 16))


async def test_by_size(house: House) -> None:
    """To the record: the oldest go, as many as it takes."""
    allowed = BLOCK_RECORDS * 250
    pipeline = kept(bytes=allowed)
    house.configure(pipeline)
    for _ in range(5):
        await house.append(pipeline, BLOCK_RECORDS)
    full = (await house.log.bounds(pipeline.id)).bytes
    await house.retention.round()
    bounds = await house.log.bounds(pipeline.id)
    assert allowed - full / (5 * BLOCK_RECORDS) * 2 < bounds.bytes <= allowed
    assert await house.held(pipeline) == list(range(bounds.first, 5 * BLOCK_RECORDS + 1))


async def test_the_tail_forgets_and_readers_are_told(house: House) -> None:
    pipeline = kept(1)
    house.configure(pipeline)
    await house.append(pipeline, 10)
    tail = await house.tails.of(pipeline)
    house.clock.now += 2 * DAY
    await house.append(pipeline, 3)
    await house.retention.round()
    page = await Reader(tail, Cursor(tail.epoch, 0)).next(wait=0)
    assert page.gap is not None
    assert (page.gap.first, page.gap.last, page.gap.reason) == (1, 10, "trimmed")
    assert [record.offset for record in page.records] == [11, 12, 13]


async def test_space_is_freed_in_chunks(house: House) -> None:
    pipeline = kept(1)
    house.configure(pipeline)
    for _ in range(4):
        await house.append(pipeline, SWEEP_RECORDS)
    full = await house.log.used()
    house.clock.now += 2 * DAY
    before = house.log.sweeps
    await house.retention.round()
    assert house.log.sweeps - before >= 4
    assert await house.log.used() < full / 4
    assert f"livedash_log_bytes {float(await house.log.used())}".encode() in house.metrics.text()


async def test_what_a_deleted_pipeline_left_goes(house: House) -> None:
    gone, stays = kept(slug="gone"), kept(slug="stays")
    house.configure(gone, stays)
    await house.retention.round()
    for pipeline in (gone, stays):
        await house.append(pipeline, 2_000)
    tail, used = await house.tails.of(gone), await house.log.used()
    house.configure(stays)
    await house.retention.round()
    assert (await house.held(gone), len(await house.held(stays))) == ([], 2_000)
    assert await house.log.used() < 0.7 * used
    assert await house.tails.of(gone) is not tail
    bounds = await house.log.bounds(gone.id)
    assert (bounds.epoch != tail.epoch, bounds.last) == (True, 0)


@pytest.mark.parametrize("persist", [True, False])
async def test_a_pipeline_that_begins_or_ceases_to_persist_leaves_nothing_behind(house: House, persist: bool) -> None:
    before, after = a_pipeline(persist=persist), a_pipeline(persist=not persist)
    house.configure(before)
    await house.retention.round()
    await house.append(before, 10)
    house.configure(after)
    await house.retention.round()
    assert await house.held(before) == await house.held(after) == []
    await house.append(after, 3)
    await house.retention.round()
    assert (await house.held(before), await house.held(after)) == ([], [1, 2, 3])
    assert (await house.tails.of(after)).last == 3


async def test_a_change_of_the_catalog_begins_a_round_at_once(house: House) -> None:
    pipeline = kept()
    house.configure(pipeline)
    await house.append(pipeline, 10)
    house.clock.now += 2 * DAY
    running = asyncio.create_task(house.retention.run())
    await until(lambda: house.log.sweeps > 0)
    assert len(await house.held(pipeline)) == 10
    house.configure(kept(1))
    async with asyncio.timeout(5):  # a round by time would come in half a minute
        while await house.held(pipeline):
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def until(check: Any) -> None:
    async with asyncio.timeout(5):
        while not check():
            await asyncio.sleep(0.01)


async def test_ingest_goes_on_meanwhile(house: House) -> None:
    """Nothing that was acknowledged after a round began is lost, and offsets stay dense."""
    pipeline = kept(1)
    house.configure(pipeline)
    for _ in range(4):
        await house.append(pipeline, SWEEP_RECORDS)
    house.clock.now += 2 * DAY
    round = asyncio.create_task(house.retention.round())
    appended = 0
    while not round.done() or appended < 20:
        await house.append(pipeline, 10)
        appended += 1
    await round
    found = await house.held(pipeline)
    first = 4 * SWEEP_RECORDS + 1
    assert found == list(range(first, first + 10 * appended))
