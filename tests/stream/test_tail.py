"""The tail: quick for a lone record, one look for a burst, and no harm from a log that fails for a while."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from livedash.base import clock, limits
from livedash.base.metrics import Metrics
from livedash.log import Append, Log, Restart, Trim
from livedash.log.sqlite import SqliteLog
from livedash.model import Cursor, Draft, Page
from livedash.model.errors import StorageError
from livedash.stream.reader import Reader
from livedash.stream.tail import Tail
from tests.stream.conftest import Stream, a_pipeline


class Watched:
    """A real log that counts its reads, and fails them when told to."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.reads = 0
        self.failing = False
        self.failed = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def read(self, pipeline: str, after: int, limit: int) -> Page:
        self.reads += 1
        if self.failing:
            self.failed.set()
            raise StorageError("the disk is gone")
        return await self._log.read(pipeline, after, limit)

    async def append(self, count: int = 1, size: int = 1) -> None:
        (outcome,) = await self._log.commit([Append("p", [Draft(0, b',"data":"%b"}' % (b"x" * size))] * count)])
        assert not isinstance(outcome, Exception)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[Watched]:
    found = SqliteLog(tmp_path / "log.db", clock=clock.now)
    yield Watched(found)
    await found.close()


Make = Callable[..., Tail]


@pytest.fixture
def a_tail(log: Watched) -> Make:
    def make(coalesce: float = 0.0, size: int = 100) -> Tail:
        return Tail("p", log, size=size, coalesce=coalesce, metrics=Metrics())  # type: ignore[arg-type]

    return make


async def grow(log: Watched, tail: Tail, count: int = 1) -> None:
    """As the door does it: stored, then announced."""
    await log.append(count)
    tail.hint(tail.last + 1)


async def waiting(tail: Tail, reader: Reader) -> "asyncio.Task[Page]":
    task = asyncio.create_task(reader.next(wait=60))
    await asyncio.sleep(0)
    return task


async def test_a_lone_record_is_not_delayed(log: Watched, a_tail: Make) -> None:
    tail = a_tail(coalesce=60)
    await tail.refresh()
    tail._looked -= 60  # the last look was a minute ago
    page = await waiting(tail, Reader(tail))
    await grow(log, tail)
    assert len((await asyncio.wait_for(page, 1.5)).records) == 1  # before the next poll, too


async def test_a_burst_is_one_page_and_one_look(log: Watched, a_tail: Make) -> None:
    tail = a_tail(coalesce=0.5)
    await tail.refresh()
    reader = Reader(tail)
    page = await waiting(tail, reader)
    before = log.reads
    for _ in range(20):
        await grow(log, tail)
    assert [record.offset for record in (await page).records] == list(range(1, 21))
    assert log.reads == before + 1


async def test_without_coalescing_every_record_is_seen_at_once(log: Watched, a_tail: Make) -> None:
    tail = a_tail()
    await tail.refresh()
    reader = Reader(tail)
    for offset in range(1, 6):
        page = await waiting(tail, reader)
        await grow(log, tail)
        assert [record.offset for record in (await page).records] == [offset]


async def test_nobody_waits_nobody_looks(log: Watched, a_tail: Make) -> None:
    tail = a_tail()
    await tail.refresh()
    before = log.reads
    for _ in range(5):
        await grow(log, tail)
    await asyncio.sleep(0.01)
    assert log.reads == before
    await tail.refresh()
    assert (tail.last, log.reads) == (5, before + 1)


async def test_who_was_cancelled_waits_no_more(log: Watched, a_tail: Make) -> None:
    tail = a_tail()
    await tail.refresh()
    tasks = [await waiting(tail, Reader(tail)) for _ in range(50)]
    before = log.reads
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await grow(log, tail)
    await asyncio.sleep(0.01)
    assert log.reads == before  # a look would be for nobody


async def test_one_that_is_cancelled_leaves_the_others_waiting(log: Watched, a_tail: Make) -> None:
    tail = a_tail()
    await tail.refresh()
    gone, stays = await waiting(tail, Reader(tail)), await waiting(tail, Reader(tail))
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    await grow(log, tail)
    assert len((await asyncio.wait_for(stays, 1.5)).records) == 1


async def test_a_log_that_fails_for_a_while_costs_no_record(log: Watched, a_tail: Make) -> None:
    tail = a_tail()
    await tail.refresh()
    page = await waiting(tail, Reader(tail))
    log.failing = True
    await grow(log, tail)
    await log.failed.wait()
    await asyncio.sleep(0)
    assert not page.done()
    log.failing = False
    await grow(log, tail)
    assert [record.offset for record in (await asyncio.wait_for(page, 1.5)).records] == [1, 2]


async def test_a_log_that_keeps_failing_is_told_to_who_waits(
    log: Watched, a_tail: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "POLL_SECONDS", 0.02)
    tail = a_tail()
    await tail.refresh()
    log.failing = True
    with pytest.raises(StorageError):
        await Reader(tail).next(wait=60)
    log.failing = False
    await log.append()
    assert len((await Reader(tail, Cursor(tail.epoch, 0)).next(wait=5)).records) == 1


async def test_it_holds_the_newest_whatever_came_before(log: Watched, a_tail: Make) -> None:
    await log.append(250)
    tail = a_tail(size=100)
    await tail.refresh()
    assert [record.offset for record in tail.records] == list(range(151, 251))
    assert tail.page(149) is None  # only the log has it
    page = tail.page(200)
    assert page is not None
    assert [record.offset for record in page.records] == list(range(201, 251))
    assert tail.page(200) is page  # shared, and with it the bytes
    await log.append(30)
    await tail.poll()
    assert [record.offset for record in tail.records] == list(range(181, 281))


async def test_large_records_come_over_several_pages(log: Watched, a_tail: Make) -> None:
    for _ in range(5):
        await log.append(20, size=100_000)
    tail = a_tail(size=100)
    await tail.refresh()
    assert [record.offset for record in tail.records] == list(range(1, 101))


async def test_a_new_life_of_the_log_wakes_who_waits(log: Watched, a_tail: Make) -> None:
    await log.append(5)
    tail = a_tail()
    await tail.refresh()
    old = tail.epoch
    page = await waiting(tail, Reader(tail))
    await log.commit([Restart("p")])
    await grow(log, tail)
    found = await asyncio.wait_for(page, 1.5)
    assert (tail.epoch != old, tail.last, len(tail.records)) == (True, 1, 1)
    assert found.gap is not None
    assert found.gap.reason == "epoch"


async def test_so_many_pages_are_kept_whatever_places_are_named(log: Watched, a_tail: Make) -> None:
    tail = a_tail()
    await log.append(50)
    await tail.poll()
    pages = [tail.page(after) for after in range(50)]
    kept = sum(tail.page(after) is pages[after] for after in range(49, -1, -1))
    assert kept == limits.TAIL_PAGES


async def test_what_was_trimmed_is_forgotten(log: Watched, a_tail: Make) -> None:
    await log.append(10)
    tail = a_tail()
    await tail.refresh()
    assert tail.page(0) is not None
    await log.commit([Trim("p", 4)])
    tail.forget(4)
    assert [record.offset for record in tail.records] == [5, 6, 7, 8, 9, 10]
    assert tail.page(0) is None
    page = await Reader(tail, Cursor(tail.epoch, 0)).next(wait=0)
    assert page.gap is not None
    assert (page.gap.first, page.gap.last, page.records[0].offset) == (1, 4, 5)


async def test_tails_are_made_once_and_forgotten_with_their_pipeline(stream: Stream) -> None:
    pipeline = a_pipeline()
    await stream.door.append(pipeline, [{"n": 1}])
    tail = await stream.tails.of(pipeline)
    assert await stream.tails.of(pipeline) is tail
    await stream.door.append(pipeline, [{"n": 2}])
    async with asyncio.timeout(5):
        while (await stream.tails.of(pipeline)).last < 2:  # up to date when it is given out, once the hint is there
            await asyncio.sleep(0)
    stream.tails.forget(pipeline.id, stream.logs.durable, through=1)
    assert [record.offset for record in tail.records] == [2]
    stream.tails.forget(pipeline.id, stream.logs.durable)
    assert await stream.tails.of(pipeline) is not tail


async def test_a_pipeline_that_moves_to_memory_keeps_the_tail_it_has_there(stream: Stream) -> None:
    moved = a_pipeline(persist=False)
    old, new = await stream.tails.of(a_pipeline()), await stream.tails.of(moved)
    stream.tails.forget(moved.id, stream.logs.durable)
    assert await stream.tails.of(moved) is new
    assert await stream.tails.of(a_pipeline()) is not old


async def test_a_tail_that_is_forgotten_while_it_is_asked_for_is_given_out_all_the_same(stream: Stream) -> None:
    asked = asyncio.create_task(stream.tails.of(a_pipeline()))
    await asyncio.sleep(0)  # it reads the log now
    stream.tails.forget(a_pipeline().id, stream.logs.durable)
    assert (await asked).last == 0


async def test_durable_and_volatile_are_two(stream: Stream) -> None:
    durable, volatile = a_pipeline(), a_pipeline(persist=False)
    await stream.door.append(durable, [{"n": 1}])
    await stream.door.append(volatile, [{"n": 1}, {"n": 2}])
    assert ((await stream.tails.of(durable)).last, (await stream.tails.of(volatile)).last) == (1, 2)
