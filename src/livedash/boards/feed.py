"""A watching reader for the widgets that look at one pipeline: it wants the latest state and may skip."""

from collections.abc import Sequence

from livedash.base import limits
from livedash.boards.query import Query, seconds
from livedash.boards.window import WINDOW_RECORDS
from livedash.model import Cursor, Page
from livedash.stream.reader import Reader
from livedash.stream.tail import Tail


class Feed:
    """The pages of one pipeline that its widgets need: the newest `need` records, and what came within `span`."""

    def __init__(self, tail: Tail, queries: Sequence[Query]) -> None:
        self._tail = tail
        self._need = max(limits.FILTER_SCAN_RECORDS if query.where else query.limit for query in queries)
        spans = [seconds(query.range) for query in queries if query.range]
        self._span = max(spans, default=None)
        self._filtered = any(query.where for query in queries)
        self._reader = Reader(tail)

    async def start(self, now: int) -> None:
        """Place the cursor so that `next` brings history first. `now` in µs."""
        first = self._tail.last - self._need + 1
        if self._span is not None:
            first = min(first, await self._tail.log.find(self._tail.pipeline, now - self._span * 1_000_000))
        if not self._filtered:  # a window holds no more; the one record more tells it that there are
            first = max(first, self._tail.last - WINDOW_RECORDS)
        self._reader.cursor = Cursor(self._tail.epoch, max(first - 1, 0))

    async def next(self) -> Page:
        """The next page, empty when there is none; skips what no widget would keep."""
        await self._tail.refresh()
        cursor = self._reader.cursor
        if self._span is None and cursor.epoch == self._tail.epoch and self._tail.last - cursor.offset > self._need:
            self._reader.cursor = Cursor(cursor.epoch, self._tail.last - self._need)
        return await self._reader.next(wait=0)

    def nothing(self) -> Page:
        """An empty page: only time passed."""
        epoch, offset = self._reader.cursor
        return Page(self._tail.pipeline, epoch, offset, (), self._tail.last)

    async def grown(self, wait: float) -> None:
        """Return when there is something to read, or after `wait` seconds."""
        await self._tail.grown(self._reader.cursor.offset, wait)
