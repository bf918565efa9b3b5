"""Pages of a log as people ask for them: after a cursor, before one, or the newest."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from livedash.base import limits
from livedash.base.expression import Predicate
from livedash.model import Cursor, Gap, Page, Record
from livedash.model.errors import CursorExpired, Invalid
from livedash.stream.tail import Tail

_SLICE = 100  # records filtered before others get a turn (about 1 ms)


async def page_of(tail: Tail, after: str | None, before: str | None, limit: int) -> Page:
    """At most `limit` records after or before a cursor, oldest first; the newest without one. Raises BadCursor,
    CursorExpired, Invalid, StorageError."""
    if after is not None and before is not None:
        raise Invalid("give `after` or `before`, not both")
    if after is not None:
        return await _newer(tail, await offset_of(tail, after), limit)
    return await _older(tail, tail.last + 1 if before is None else await offset_of(tail, before), limit)


class Found(NamedTuple):
    """`records` in order, out of those between the offsets `start` and `end` (neither included)."""

    records: Sequence[Record]
    start: int
    end: int


async def search(tail: Tail, after: str | None, before: str | None, limit: int, where: Predicate) -> Found:
    """Like `page_of`, with only the records for which `where` holds, out of at most `limits.FILTER_SCAN_RECORDS`."""
    if after is not None and before is not None:
        raise Invalid("give `after` or `before`, not both")
    forward = after is not None
    start = await offset_of(tail, after) if after is not None else None
    end = tail.last + 1 if before is None else await offset_of(tail, before)
    place = edge = start if start is not None else end
    found: list[Record] = []
    while len(found) < limit and abs(place - edge) < limits.FILTER_SCAN_RECORDS:
        page = await (_newer if forward else _older)(tail, place, limits.PAGE_RECORDS)
        if not page.records:
            break
        for number, record in enumerate(page.records if forward else reversed(page.records)):
            if number % _SLICE == 0:
                await asyncio.sleep(0)
            place = record.offset
            if where(record.data, record.metrics, record.timestamp, record.offset):
                found.append(record)
                if len(found) == limit:
                    break
    return Found(found, edge, place + 1) if forward else Found(found[::-1], place - 1, edge)


async def offset_of(tail: Tail, text: str) -> int:
    """The offset of a cursor into the log as it lives now. Raises BadCursor, CursorExpired."""
    cursor = Cursor.parse(text)
    if cursor.epoch != tail.epoch:
        bounds = await tail.log.bounds(tail.pipeline)
        raise CursorExpired(str(Cursor(bounds.epoch, bounds.first - 1)))
    return cursor.offset


async def _newer(tail: Tail, start: int, limit: int) -> Page:
    if start > tail.last:  # as after a restored backup
        return Page(tail.pipeline, tail.epoch, tail.last, (), tail.last, Gap(tail.last + 1, start, "ahead"))
    page = tail.page(start) or await tail.log.read(tail.pipeline, start, limit)
    return page if len(page.records) <= limit else _cut(page, page.records[:limit])


async def _older(tail: Tail, end: int, limit: int) -> Page:
    """Those before offset `end`. What lies before the oldest record was not asked for, so its absence is no gap."""
    newest = tail.records[-limit:]
    if end == tail.last + 1 and len(newest) == limit:
        return Page(tail.pipeline, tail.epoch, newest[0].offset - 1, newest, tail.last)
    page = await tail.log.read(tail.pipeline, max(end - limit - 1, 0), limit)
    while page.last < min(end - 1, page.head):  # large records: fewer fit into a page; the newest are asked for
        page = await tail.log.read(tail.pipeline, page.last, limit)
    return _cut(page, [record for record in page.records if record.offset < end])


def _cut(page: Page, records: Sequence[Record]) -> Page:
    return Page(page.pipeline, page.epoch, page.after, tuple(records), page.head)
