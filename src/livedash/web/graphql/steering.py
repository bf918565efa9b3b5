"""Mutations of sinks: how they are set, and what they are told to do. Each needs an API token."""

from typing import Annotated, Any

import strawberry
from strawberry import ID, Info

from livedash.base import limits
from livedash.catalog import entries
from livedash.manage.editing import pipeline_named
from livedash.manage.faults import parse
from livedash.model.record import from_micros
from livedash.web.graphql.context import Context
from livedash.web.graphql.inputs import SpanInput, given
from livedash.web.graphql.pipelines import Named, Sink
from livedash.web.graphql.scalars import JSON, DateTime, Long
from livedash.web.sink_shapes import signing
from livedash.web.spans import Span

_HOUR = 3600.0
NamedSink = Annotated[ID, strawberry.argument(description="Name or id")]


@strawberry.type
class PutSink:
    sink: Sink
    created: bool
    secret: str | None = strawberry.field(description="The one that was made for a new sink")


@strawberry.type
class SigningSecret:
    secret: str
    until: DateTime | None = strawberry.field(description="How long it signs beside the newer one; null for that one")


@strawberry.type
class Replay:
    number: int
    first: Long
    last: Long


async def put_sink(
    info: Info[Context, None],
    pipeline_id: Named,
    sink: NamedSink,
    input: Annotated[JSON, strawberry.argument(description="As a document writes it")],
) -> PutSink:
    made, created = await info.context.parts.editor.put_sink(info.context.administer(), pipeline_id, sink, input)
    shown = made.secrets[0].text if created and isinstance(input, dict) and not input.get("secret") else None
    return PutSink(sink=Sink.of(made), created=created, secret=shown)


async def delete_sink(info: Info[Context, None], pipeline_id: Named, sink: NamedSink) -> ID:
    found = _found(info, pipeline_id, sink)
    await info.context.parts.editor.delete_sink(info.context.administer(), pipeline_id, found.id)
    return ID(found.id)


async def rotate_signing_secret(
    info: Info[Context, None],
    pipeline_id: Named,
    sink: NamedSink,
    secret: Annotated[str | None, strawberry.argument(description="The new one; made when left out")] = None,
    overlap_hours: float = limits.ROTATION_SECONDS / _HOUR,
) -> list[SigningSecret]:
    actor = info.context.administer()
    rotated = await info.context.parts.editor.rotate(actor, pipeline_id, sink, secret, overlap_hours * _HOUR)
    return [SigningSecret(secret=each.text, until=_moment(each.until)) for each in signing(rotated)]


async def pause_sink(info: Info[Context, None], pipeline_id: Named, sink: NamedSink) -> Sink:
    found = _found(info, pipeline_id, sink)
    await info.context.parts.sinks.pause(found)
    return Sink.of(found)


async def resume_sink(
    info: Info[Context, None],
    pipeline_id: Named,
    sink: NamedSink,
    start: Annotated[
        str | None,
        strawberry.argument(name="from", description="A cursor, or `now`; where it stopped when left out"),
    ] = None,
) -> Sink:
    found = _found(info, pipeline_id, sink)
    await info.context.parts.sinks.resume(found, start)
    return Sink.of(found)


async def test_sink(info: Info[Context, None], pipeline_id: Named, sink: NamedSink) -> JSON:
    return JSON(await info.context.parts.sinks.test(_found(info, pipeline_id, sink)))


async def replay_sink(info: Info[Context, None], pipeline_id: Named, sink: NamedSink, span: SpanInput) -> Replay:
    found, parts = _found(info, pipeline_id, sink), info.context.parts
    pipeline = pipeline_named(parts.directory, pipeline_id)
    first, last = await parse(Span, _told(span)).offsets(parts.logs.of(pipeline), pipeline)
    return Replay(number=await parts.sinks.replay(found, first, last), first=Long(first), last=Long(last))


async def retry_parked(
    info: Info[Context, None],
    pipeline_id: Named,
    sink: NamedSink,
    number: Annotated[int | None, strawberry.argument(description="All, when left out")] = None,
) -> int:
    return await info.context.parts.sinks.retry(_found(info, pipeline_id, sink), number)


async def drop_parked(info: Info[Context, None], pipeline_id: Named, sink: NamedSink, number: int) -> int:
    await info.context.parts.sinks.drop(_found(info, pipeline_id, sink), number)
    return number


def _found(info: Info[Context, None], pipeline: str, sink: str) -> entries.Sink:
    return info.context.parts.editor.sink(info.context.administer(), pipeline, sink)


def _told(span: SpanInput) -> dict[str, Any]:
    moments = ("since", "until")
    return {name: from_micros(each) if name in moments and each else each for name, each in given(span).items()}


def _moment(micros: int | None) -> DateTime | None:
    return None if micros is None else DateTime(micros)
