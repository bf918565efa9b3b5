"""Opening a store: one of now, of before, of later, and none at all."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from livedash.log import Checkpoint, Count, Note, Save, Total
from livedash.log.sqlite import SqliteLog
from livedash.log.sqlite.schema import MIGRATIONS
from livedash.model.errors import StorageError

from .support import HandClock, append


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


async def test_everything_is_there_after_reopening(tmp_path: Path, clock: HandClock) -> None:
    log = SqliteLog(tmp_path / "log.db", clock=clock)
    first = await append(log, "p", 3, key="k")
    await log.commit([
        Save(Checkpoint("r", "p", first.epoch, 2, b"s")), Count("in", "p", "2026-11-22", 3), Note("r", "k", 7, b"n"),
    ])  # fmt: skip
    await log.close()
    assert not (tmp_path / "log.db-wal").exists(), "the WAL was not emptied"
    log = SqliteLog(tmp_path / "log.db", clock=clock)
    assert await append(log, "p", 9, key="k") == first
    assert (await append(log, "p")).first == 4
    assert await log.checkpoint("r", "p") == Checkpoint("r", "p", first.epoch, 2, b"s")
    assert list(await log.notes("r", "k")) == [(7, b"n")]
    assert [each.total for each in await log.meters("2026-11-22", "2026-11-22")] == [3]
    await log.close()


async def test_a_store_of_the_first_version_is_brought_up_to_date(tmp_path: Path, clock: HandClock) -> None:
    path = tmp_path / "log.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(f"{MIGRATIONS[0]} PRAGMA user_version = 1")
        db.execute("INSERT INTO head VALUES (1, 'p', 'epoch', 1, 0, 0, 0)")
        db.execute("INSERT INTO checkpoint VALUES ('r', 'p', 'epoch', 0, x'73')")
        db.execute("INSERT INTO meter VALUES ('p', '2026-11-22', 'in', 4), ('q', '2026-11-21', 'out', 5)")
    log = SqliteLog(path, clock=clock)
    await log.commit(
        [Count("in", "p", "2026-11-22", 3), Count("in", "p", "2026-11-22", 1, "a"), Note("s", "k", 1, b"")]
    )
    assert list(await log.meters("2026-11-21", "2026-11-22")) == [
        Total("", "q", "", "2026-11-21", "out", 5),
        Total("", "p", "", "2026-11-22", "in", 7),
        Total("a", "p", "", "2026-11-22", "in", 1),
    ]
    assert sorted(await log.readers()) == ["r", "s"]
    assert await log.checkpoint("r", "p") == Checkpoint("r", "p", "epoch", 0, b"s")
    assert (await append(log, "p")).epoch == "epoch"
    await log.close()


async def test_a_store_of_a_newer_version_is_refused(tmp_path: Path, clock: HandClock) -> None:
    path = tmp_path / "log.db"
    await SqliteLog(path, clock=clock).close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    with pytest.raises(StorageError, match=r"log\.db was written by a newer Livedash"):
        SqliteLog(path, clock=clock)


async def test_a_file_that_is_no_log_is_an_error_of_ours(tmp_path: Path, clock: HandClock) -> None:
    (tmp_path / "log.db").write_bytes(b"something else " * 1000)
    with pytest.raises(StorageError, match="not a database"):
        SqliteLog(tmp_path / "log.db", clock=clock)
    with pytest.raises(StorageError):
        SqliteLog(tmp_path / "no such folder" / "log.db", clock=clock)
