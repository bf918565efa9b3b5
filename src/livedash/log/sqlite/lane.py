"""Threads with connections of their own, and the place where SQLite's errors become ours."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

from livedash.model.errors import StorageClosed, StorageError, StorageFull

T = TypeVar("T")
# A full disk is usually SQLITE_FULL; while the WAL or its index grows it may show as a failed write.
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMMAP}


def is_full(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", None) in _FULL


def translated(error: sqlite3.Error) -> StorageError:
    """The error of ours that says the same."""
    if is_full(error):
        return StorageFull("the disk is full: free space, or lower the retention")
    return StorageError(f"the log's store failed: {error}")


class Lane:
    """Runs work on as many threads as there are connections, each piece with one of them to itself."""

    def __init__(self, name: str, connections: list[sqlite3.Connection]) -> None:
        self._connections = connections
        self._idle: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        for connection in connections:
            self._idle.put(connection)
        self._threads = ThreadPoolExecutor(len(connections), name)
        self._closed = False

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns. Raises StorageError instead of what SQLite raised; StorageClosed after `close`."""
        if self._closed:
            raise StorageClosed("the log has been closed")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._do, work)

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._idle.get()
        try:
            return work(connection)
        except sqlite3.Error as error:
            raise translated(error) from error
        finally:
            self._idle.put(connection)

    async def close(self) -> None:
        """Finish what was asked for, end the threads, close the connections (the last one empties the WAL)."""
        self._closed = True
        await asyncio.to_thread(self._threads.shutdown)
        for connection in self._connections:
            connection.close()
