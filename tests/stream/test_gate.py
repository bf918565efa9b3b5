"""The gate: any write in a group commit, fair between queues, and what others are told of it."""

import asyncio
from collections.abc import Callable

import pytest

from livedash.base import limits
from livedash.base.metrics import Metrics
from livedash.bus.local import LocalBus
from livedash.log import Append, Appended, Checkpoint, Count, Done, Note, Save, Together, Trim, Write
from livedash.model import Draft
from livedash.model.errors import Busy, Invalid, StorageError, StorageFull, TooLarge
from livedash.stream.gate import Gate, Gates
from livedash.stream.logs import Logs
from tests.stream.conftest import SlowLog, a_pipeline


class HeardBus(LocalBus):
    """Keeps what was announced."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[str, int]] = []

    async def announce(self, pipeline: str, last: int) -> None:
        self.heard.append((pipeline, last))
        await super().announce(pipeline, last)


class House:
    def __init__(self, log: SlowLog) -> None:
        self.log, self.bus, self.metrics = log, HeardBus(), Metrics()
        self.gate = Gate(log, self.bus, self.metrics)

    def start(self, queue: str, write: Write, size: int = 1) -> "asyncio.Task[Appended | Done]":
        return asyncio.create_task(self.gate.commit(queue, write, size))

    async def held(self) -> "asyncio.Task[Appended | Done]":
        """A write on its way to a log that holds it back: what comes now waits."""
        write = self.start("first", note(0))
        await until(lambda: bool(self.log.commits))
        return write

    def lines(self) -> dict[str, str]:
        pairs = (line.rsplit(" ", 1) for line in self.metrics.text().decode().splitlines() if line[0] != "#")
        return dict(pairs)


@pytest.fixture
async def house(slow: SlowLog) -> House:
    return House(slow)


async def until(reached: Callable[[], bool]) -> None:
    for _ in range(1000):
        if reached():
            return
        await asyncio.sleep(0)
    raise AssertionError("not reached")


async def queued() -> None:
    """Until those that were started wait at the gate."""
    for _ in range(5):
        await asyncio.sleep(0)


def note(key: int, size: int = 1) -> Note:
    return Note("sk", "kind", key, b"x" * size)


def append(pipeline: str, number: int = 1, key: str | None = None) -> Append:
    return Append(pipeline, [Draft(0, b"")] * number, key=key)


async def test_writes_of_every_kind_share_a_commit(house: House) -> None:
    first = await house.held()
    group = Together([Save(Checkpoint("sk", "p", "e", 1)), Count("records", "p", "2026-11-22", 5), note(1)])
    calls = [house.start("sk", group), house.start("p", append("p", 3), 3), house.start("tk", note(2))]
    await queued()
    house.log.open.set()
    assert await first == Done()
    assert await calls[0] == Done((Done(),) * 3)
    appended = await calls[1]
    assert isinstance(appended, Appended) and (appended.first, appended.last) == (1, 3)
    assert await calls[2] == Done()
    assert [len(writes) for writes in house.log.commits] == [1, 3]
    assert [key for key, _ in await house.log.notes("sk", "kind")] == [0, 1, 2]


async def test_each_caller_gets_its_own_error(house: House) -> None:
    house.log.open.set()
    large = note(1, limits.STATE_BYTES + 1)
    outcomes = await asyncio.gather(
        house.gate.commit("a", Together([Count("in", "p", "2026-11-22", 1), large])),
        house.gate.commit("b", Trim("p", 9)),
        house.gate.commit("c", note(2)),
        return_exceptions=True,
    )
    assert [type(each) for each in outcomes] == [TooLarge, Invalid, Done]
    assert not await house.log.meters("", "9")


async def test_a_queue_keeps_its_order_and_leaves_room_for_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "COMMIT_RECORDS", 6)
    monkeypatch.setattr(limits, "COMMIT_RECORDS_PER_PIPELINE", 4)
    await house.held()
    loud = [house.start("loud", note(key), size=2) for key in range(1, 8)]
    await queued()
    quiet = [house.start("quiet", note(100 + key)) for key in range(3)]
    await queued()
    house.log.open.set()
    await asyncio.gather(*loud, *quiet)
    commits = [[write.key for write in writes] for writes in house.log.commits]  # type: ignore[union-attr]
    assert commits == [[0], [1, 2, 100, 101], [3, 4, 102], [5, 6], [7]]


async def test_what_a_caller_left_behind_is_stored(house: House) -> None:
    await house.held()
    leaver, waiting = house.start("sk", note(1)), house.start("sk", note(2))
    await queued()
    leaver.cancel()
    house.log.open.set()
    assert await waiting == Done()
    assert leaver.cancelled()
    assert [key for key, _ in await house.log.notes("sk", "kind")] == [0, 1, 2]


async def test_heads_of_appends_are_announced_once_they_are_stored(house: House) -> None:
    first = await house.held()
    group = Together([note(1), append("q", 2), append("p", 1)])
    calls = [
        house.start("p", append("p", 1, key="k")),
        house.start("p", append("p", 2), 2),
        house.start("p", append("p", 1, key="k")),  # its outcome is that of the first
        house.start("sk", group),
        house.start("r", append("r", 0)),
        house.start("bad", Together([append("s", 4), Trim("s", 99)])),
    ]
    await queued()
    assert not house.bus.heard
    house.log.open.set()
    await asyncio.gather(first, *calls[:-1])
    with pytest.raises(Invalid):
        await calls[-1]
    await house.gate.close()
    assert sorted(house.bus.heard) == [("p", 4), ("q", 2)]


async def test_a_repeated_key_does_not_take_the_head_back(house: House) -> None:
    house.log.open.set()
    await house.gate.commit("p", append("p", 1, key="k"))
    await asyncio.gather(house.gate.commit("p", append("p", 2), 2), house.gate.commit("p", append("p", 1, key="k")))
    await house.gate.close()
    assert house.bus.heard == [("p", 1), ("p", 3)]


async def test_the_metrics_count_records_of_appends_only(house: House) -> None:
    house.log.open.set()
    await house.gate.commit("sk", note(1), size=50)
    assert house.lines()["livedash_commit_records_count"] == "0.0"
    await asyncio.gather(house.gate.commit("sk", note(1)), house.gate.commit("p", append("p", 3), 3))
    assert house.lines()["livedash_commit_records_count"] == "1.0"
    assert house.lines()["livedash_commit_records_sum"] == "3.0"
    assert house.lines()['livedash_stage_seconds_count{stage="commit"}'] == "2.0"


async def test_only_an_append_that_finds_no_room_counts_as_busy(house: House) -> None:
    house.log.open.set()
    house.log.fail = StorageFull("full")
    writes = [house.start("sk", note(1)), house.start("p", append("p"))]
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(each) for each in outcomes] == [StorageFull, StorageFull]
    assert house.lines()["livedash_ingest_busy_total"] == "1.0"


async def test_a_queue_with_too_much_waiting_is_busy_until_that_is_stored(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PENDING_RECORDS", 5)
    call = house.start("p", append("p", 5), 5)
    await queued()
    with pytest.raises(Busy):
        house.gate.check("p")
    house.gate.check("q")
    house.log.open.set()
    await call
    await house.gate.commit("p", append("p", 5), 5)
    house.gate.check("p")


async def test_a_bug_in_a_commit_leaves_nobody_waiting(house: House) -> None:
    house.log.open.set()
    house.log.fail = RuntimeError("a bug")
    with pytest.raises(StorageError, match="the log of the server says why"):
        await house.gate.commit("sk", note(1))
    house.log.fail = None
    assert await house.gate.commit("sk", note(1)) == Done()


async def test_close_waits_for_what_is_under_way(slow: SlowLog) -> None:
    volatile = SlowLog()
    gates = Gates(Logs(slow, volatile), LocalBus(), Metrics())
    kept, fleeting = a_pipeline(), a_pipeline(persist=False)
    assert gates.of(kept) is gates.durable is not gates.of(fleeting)
    calls = [asyncio.create_task(gates.of(each).commit(each.id, append(each.id))) for each in (kept, fleeting)]
    await until(lambda: bool(slow.commits and volatile.commits))
    closing = asyncio.create_task(gates.close())
    await queued()
    assert not closing.done()
    slow.open.set()
    assert (await calls[0]).last == 1
    await queued()
    assert not closing.done()
    volatile.open.set()
    await closing
    assert calls[1].result().last == 1
    await volatile.close()


async def test_who_comes_as_a_commit_ends_is_not_forgotten(house: House) -> None:
    """Two commits may be asked for at a time; one that ends in this very moment takes nothing any more."""
    house.log.open.set()

    async def one_after_the_other(queue: str) -> None:
        for key in range(100):
            await house.gate.commit(queue, note(key))

    async with asyncio.timeout(10):
        await asyncio.gather(*(one_after_the_other(f"sk{number}") for number in range(3)))
