"""A reader: a cursor that follows a log, through the tail while it keeps up and through the log while it does not."""

from dataclasses import replace

from livedash.model import Cursor, Gap, Page
from livedash.stream.tail import Tail


class Reader:
    """Follows one pipeline from a cursor. Not to be shared: each client has its own, and they share the tail."""

    def __init__(self, tail: Tail, cursor: Cursor | None = None) -> None:
        """From `cursor` on; from now on when None."""
        self._tail = tail
        self.cursor = cursor if cursor is not None else Cursor(tail.epoch, tail.last)

    @property
    def tail(self) -> Tail:
        return self._tail

    async def next(self, *, wait: float) -> Page:
        """The next records in order, at most a page of them; empty when none came within `wait` seconds. A page may
        begin with a gap. Safe to cancel: the cursor moves only when a page is returned. Raises StorageError."""
        page = await self._read()
        if not page.records and page.gap is None:
            await (self._tail.grown(self.cursor.offset, wait) if wait > 0 else self._tail.refresh())
            page = await self._read()
        self.cursor = page.cursor
        return page

    async def _read(self) -> Page:
        tail, (epoch, after) = self._tail, self.cursor
        if after > tail.last and epoch == tail.epoch:
            await tail.poll()  # a page of the log may have brought us further than the tail has looked
        gap = None
        if epoch != tail.epoch:
            gap, after = Gap(after + 1, None, "epoch"), 0
        elif after > tail.last:
            gap, after = Gap(tail.last + 1, after, "ahead"), tail.last
        page = tail.page(after)
        if page is None:
            page = await tail.read(after)
        return page if gap is None else replace(page, gap=gap)
