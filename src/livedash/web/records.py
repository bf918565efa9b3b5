"""`GET /api/pipelines/{pipeline}/records`: pages of a log as JSON, CSV or NDJSON."""

from collections.abc import Sequence
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Query, Request, Response

from livedash.base import limits
from livedash.model import Cursor, Gap, Page, Record
from livedash.model.errors import CursorExpired, Invalid
from livedash.model.record import iso
from livedash.stream.frames import array, lines
from livedash.stream.tail import Tail, Tails
from livedash.web.access import Access
from livedash.web.spreadsheet import CSV_TYPE, to_csv

Format = Literal["json", "csv", "ndjson"]
_TYPES = {"json": "application/json", "csv": CSV_TYPE, "ndjson": "application/x-ndjson"}
Limit = Annotated[int, Query(ge=1, le=limits.PAGE_RECORDS)]


def router(access: Access, tails: Tails) -> APIRouter:
    routes = APIRouter()

    async def read(
        pipeline: str, request: Request, form: Format, after: str | None, before: str | None, limit: int
    ) -> Response:
        found = access.to_read(pipeline, request.scope)
        page = await _page(await tails.of(found), after, before, limit)
        return Response(_encode(page, form), media_type=_TYPES[form], headers={"Cache-Control": "no-store"})

    @routes.get("/api/pipelines/{pipeline}/records", tags=["records"])
    async def records(
        pipeline: str, request: Request, after: str | None = None, before: str | None = None, limit: Limit = 100
    ) -> Response:
        """Records after or before a cursor, oldest first; the newest without one."""
        return await read(pipeline, request, "json", after, before, limit)

    @routes.get("/api/pipelines/{pipeline}/records.{form}", tags=["records"])
    async def records_as(
        pipeline: str,
        form: Literal["csv", "ndjson"],
        request: Request,
        after: str | None = None,
        before: str | None = None,
        limit: Limit = limits.PAGE_RECORDS,
    ) -> Response:
        """The same as CSV or as one JSON object a line."""
        return await read(pipeline, request, form, after, before, limit)

    return routes


async def _page(tail: Tail, after: str | None, before: str | None, limit: int) -> Page:
    if after is not None and before is not None:
        raise Invalid("give `after` or `before`, not both")
    if after is not None:
        start = await _offset(tail, after)
        if start > tail.last:  # as after a restored backup
            return Page(tail.pipeline, tail.epoch, tail.last, (), tail.last, Gap(tail.last + 1, start, "ahead"))
        page = tail.page(start) or await tail.log.read(tail.pipeline, start, limit)
        return page if len(page.records) <= limit else _cut(page, page.records[:limit])
    end = tail.last + 1 if before is None else await _offset(tail, before)
    newest = tail.records[-limit:]
    if before is None and len(newest) == limit:
        return Page(tail.pipeline, tail.epoch, newest[0].offset - 1, newest, tail.last)
    page = await tail.log.read(tail.pipeline, max(end - limit - 1, 0), limit)
    while page.last < min(end - 1, page.head):  # large records: fewer fit into a page; the newest are asked for
        page = await tail.log.read(tail.pipeline, page.last, limit)
    # what lies before the oldest record was not asked for, so its absence is no gap
    return _cut(page, [record for record in page.records if before is None or record.offset < end])


def _cut(page: Page, records: Sequence[Record]) -> Page:
    return Page(page.pipeline, page.epoch, page.after, tuple(records), page.head)


async def _offset(tail: Tail, text: str) -> int:
    """The offset of a cursor into the log as it lives now. Raises BadCursor, CursorExpired."""
    cursor = Cursor.parse(text)
    if cursor.epoch != tail.epoch:
        bounds = await tail.log.bounds(tail.pipeline)
        raise CursorExpired(str(Cursor(bounds.epoch, bounds.first - 1)))
    return cursor.offset


def _encode(page: Page, form: Format) -> bytes:
    if form == "csv":
        return _csv(page.records)
    if form == "ndjson":
        return page.encoded(lines)
    gap = orjson.dumps(page.gap.json() if page.gap else None)
    return b'{"records":%b,"cursor":"%b","gap":%b}' % (page.encoded(array), str(page.cursor).encode(), gap)


def _csv(records: Sequence[Record]) -> bytes:
    """One column for each key of any record's data."""
    keys = list(dict.fromkeys(key for record in records for key in record.data))
    rows = ([record.offset, iso(record.timestamp), *map(record.data.get, keys)] for record in records)
    return to_csv(["offset", "timestamp", *keys], rows)
