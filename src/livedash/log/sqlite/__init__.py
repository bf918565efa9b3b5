"""The log on SQLite: one thread writes, two read, each with a connection of its own; a database in memory has one
thread for all. Only one process may have the log open for writing, which the lock on the data folder sees to.
"""

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from livedash.log import Bounds, Checkpoint, Outcome, Total, Write, Writes
from livedash.log.sqlite import reads
from livedash.log.sqlite.lane import Lane, is_full, translated
from livedash.log.sqlite.room import Room
from livedash.log.sqlite.schema import connect, empty_wal, prepare
from livedash.log.sqlite.sweep import sweep
from livedash.log.sqlite.writes import commit
from livedash.model import Clock, Page, Refusal

T = TypeVar("T")
_READERS = 2


class SqliteLog:
    """`Log` on a SQLite file, or in memory when `path` is ":memory:"."""

    def __init__(
        self,
        path: Path | str,
        *,
        clock: Clock,
        keep: int | None = None,
        quota_bytes: int = 0,
        reserve_bytes: int = 0,
    ) -> None:
        """Open it and bring its schema up to date. With `keep`, each commit trims and frees all but the newest
        `keep` records of the pipelines it appends to. `quota_bytes` (0: none) is what the log may take,
        `reserve_bytes` what stays free of its disk, though at most a twentieth of it; an Append for which there is
        no room has StorageFull as outcome, its neighbours go through. Raises StorageError."""
        self._clock = clock
        self._keep = keep
        in_memory = str(path) == ":memory:"
        self._room = Room(None if in_memory else Path(path), quota_bytes, reserve_bytes)
        try:
            writer = _opened(str(path))
            readers = [] if in_memory else [connect(str(path), read_only=True) for _ in range(_READERS)]
        except sqlite3.Error as error:
            raise translated(error) from error
        self._writer = Lane("log-writer", [writer])
        self._readers = Lane("log-reader", readers) if readers else self._writer

    async def commit(self, writes: Writes) -> Sequence[Outcome]:
        return await self._writer.run(lambda db: self._commit(db, writes() if callable(writes) else writes))

    def _commit(self, db: sqlite3.Connection, writes: Sequence[Write], also: Sequence[str] = ()) -> list[Outcome]:
        if not (writes or also):
            return []

        def attempt(left: int) -> list[Outcome]:
            return commit(db, writes, now=self._clock(), keep=self._keep, left=left, also=also)

        try:
            outcomes = attempt(self._room.left(db))
        except sqlite3.Error as error:
            if not is_full(error):
                raise
            empty_wal(db)
            outcomes = attempt(0)  # without the records, but a Trim has to work on a full disk
        while self._keep is not None and sweep(db, self._clock()):
            pass
        return outcomes

    async def read(self, pipeline: str, after: int, limit: int) -> Page:
        return await self._ask(pipeline, lambda db: reads.page(db, pipeline, after, limit))

    async def find(self, pipeline: str, since: int) -> int:
        return await self._ask(pipeline, lambda db: reads.find(db, pipeline, since))

    async def bounds(self, pipeline: str) -> Bounds:
        return await self._ask(pipeline, lambda db: reads.bounds(db, pipeline))

    async def bounds_of(self, pipelines: Sequence[str]) -> Sequence[Bounds]:
        while (
            missing := set(pipelines) - (known := await self._readers.run(partial(reads.bounds_of, pipelines))).keys()
        ):
            await self._writer.run(partial(self._commit, writes=(), also=tuple(missing)))
        return [known[each] for each in pipelines]

    async def expired(self, pipeline: str, *, before: int | None, over: int | None) -> int:
        return await self._ask(pipeline, lambda db: reads.expired(db, pipeline, before, over))

    async def _ask(self, pipeline: str, question: Callable[[sqlite3.Connection], T | None]) -> T:
        """The answer; a pipeline that is new to the log begins to exist first, which only the writer can see to."""
        while (answer := await self._readers.run(question)) is None:
            await self._writer.run(lambda db: self._commit(db, (), also=(pipeline,)))
        return answer

    async def pipelines(self) -> Sequence[str]:
        return await self._readers.run(reads.pipelines)

    async def checkpoint(self, reader: str, pipeline: str) -> Checkpoint | None:
        return await self._readers.run(lambda db: reads.checkpoint(db, reader, pipeline))

    async def refused(self, pipeline: str, limit: int) -> Sequence[tuple[int, Refusal]]:
        return await self._readers.run(lambda db: reads.refused(db, pipeline, limit))

    async def notes(self, reader: str, kind: str) -> Sequence[tuple[int, bytes]]:
        return await self._readers.run(lambda db: reads.notes(db, reader, kind))

    async def readers(self) -> Sequence[str]:
        return await self._readers.run(reads.readers)

    async def meters(self, first: str, last: str) -> Sequence[Total]:
        return await self._readers.run(lambda db: reads.meters(db, first, last))

    async def sweep(self) -> bool:
        return await self._writer.run(self._sweep)

    def _sweep(self, db: sqlite3.Connection) -> bool:
        try:
            return sweep(db, self._clock())
        except sqlite3.Error as error:
            if not is_full(error):
                raise
            empty_wal(db)
            return sweep(db, self._clock())

    async def used(self) -> int:
        used, _ = await self._readers.run(reads.space)
        return used

    async def close(self) -> None:
        if self._readers is not self._writer:
            await self._readers.close()
        await self._writer.close()


def _opened(path: str) -> sqlite3.Connection:
    connection = connect(path)
    try:
        prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection
