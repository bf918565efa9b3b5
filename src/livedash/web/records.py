"""`GET /api/pipelines/{pipeline}/records`: pages of a log as JSON, CSV or NDJSON."""

from collections.abc import Sequence
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Query, Request, Response

from livedash.base import limits
from livedash.model import Page, Record
from livedash.model.record import iso
from livedash.stream.frames import array, lines
from livedash.stream.tail import Tails
from livedash.web.access import Access
from livedash.web.paging import page_of
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
        page = await page_of(await tails.of(found), after, before, limit)
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
