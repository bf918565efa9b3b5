"""REST for sinks: what is configured, how it goes, and what people have them do. Everything needs an API token."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from livedash.base import limits
from livedash.catalog.directory import Directory
from livedash.catalog.entries import Sink
from livedash.manage.edit import Editor
from livedash.manage.editing import pipeline_named
from livedash.manage.rights import Actor
from livedash.model import Json
from livedash.sinks.runner import Sinks
from livedash.stream.logs import Logs
from livedash.web.access import Access
from livedash.web.sink_shapes import owner_of, reported, secrets, shape
from livedash.web.spans import Span

_MOST_HOURS = limits.ROTATION_SECONDS_MOST / 3600


class Rotate(BaseModel):
    """How a signing secret is changed."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    secret: str | None = Field(default=None, description="The new one; made when left out")
    overlap_hours: float = Field(default=24, ge=0, le=_MOST_HOURS, description="How long the old ones sign beside it")


class Resume(BaseModel):
    """Where a sink goes on."""

    model_config = ConfigDict(extra="forbid")

    start: str | None = Field(
        default=None, alias="from", description="A cursor, or `now`; where it stopped when left out"
    )


def router(access: Access, directory: Directory, editor: Editor, logs: Logs, sinks: Sinks) -> APIRouter:
    def administrator(request: Request) -> Actor:
        return access.to_administer(request.scope)

    routes = APIRouter(prefix="/api", dependencies=[Depends(administrator)], tags=["sinks"])
    Asker = Annotated[Actor, Depends(administrator)]  # noqa: N806 a type

    def found(pipeline: str, sink: str, actor: Asker) -> Sink:
        return editor.sink(actor, pipeline, sink)

    Named = Annotated[Sink, Depends(found)]  # noqa: N806 a type

    async def told(sink: Sink) -> dict[str, Json]:
        report = await sinks.report(sink)
        return {**shape(sink, owner_of(sink, directory)), "report": report.json()}

    async def all_told(wanted: Iterable[Sink]) -> dict[str, Json]:
        found = await reported(wanted, directory, sinks)
        return {"sinks": [{**shape(each, owner), "report": report.json()} for owner, each, report in found]}

    @routes.get("/sinks")
    async def everywhere() -> dict[str, Json]:
        """All sinks of all pipelines, each with how it goes."""
        return await all_told(directory.sinks())

    @routes.get("/pipelines/{pipeline}/sinks")
    async def of_pipeline(pipeline: str) -> dict[str, Json]:
        """The sinks of a pipeline, each with how it goes."""
        return await all_told(directory.sinks(pipeline_named(directory, pipeline).id))

    @routes.get("/pipelines/{pipeline}/sinks/{sink}")
    async def one(sink: Named) -> dict[str, Json]:
        """One sink with its settings, secrets left out, and how it goes: `state` (`running`, `failing`, `paused` or
        `disabled`), lag, success rate, latency, what is on its way and what is parked."""
        return await told(sink)

    @routes.put("/pipelines/{pipeline}/sinks/{sink}")
    async def put(pipeline: str, sink: str, actor: Asker, data: Annotated[Any, Body()], response: Response) -> Json:
        """Create or replace a sink, as a document writes it. A secret that was made for it is in the answer. Other
        than at first, a secret that is changed here signs beside the old one for a day."""
        made, created = await editor.put_sink(actor, pipeline, sink, data)
        response.status_code = 201 if created else 200
        shown = {"secret": made.secrets[0].text} if created and not data.get("secret") else {}
        return {**shape(made, owner_of(made, directory)), **shown}

    @routes.delete("/pipelines/{pipeline}/sinks/{sink}", status_code=204)
    async def delete(pipeline: str, sink: str, actor: Asker) -> None:
        """Delete a sink, with its place, its attempts and what is parked. What was counted stays."""
        await editor.delete_sink(actor, pipeline, sink)

    @routes.get("/pipelines/{pipeline}/sinks/{sink}/secret")
    async def secret(sink: Named, response: Response) -> dict[str, Json]:
        """The secret that deliveries are signed with, and older ones that still sign beside it, until when."""
        response.headers["Cache-Control"] = "no-store"
        return secrets(sink)

    @routes.post("/pipelines/{pipeline}/sinks/{sink}/rotate")
    async def rotate(
        pipeline: str, sink: str, actor: Asker, response: Response, request: Rotate | None = None
    ) -> dict[str, Json]:
        """Sign with a new secret from now on; the old ones sign beside it for `overlap_hours`."""
        wanted = request or Rotate()
        response.headers["Cache-Control"] = "no-store"
        return secrets(await editor.rotate(actor, pipeline, sink, wanted.secret, wanted.overlap_hours * 3600))

    @routes.get("/pipelines/{pipeline}/sinks/{sink}/attempts")
    async def attempts(sink: Named, outcome: Literal["delivered", "failed"] | None = None) -> dict[str, Json]:
        """The attempts that are kept, newest first: request, answer and timing, bodies cut."""
        return {"attempts": await sinks.attempts(sink, outcome)}

    @routes.get("/pipelines/{pipeline}/sinks/{sink}/parked")
    async def parked(sink: Named) -> dict[str, Json]:
        """The deliveries that the endpoint refused and that were set aside."""
        return {"parked": await sinks.parked(sink)}

    @routes.post("/pipelines/{pipeline}/sinks/{sink}/parked/retry", status_code=202)
    async def retry_all(sink: Named) -> dict[str, Json]:
        """Deliver everything that is parked once more, oldest first, beside what is new."""
        return {"queued": await sinks.retry(sink)}

    @routes.post("/pipelines/{pipeline}/sinks/{sink}/parked/{number}/retry", status_code=202)
    async def retry(sink: Named, number: int) -> dict[str, Json]:
        """Deliver one parked delivery once more, under the same id."""
        return {"queued": await sinks.retry(sink, number)}

    @routes.delete("/pipelines/{pipeline}/sinks/{sink}/parked/{number}", status_code=204)
    async def drop(sink: Named, number: int) -> None:
        """Give a parked delivery up."""
        await sinks.drop(sink, number)

    @routes.post("/pipelines/{pipeline}/sinks/{sink}/test")
    async def test(sink: Named) -> dict[str, Json]:
        """Send a test now, also while the sink is paused or disabled; the answer is its attempt."""
        return await sinks.test(sink)

    @routes.post("/pipelines/{pipeline}/sinks/{sink}/pause")
    async def pause(sink: Named) -> dict[str, Json]:
        """Deliver nothing until it is resumed. Records wait in the log."""
        await sinks.pause(sink)
        return await told(sink)

    @routes.post("/pipelines/{pipeline}/sinks/{sink}/resume")
    async def resume(sink: Named, request: Resume | None = None) -> dict[str, Json]:
        """Go on after a pause or when it was disabled: where it stopped, from `now`, or from a cursor."""
        await sinks.resume(sink, request.start if request else None)
        return await told(sink)

    @routes.post("/pipelines/{pipeline}/sinks/{sink}/replay", status_code=202)
    async def replay(sink: Named, request: Span) -> dict[str, Json]:
        """Deliver a range of records once more, beside what is new, under ids of their own."""
        pipeline = owner_of(sink, directory)
        first, last = await request.offsets(logs.of(pipeline), pipeline)
        return {"replay": await sinks.replay(sink, first, last), "first": first, "last": last}

    return routes
