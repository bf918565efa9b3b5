"""What streams carried is counted once, whatever the log does meanwhile."""

import asyncio

import pytest

from livedash.base import limits
from livedash.base.metrics import Metrics
from livedash.bus.local import LocalBus
from livedash.model.errors import StorageError
from livedash.stream.gate import Gate
from livedash.stream.meter import StreamMeter
from tests.stream.conftest import SlowLog, a_pipeline

DAY = 20_000 * 86_400_000_000
FIRST, SECOND = a_pipeline(), a_pipeline("memory", persist=False)


class Clock:
    now = DAY

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def time() -> Clock:
    return Clock()


@pytest.fixture
def meter(slow: SlowLog, time: Clock) -> StreamMeter:
    slow.open.set()
    return StreamMeter(Gate(slow, LocalBus(), Metrics()), time)


async def counted(log: SlowLog) -> dict[tuple[str, str, str], int]:
    return {(each.day, each.pipeline, each.name): each.total for each in await log.meters("0000-01-01", "9999-12-31")}


async def test_by_day_and_pipeline(meter: StreamMeter, slow: SlowLog, time: Clock):
    meter.opened(FIRST)
    meter.opened(FIRST)
    meter.opened(SECOND)
    meter.sent(FIRST, 3, 100)
    meter.sent(FIRST, 1, 50)
    time.now += 86_400_000_000  # before that is written down
    meter.sent(FIRST, 1, 10)
    await meter.close()
    first, second = "2024-10-04", "2024-10-05"
    assert await counted(slow) == {
        (first, "pl_weather", "streams"): 2,
        (first, "pl_memory", "streams"): 1,
        (first, "pl_weather", "events"): 4,
        (first, "pl_weather", "bytes"): 150,
        (second, "pl_weather", "events"): 1,
        (second, "pl_weather", "bytes"): 10,
    }
    [subject] = {(each.team, each.subject) for each in await slow.meters("0000-01-01", "9999-12-31")}
    assert subject == ("main", ""), "the pipeline itself pays"


async def test_what_could_not_be_written_is_written_later(meter: StreamMeter, slow: SlowLog):
    meter.opened(FIRST)
    slow.fail = StorageError("the disk has gone")
    await meter.close()
    assert await counted(slow) == {}
    slow.fail = None
    meter.opened(FIRST)
    await meter.close()
    await meter.close()
    assert list((await counted(slow)).values()) == [2]


async def test_what_is_counted_during_a_commit_is_not_lost(meter: StreamMeter, slow: SlowLog):
    slow.open.clear()
    meter.opened(FIRST)
    writing = asyncio.create_task(meter.close())
    while not slow.commits:
        await asyncio.sleep(0)
    meter.opened(FIRST)
    slow.open.set()
    await writing
    await meter.close()
    assert list((await counted(slow)).values()) == [2]


async def test_it_writes_now_and_then_and_only_if_there_is_something(
    meter: StreamMeter, slow: SlowLog, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(limits, "METER_SECONDS", 0.005)
    running = asyncio.create_task(meter.run())
    await asyncio.sleep(0.05)
    assert slow.commits == []
    meter.opened(FIRST)
    async with asyncio.timeout(5):
        while not slow.commits:
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert list((await counted(slow)).values()) == [1]
