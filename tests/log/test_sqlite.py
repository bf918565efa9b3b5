"""The SQLite log: the suite of the port on a file and in memory, and what only this adapter promises."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from livedash.log import Append, Appended, Checkpoint, Count, Done, Log, Restart, Save, Together, Trim
from livedash.log.sqlite import SqliteLog, reads
from livedash.log.sqlite.room import Room
from livedash.model.errors import Invalid, StorageError, StorageFull

from .conformance import LogConformance
from .support import HandClock, append, drafts, offsets, one, refusal, sweep_all


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def log(tmp_path: Path, clock: HandClock) -> AsyncIterator[SqliteLog]:
    log = SqliteLog(tmp_path / "log.db", clock=clock)
    yield log
    await log.close()


class TestFile(LogConformance):
    pass


class TestMemory(LogConformance):
    @pytest.fixture
    async def log(self, clock: HandClock) -> AsyncIterator[SqliteLog]:
        log = SqliteLog(":memory:", clock=clock)
        yield log
        await log.close()


async def test_keep_holds_only_the_newest_and_frees_the_rest(clock: HandClock) -> None:
    log = SqliteLog(":memory:", clock=clock, keep=100)
    await append(log, "other", 7)
    await append(log, "p", 60)
    assert await offsets(log, "p") == list(range(1, 61))
    used = []
    for _ in range(5):
        outcomes = await log.commit([Append("p", drafts(3000, size=100)), Append("p", drafts(60, size=100))])
        assert [o.accepted for o in outcomes if isinstance(o, Appended)] == [3000, 60]
        bounds = await log.bounds("p")
        assert await offsets(log, "p") == list(range(bounds.last - 99, bounds.last + 1))
        assert bounds.bytes == 100 * len(drafts(1, size=100)[0].body)
        used.append(await log.used())
    assert used[-1] == used[1]
    assert await offsets(log, "other") == list(range(1, 8))
    await log.close()


async def test_the_sweep_leaves_nothing_of_an_ended_life(log: SqliteLog, tmp_path: Path) -> None:
    for _ in range(3):
        await log.commit([Append("p", drafts(1500)), Restart("p")])
    await append(log, "p")
    await sweep_all(log)
    with closing(sqlite3.connect(tmp_path / "log.db")) as db:
        assert [db.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("head", "record", "block")] == (
            [(1,)] * 3
        )


@pytest.mark.parametrize("call", [
    lambda log: log.commit([Append("p", drafts(1))]), lambda log: log.read("p", 0, 1), lambda log: log.find("p", 0),
    lambda log: log.bounds("p"), lambda log: log.expired("p", before=0, over=0), lambda log: log.checkpoint("r", "p"),
    lambda log: log.refused("p", 1), lambda log: log.meters("", "9"),
    lambda log: log.notes("r", "k"), lambda log: log.readers(), lambda log: log.sweep(),
])  # fmt: skip
async def test_no_error_of_sqlite_leaks(
    log: SqliteLog, tmp_path: Path, call: Callable[[Log], "asyncio.Future[object]"]
) -> None:
    db = sqlite3.connect(tmp_path / "log.db")
    for (table,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        db.execute(f"DROP TABLE {table}")
    db.close()
    with pytest.raises(StorageError) as raised:
        await call(log)
    assert not isinstance(raised.value, StorageFull)


async def test_the_quota_refuses_records_and_lets_the_rest_through(tmp_path: Path, clock: HandClock) -> None:
    log = SqliteLog(tmp_path / "log.db", clock=clock, quota_bytes=2_000_000)
    await append(log, "p", 100)
    last = 100
    for _ in range(30):
        outcome = await one(log, Append("p", drafts(100, size=1000)))
        last = (isinstance(outcome, Appended) and outcome.last) or last
    assert isinstance(outcome, StorageFull)
    assert 1_700_000 < await log.used() <= 2_000_000
    epoch = (await log.bounds("p")).epoch
    full, together, small, refused, saved, counted, trimmed = await log.commit([
        Append("p", drafts(200, size=1000), key="k"),
        Together([Count("in", "p", "2026-11-22", 5), Append("p", drafts(200, size=1000))]),
        Append("p", drafts(1)),
        Append("p", [], refusals=[refusal(0)]),
        Save(Checkpoint("r", "p", epoch, last)),
        Count("in", "p", "2026-11-22", 1),
        Trim("p", last),
    ])  # fmt: skip
    assert isinstance(full, StorageFull) and isinstance(together, StorageFull)
    assert isinstance(small, Appended) and isinstance(refused, Appended)
    assert saved == counted == trimmed == Done()
    assert [each.total for each in await log.meters("2026-11-22", "2026-11-22")] == [1]
    await sweep_all(log)
    assert (await append(log, "p", 200, size=1000, key="k")).first == last + 2
    await log.close()


async def test_what_failed_together_takes_no_room(tmp_path: Path, clock: HandClock) -> None:
    log = SqliteLog(tmp_path / "log.db", clock=clock, quota_bytes=2_000_000)
    records = Append("p", drafts(1000, size=1000))
    failed, stored = await log.commit([Together([records, Trim("p", 9999)]), records])
    assert isinstance(failed, Invalid) and isinstance(stored, Appended)
    await log.close()


def test_the_reserve_is_left_free_but_at_most_a_twentieth_of_the_disk(tmp_path: Path) -> None:
    file = tmp_path / "log.db"
    db = sqlite3.connect(file)
    db.execute("CREATE TABLE t (c)")
    whole, _, free = shutil.disk_usage(tmp_path)
    tolerance = 1 << 30  # others write to it too
    assert abs(Room(file, 0, 0).left(db) - free) < tolerance
    assert abs(Room(file, 0, whole // 40).left(db) - (free - whole // 40)) < tolerance
    assert abs(Room(file, 0, whole).left(db) - (free - whole // 20)) < tolerance
    assert Room(file, 100_000, 1).left(db) == 100_000 - reads.space(db)[0]
    db.close()


async def test_a_full_store_refuses_and_recovers(log: SqliteLog) -> None:
    """SQLite's own limit on pages stands in for the end of the disk: it raises the same SQLITE_FULL."""
    await append(log, "p", 1000, size=1000)
    (pages,) = await log._writer.run(lambda db: db.execute("PRAGMA page_count").fetchone())
    await log._writer.run(lambda db: db.execute(f"PRAGMA max_page_count = {pages + 20}").fetchone())
    full, saved = await log.commit([Append("p", drafts(1000, size=1000)), Count("in", "p", "2026-11-22", 1)])
    assert isinstance(full, StorageFull) and saved == Done()
    large = [Save(Checkpoint(f"r{i}", "p", "e", 0, b"x" * 60_000)) for i in range(30)]
    with pytest.raises(StorageFull):
        await log.commit([Count("in", "p", "2026-11-22", 1), *large])
    assert [each.total for each in await log.meters("2026-11-22", "2026-11-22")] == [1]
    assert (await log.bounds("p")).last == 1000
    assert await one(log, Trim("p", 900)) == Done()
    await sweep_all(log)
    assert (await append(log, "p", 500, size=1000)).first == 1001
    await log.close()


async def test_close_waits_for_what_was_asked_for(tmp_path: Path, clock: HandClock) -> None:
    log = SqliteLog(tmp_path / "log.db", clock=clock)
    commit = asyncio.ensure_future(log.commit([Restart("p"), Append("p", drafts(5000))]))
    await asyncio.sleep(0)
    await log.close()
    assert isinstance((await commit)[1], Appended)
