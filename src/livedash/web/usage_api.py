"""`GET /api/usage`: what sinks delivered and streams carried, for bills."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from livedash.catalog.directory import Directory
from livedash.manage.usage import COLUMNS, Usage, days, summed, usage
from livedash.model import Json
from livedash.stream.logs import Logs
from livedash.web.access import Access
from livedash.web.spreadsheet import CSV_TYPE, to_csv

_From = Annotated[date | None, Query(alias="from", description="First day (UTC); 30 days ago when left out")]
_To = Annotated[date | None, Query(description="Last day (UTC); today when left out")]
_Pipeline = Annotated[str | None, Query(description="Slug or id")]
_Sink = Annotated[str | None, Query(description="Name or id")]


def router(access: Access, directory: Directory, logs: Logs) -> APIRouter:
    def administrator(request: Request) -> None:
        access.to_administer(request.scope)

    routes = APIRouter(prefix="/api", dependencies=[Depends(administrator)], tags=["usage"])

    @routes.get("/usage")
    async def counted(
        start: _From = None, to: _To = None, pipeline: _Pipeline = None, sink: _Sink = None
    ) -> dict[str, Json]:
        """What sinks delivered and streams carried (`sink` is null), by day, team, pipeline and sink, and in all. What
        was deleted stays counted."""
        first, last = days(start, to, today())
        rows = await rows_of(logs, directory, first, last, pipeline, sink)
        return {"from": first, "to": last, "rows": [row.json() for row in rows], "total": summed(rows)}

    @routes.get("/usage.csv")
    async def counted_as_csv(
        start: _From = None, to: _To = None, pipeline: _Pipeline = None, sink: _Sink = None
    ) -> Response:
        """The same rows as CSV."""
        rows = await rows_of(logs, directory, *days(start, to, today()), pipeline, sink)
        cells = ([row.json()[column] for column in COLUMNS] for row in rows)
        return Response(to_csv(COLUMNS, cells), media_type=CSV_TYPE)

    return routes


async def rows_of(
    logs: Logs, directory: Directory, first: str, last: str, pipeline: str | None = None, sink: str | None = None
) -> list[Usage]:
    """Usage from day `first` to `last`, of all or of one pipeline or sink. Raises StorageError."""
    totals = await logs.durable.meters(first, last)
    return usage(totals, directory.snapshot, pipeline, sink)


def today() -> date:
    return datetime.now(UTC).date()
