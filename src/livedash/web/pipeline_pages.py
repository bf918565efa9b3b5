"""The pages of pipelines: what each holds, who follows it now, and its stream token."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from livedash.catalog.directory import Directory
from livedash.catalog.entries import Pipeline, TokenKind
from livedash.manage.edit import Editor
from livedash.manage.editing import pipeline_named
from livedash.manage.entries import shown_on
from livedash.manage.rights import Actor
from livedash.manage.usage import days, summed
from livedash.model.errors import Invalid, NotFound
from livedash.model.record import iso
from livedash.stream.logs import Logs
from livedash.web.access import Access
from livedash.web.look import Looks, form
from livedash.web.usage_api import rows_of, today

_DONE = {
    "rotate": "There is a new token.",
    "revoke": "Every stream token was revoked.",
}
_OVERLAPS = (("0", "not at all"), ("1", "an hour"), ("24", "a day"), ("168", "a week"))
"""For how many hours an old token may stay valid, and in words."""


def router(
    access: Access,
    directory: Directory,
    editor: Editor,
    logs: Logs,
    open_of: Callable[[str], int],
    looks: Looks,
    *,
    base_of: Callable[[Request], str],
) -> APIRouter:
    """`open_of(id)` is how many follow a pipeline now, `base_of` where people reach us."""

    def administrator(request: Request) -> Actor:
        return access.to_administer(request.scope)

    routes = APIRouter(include_in_schema=False, dependencies=[Depends(administrator)])

    @routes.get("/pipelines")
    async def all_pipelines(request: Request, seen: str | None = None) -> Response:
        listed = looks.part("pipelines_list", {"rows": [await held(each) for each in directory.pipelines()]})
        if seen is not None:
            return looks.changed("list", "/pipelines", listed, seen)
        return looks.page("pipelines", request, {"list": looks.live("list", "/pipelines", listed)})

    @routes.get("/pipelines/{pipeline}")
    async def one(pipeline: str, request: Request, seen: str | None = None) -> Response:
        found = pipeline_named(directory, pipeline)
        state = await state_of(found)
        if seen is not None:
            return looks.changed("state", _path(found), state, seen)
        first, last = days(None, None, today())
        rows = await rows_of(logs, directory, first, last, found.id)
        context = {
            "pipeline": found,
            "path": _path(found),
            "state": looks.live("state", _path(found), state),
            "token": tokens_of(found)["token"],
            "base_url": base_of(request),
            "sinks": directory.sinks(found.id),
            "dashboards": [directory.dashboard(slug) for slug in shown_on(found, directory.dashboards())],
            "usage": [row.json() for row in reversed(rows)],
            "total": summed(rows),
        }
        return looks.page("pipeline", request, context)

    @routes.post("/pipelines/{pipeline}")
    async def steer(pipeline: str, request: Request) -> Response:
        found, action = pipeline_named(directory, pipeline), (await form(request)).get("action", "")
        if action not in ("pause", "resume"):
            raise Invalid(f"there is no action {action!r}")
        await editor.set_paused(administrator(request), found.id, action == "pause")
        return RedirectResponse(_path(found), 303)

    @routes.get("/pipelines/{pipeline}/stream-token")
    async def token(pipeline: str, request: Request, done: str = "") -> Response:
        found = pipeline_named(directory, pipeline)
        return looks.page("stream_token", request, {**tokens_of(found), "done": _DONE.get(done)})

    @routes.post("/pipelines/{pipeline}/stream-token")
    async def change_token(pipeline: str, request: Request) -> Response:
        found, fields, actor = pipeline_named(directory, pipeline), await form(request), administrator(request)
        action, overlap = fields.get("action", ""), fields.get("overlap", "24")
        if action == "rotate" and overlap in dict(_OVERLAPS):
            await editor.rotate_stream_token(actor, found.id, int(overlap) * 3600)
        elif action == "revoke":
            await editor.revoke_stream_tokens(actor, found.id)
        else:
            raise Invalid(f"there is no action {action!r}")
        return RedirectResponse(f"{_path(found)}/stream-token?done={action}", 303)

    async def state_of(pipeline: Pipeline) -> Markup:
        return looks.part("pipeline_state", {**await held(pipeline), "path": _path(pipeline)})

    async def held(pipeline: Pipeline) -> dict[str, Any]:
        bounds = await logs.of(pipeline).bounds(pipeline.id)
        return {
            "pipeline": pipeline,
            "bounds": bounds,
            "records": bounds.last - bounds.first + 1,
            "open": open_of(pipeline.id),
            "sinks": len(directory.sinks(pipeline.id)),
        }

    def tokens_of(pipeline: Pipeline) -> dict[str, Any]:
        try:
            text = directory.stream_token(pipeline.id)
        except NotFound:
            text = None
        others = [
            {"name": each.name, "id": each.id, "until": iso(each.until) if each.until else None}
            for each in directory.snapshot.tokens
            if each.pipeline == pipeline.id and each.kind is TokenKind.STREAM and each.text != text
        ]
        return {
            "pipeline": pipeline,
            "path": _path(pipeline),
            "token": text,
            "others": others,
            "overlaps": _OVERLAPS,
            "open": open_of(pipeline.id),
        }

    return routes


def _path(pipeline: Pipeline) -> str:
    return f"/pipelines/{pipeline.slug}"
