"""The pages of sinks: how each goes, and what people have it do. Plain forms; parts of a page are asked for again every
two seconds, and are sent only when they changed."""

from typing import Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from livedash.base import limits
from livedash.catalog.directory import Directory
from livedash.catalog.entries import Sink
from livedash.manage.edit import Editor
from livedash.manage.rights import Actor
from livedash.manage.usage import days, summed
from livedash.model.errors import LivedashError, StorageError
from livedash.sinks.runner import Sinks
from livedash.stream.logs import Logs
from livedash.web.access import Access
from livedash.web.look import Looks, form
from livedash.web.problem import status_of
from livedash.web.sink_shapes import owner_of, reported, secrets
from livedash.web.steering import Steering
from livedash.web.usage_api import rows_of, today

Part = Literal["state", "history"]
Outcome = Literal["delivered", "failed"]
_DONE = {
    "delivered": "The test was delivered.",
    "trouble": "The test failed: the endpoint does not work now. The newest attempt below says how.",
    "refused": "The test was refused by the endpoint. The newest attempt below says how.",
    "pause": "Paused. Records wait in the log.",
    "resume": "Resumed.",
    "replay": "The replay is queued; it runs beside what is new.",
    "retry": "The retry is queued; it runs beside what is new.",
    "drop": "The parked delivery was given up.",
    "rotate": "There is a new secret.",
}


def router(access: Access, directory: Directory, editor: Editor, logs: Logs, sinks: Sinks, looks: Looks) -> APIRouter:
    def administrator(request: Request) -> Actor:
        return access.to_administer(request.scope)

    routes = APIRouter(include_in_schema=False, dependencies=[Depends(administrator)])
    steering = Steering(sinks, directory, logs)

    @routes.get("/sinks")
    async def all_sinks(request: Request, seen: str | None = None) -> Response:
        listed = looks.part("sinks_list", {"rows": await reported(directory.sinks(), directory, sinks)})
        if seen is not None:
            return looks.changed("list", "/sinks", listed, seen)
        return looks.page("sinks", request, {"list": looks.live("list", "/sinks", listed)})

    @routes.get("/pipelines/{pipeline}/sinks/{sink}")
    async def one(
        pipeline: str,
        sink: str,
        request: Request,
        part: Part | None = None,
        seen: str | None = None,
        attempts: Outcome | None = None,
        done: str = "",
    ) -> Response:
        found = editor.sink(administrator(request), pipeline, sink)
        if part is not None and seen is not None:
            return looks.changed(part, _address(found, attempts), await content(part, found, attempts), seen)
        return await page(request, found, attempts=attempts, done=_DONE.get(done))

    @routes.post("/pipelines/{pipeline}/sinks/{sink}")
    async def steer(pipeline: str, sink: str, request: Request) -> Response:
        found, fields = editor.sink(administrator(request), pipeline, sink), await form(request)
        try:
            done = await steering.take(found, fields)
        except StorageError:
            raise
        except LivedashError as error:
            return await page(request, found, problem=_said(error), status=status_of(error))
        return RedirectResponse(f"{_path(found)}?done={done}", 303)

    @routes.get("/pipelines/{pipeline}/sinks/{sink}/secret")
    async def secret(pipeline: str, sink: str, request: Request, done: str = "") -> Response:
        found = editor.sink(administrator(request), pipeline, sink)
        one_signature = found.settings.get("signature") == "github"
        context = {**_named(found), **secrets(found), "one_signature": one_signature, "done": _DONE.get(done)}
        return looks.page("sink_secret", request, context)

    @routes.post("/pipelines/{pipeline}/sinks/{sink}/secret")
    async def rotate(pipeline: str, sink: str, request: Request) -> Response:
        found = await editor.rotate(administrator(request), pipeline, sink, None, limits.ROTATION_SECONDS)
        return RedirectResponse(f"{_path(found)}/secret?done=rotate", 303)

    async def page(
        request: Request,
        sink: Sink,
        *,
        attempts: Outcome | None = None,
        done: str | None = None,
        problem: str | None = None,
        status: int = 200,
    ) -> Response:
        first, last = days(None, None, today())
        rows = await rows_of(logs, directory, first, last, sink.pipeline, sink.id)
        address = _address(sink, attempts)
        parts = {part: looks.live(part, address, await content(part, sink, attempts)) for part in ("state", "history")}
        context = {**_named(sink), **parts, "done": done, "problem": problem, "sink": sink,
                   "usage": [row.json() for row in reversed(rows)], "total": summed(rows)}  # fmt: skip
        return looks.page("sink", request, context, status)

    async def content(part: Part, sink: Sink, outcome: Outcome | None) -> Markup:
        if part == "state":
            return looks.part("sink_state", {**_named(sink), "report": await sinks.report(sink)})
        context = {"attempts": await sinks.attempts(sink, outcome), "parked": await sinks.parked(sink),
                   "most_attempts": limits.ATTEMPTS_SHOWN, "most_parked": limits.PARKED_SHOWN}  # fmt: skip
        return looks.part("sink_history", {**_named(sink), **context, "outcome": outcome})

    def _named(sink: Sink) -> dict[str, Any]:
        return {"path": _path(sink), "pipeline": owner_of(sink, directory), "name": sink.name}

    def _path(sink: Sink) -> str:
        return f"/pipelines/{owner_of(sink, directory).slug}/sinks/{sink.name}"

    def _address(sink: Sink, outcome: Outcome | None) -> str:
        return f"{_path(sink)}?attempts={outcome}" if outcome else _path(sink)

    return routes


def _said(error: LivedashError) -> str:
    return f"This did not go through: {error}"
