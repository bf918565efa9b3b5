"""The pages people see, rendered on the server with their data in them."""

from collections.abc import Callable, Mapping
from typing import Literal
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Request, Response

from livedash.boards.boards import Boards
from livedash.boards.settings import ViewerSettings
from livedash.catalog.directory import Directory
from livedash.catalog.entries import Dashboard
from livedash.model.errors import NotFound
from livedash.web.access import Access
from livedash.web.look import Looks
from livedash.web.spreadsheet import CSV_TYPE, to_csv


def router(
    access: Access,
    directory: Directory,
    boards: Boards,
    looks: Looks,
    *,
    base_of: Callable[[Request], str],
    shown_tokens: Mapping[str, str],
) -> APIRouter:
    """`base_of`: where people reach us. `shown_tokens`: ingest tokens by pipeline slug that empty dashboards may print
    (the demo's)."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    async def front(request: Request) -> Response:
        seen = [each for each in directory.dashboards() if access.may_view(each, request.scope)]
        return looks.page("front", request, {"dashboards": seen, "base_url": base_of(request)})

    @routes.get("/d/{slug}")
    async def dashboard(slug: str, request: Request) -> Response:
        found = access.to_view(slug, request.scope)
        settings = ViewerSettings.parse(request.query_params)
        async with boards.watch(found, settings) as board:
            version, grid = board.version, board.html()
        context = {
            "dashboard": found,
            "grid": grid,
            "version": str(version),
            "tz": settings.tz,
            "live_url": _live_url(found, request.query_params),
            "empty": _empty(found, base_of(request)) if not found.widgets else None,
        }
        return looks.page("dashboard", request, context)

    @routes.get("/d/{slug}/w/{widget}.{form}")
    async def widget_data(slug: str, widget: str, form: Literal["json", "csv"], request: Request) -> Response:
        found = access.to_view(slug, request.scope)
        async with boards.watch(found, ViewerSettings.parse(request.query_params)) as board:
            if widget not in board.cells:
                raise NotFound(f"this dashboard has no widget {widget!r}")
            columns, rows = board.rows(widget)
        if form == "csv":
            return Response(to_csv(columns, rows), media_type=CSV_TYPE)
        body = {"widget": widget, "columns": columns, "rows": rows}
        return Response(orjson.dumps(body, default=str), media_type="application/json")

    def _empty(found: Dashboard, base: str) -> dict[str, str] | None:
        pipeline = directory.pipeline(found.auto) if found.auto else None
        if pipeline is None:
            return None
        token = shown_tokens.get(pipeline.slug, "$INGEST_TOKEN")
        url = f"{base}/api/pipelines/{pipeline.slug}/records"
        record = '{"temperature": 21.5, "city": "Bern"}'
        command = f"curl {url} \\\n  -H 'Authorization: Bearer {token}' \\\n  -d '{record}'"
        return {"pipeline_slug": pipeline.slug, "curl": command}

    return routes


def _live_url(dashboard: Dashboard, query: Mapping[str, str]) -> str:
    kept = {name: query[name] for name in ("from", "to", "tz") if name in query}
    return f"/d/{dashboard.slug}/live" + (f"?{urlencode(kept)}" if kept else "")
