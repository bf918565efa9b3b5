"""REST for what is configured. Everything here needs an API token; `manage` decides and checks."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from livedash.base import clock, limits
from livedash.catalog.catalog import Catalog
from livedash.catalog.entries import Dashboard, Pipeline
from livedash.manage.apply import apply
from livedash.manage.document import load
from livedash.manage.edit import Editor
from livedash.manage.export import export
from livedash.manage.plan import plan
from livedash.manage.rights import Actor
from livedash.model import Json
from livedash.model.errors import NotFound
from livedash.model.record import iso
from livedash.stream.logs import Logs
from livedash.web.access import Access


class ApplyRequest(BaseModel):
    """Files of one document."""

    model_config = ConfigDict(extra="forbid")

    files: dict[str, str] = Field(description="YAML texts by file name", min_length=1)
    variables: dict[str, str] = Field(default={}, description="Values of `${NAME}` in them")
    source: str = Field(default="apply", description="Name of the document: what it made and says no more goes")
    dry_run: bool = Field(default=False, description="Plan only")


def router(access: Access, catalog: Catalog, editor: Editor, logs: Logs) -> APIRouter:
    def administrator(request: Request) -> Actor:
        return access.to_administer(request.scope)

    routes = APIRouter(prefix="/api", dependencies=[Depends(administrator)])
    directory = catalog.directory
    Asker = Annotated[Actor, Depends(administrator)]  # noqa: N806 a type

    @routes.post("/apply", tags=["configuration"])
    async def apply_document(request: ApplyRequest, actor: Asker) -> dict[str, Json]:
        """Plan what a document would change and, unless `dry_run`, carry it out. `made_tokens` are shown once."""
        # half a second for a large one: not on the event loop
        document = await asyncio.to_thread(load, request.files, request.variables)
        planned = plan(document, catalog.snapshot, request.source)
        made = {} if request.dry_run else (await apply(catalog, actor, planned, clock.now, logs.head)).made_tokens
        return {
            "plan": str(planned).splitlines(),
            "changed": not planned.empty,
            "conflicts": len(planned.conflicts),
            "made_tokens": dict(made),
        }

    @routes.get("/export", tags=["configuration"])
    async def export_document() -> Response:
        """Everything configured as one YAML document; secrets left out, `${NAME}` kept."""
        return Response(export(catalog.snapshot), media_type="application/yaml")

    @routes.get("/pipelines", tags=["pipelines"])
    async def pipelines() -> dict[str, Json]:
        """All pipelines, by slug."""
        return {"pipelines": [_pipeline(each) for each in directory.pipelines()]}

    @routes.get("/pipelines/{pipeline}", tags=["pipelines"])
    async def pipeline(pipeline: str) -> dict[str, Json]:
        """One pipeline, with what its log holds and its stream token."""
        found = _found(directory.pipeline(pipeline), pipeline)
        bounds = await logs.of(found).bounds(found.id)
        held = {"epoch": bounds.epoch, "first": bounds.first, "last": bounds.last, "bytes": bounds.bytes}
        return {**_pipeline(found), "log": held, "stream_token": _stream_token(found)}

    def _stream_token(found: Pipeline) -> str | None:
        try:
            return directory.stream_token(found.id)
        except NotFound:
            return None

    @routes.put("/pipelines/{pipeline}", tags=["pipelines"])
    async def put_pipeline(pipeline: str, actor: Asker, data: Annotated[Any, Body()], response: Response) -> Json:
        """Create or replace a pipeline, as a document writes it. The ingest token of a new one is shown once."""
        put = await editor.put_pipeline(actor, pipeline, data)
        response.status_code = 201 if put.created else 200
        return {**_pipeline(put.pipeline), "ingest_token": put.ingest_token}

    @routes.post("/pipelines/{pipeline}/pause", tags=["pipelines"])
    async def pause_pipeline(pipeline: str, actor: Asker) -> Json:
        """Take no records until it is resumed: an append is answered 409, sources stop. Streams stay open, and sinks
        deliver what the log holds."""
        return _pipeline(await editor.set_paused(actor, pipeline, True))

    @routes.post("/pipelines/{pipeline}/resume", tags=["pipelines"])
    async def resume_pipeline(pipeline: str, actor: Asker) -> Json:
        """Take records again."""
        return _pipeline(await editor.set_paused(actor, pipeline, False))

    @routes.delete("/pipelines/{pipeline}", tags=["pipelines"], status_code=204)
    async def delete_pipeline(pipeline: str, actor: Asker) -> None:
        """Delete a pipeline and its records. 409 while a dashboard shows it."""
        await editor.delete_pipeline(actor, pipeline)

    @routes.get("/pipelines/{pipeline}/refused", tags=["pipelines"])
    async def refused(pipeline: str, limit: Annotated[int, Query(ge=1, le=limits.REFUSALS_KEPT)] = 100) -> Json:
        """The newest refusals with their reasons, newest first."""
        found = _found(directory.pipeline(pipeline), pipeline)
        kept = await logs.of(found).refused(found.id, limit)
        return {
            "refused": [
                {"at": iso(at), "index": each.index, "reason": each.reason, "body": each.body.decode(errors="replace")}
                for at, each in kept
            ]
        }

    @routes.get("/dashboards", tags=["dashboards"])
    async def dashboards() -> dict[str, Json]:
        """All dashboards, by slug."""
        return {"dashboards": [_dashboard(each) for each in directory.dashboards()]}

    @routes.get("/dashboards/{dashboard}", tags=["dashboards"])
    async def dashboard(dashboard: str) -> dict[str, Json]:
        """One dashboard with its widgets."""
        return _dashboard(_found(directory.dashboard(dashboard), dashboard))

    @routes.put("/dashboards/{dashboard}", tags=["dashboards"])
    async def put_dashboard(dashboard: str, actor: Asker, data: Annotated[Any, Body()], response: Response) -> Json:
        """Create or replace a dashboard with all its widgets, as a document writes it."""
        put, created = await editor.put_dashboard(actor, dashboard, data)
        response.status_code = 201 if created else 200
        return _dashboard(put)

    @routes.delete("/dashboards/{dashboard}", tags=["dashboards"], status_code=204)
    async def delete_dashboard(dashboard: str, actor: Asker) -> None:
        """Delete a dashboard; open pages say so."""
        await editor.delete_dashboard(actor, dashboard)

    return routes


def _found(thing: Any, name: str) -> Any:
    if thing is None:
        raise NotFound(f"there is no {name!r} here")
    return thing


def _pipeline(found: Pipeline) -> dict[str, Json]:
    return asdict(found)


def _dashboard(found: Dashboard) -> dict[str, Json]:
    return asdict(found)
