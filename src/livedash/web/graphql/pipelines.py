"""Pipelines and their sinks."""

from typing import Annotated

import strawberry
from strawberry import ID, Info

from livedash.catalog import entries
from livedash.model.errors import NotFound
from livedash.web.graphql.context import Context
from livedash.web.graphql.scalars import JSON, Long

Named = Annotated[ID, strawberry.argument(description="Slug or id")]


@strawberry.type(description="What a log holds.")
class Log:
    epoch: str = strawberry.field(description="The name of its present life")
    first: Long = strawberry.field(description="Offset of the oldest record")
    last: Long = strawberry.field(description="Offset of the newest record")
    bytes: Long
    cursor: str = strawberry.field(description="The place behind the newest record")


@strawberry.type(description="What is trimmed; null is no bound of that kind.")
class Retention:
    days: float | None
    bytes: Long | None


@strawberry.type(description="Where the records of a pipeline are pushed to.")
class Sink:
    id: ID
    name: str
    settings: JSON = strawberry.field(description="Without secrets")
    headers: list[str] = strawberry.field(description="Names of further headers")
    start: str | None = strawberry.field(description="The cursor that it began at")
    revision: Long
    entry: strawberry.Private[entries.Sink]

    @strawberry.field(description="How it goes: state, lag, success rate, latency, what is parked")
    async def report(self, info: Info[Context, None]) -> JSON:
        return JSON((await info.context.parts.sinks.report(self.entry)).json())

    @classmethod
    def of(cls, entry: entries.Sink) -> "Sink":
        return cls(
            id=ID(entry.id),
            name=entry.name,
            settings=JSON(entry.settings),
            headers=[header.name for header in entry.headers],
            start=entry.start,
            revision=Long(entry.revision),
            entry=entry,
        )


@strawberry.type(description="source → mapping → log, with its settings.")
class Pipeline:
    id: ID
    slug: str
    name: str
    persist: bool
    revision: Long
    entry: strawberry.Private[entries.Pipeline]

    @strawberry.field(description="It takes no records")
    def paused(self, info: Info[Context, None]) -> bool:
        return self.entry.paused

    @strawberry.field(description="How records get in; with an API token")
    def source(self, info: Info[Context, None]) -> JSON:
        info.context.administer()
        return JSON(self.entry.source)

    @strawberry.field(description="Steps that turn what arrived into what is kept; with an API token")
    def mapping(self, info: Info[Context, None]) -> list[JSON]:
        info.context.administer()
        return [JSON(step) for step in self.entry.mapping]

    @strawberry.field(description="With an API token")
    def retention(self, info: Info[Context, None]) -> Retention:
        info.context.administer()
        kept = self.entry.retention
        return Retention(days=kept.days, bytes=None if kept.bytes is None else Long(kept.bytes))

    @strawberry.field(description="Web pages whose scripts may follow it; with an API token")
    def allowed_origins(self, info: Info[Context, None]) -> list[str]:
        info.context.administer()
        return list(self.entry.allowed_origins)

    @strawberry.field
    async def log(self, info: Info[Context, None]) -> Log:
        bounds = await info.context.bounds(self.entry)
        return Log(
            epoch=bounds.epoch,
            first=Long(bounds.first),
            last=Long(bounds.last),
            bytes=Long(bounds.bytes),
            cursor=f"{bounds.epoch}-{bounds.last}",
        )

    @strawberry.field(description="The token that opens its stream; null when every one was revoked; with an API token")
    def stream_token(self, info: Info[Context, None]) -> str | None:
        info.context.administer()
        try:
            return info.context.parts.directory.stream_token(self.entry.id)
        except NotFound:
            return None

    @strawberry.field(description="By name; with an API token")
    def sinks(self, info: Info[Context, None]) -> list[Sink]:
        info.context.administer()
        return [Sink.of(each) for each in info.context.parts.directory.sinks(self.entry.id)]

    @classmethod
    def of(cls, entry: entries.Pipeline) -> "Pipeline":
        return cls(
            id=ID(entry.id),
            slug=entry.slug,
            name=entry.name,
            persist=entry.persist,
            revision=Long(entry.revision),
            entry=entry,
        )


def pipelines(info: Info[Context, None]) -> list[Pipeline]:
    info.context.administer()
    return [Pipeline.of(each) for each in info.context.parts.directory.pipelines()]


def pipeline(info: Info[Context, None], id: Named) -> Pipeline:
    return Pipeline.of(info.context.read(id).pipeline)
