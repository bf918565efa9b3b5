"""Mutations of pipelines and dashboards. Each needs an API token; `manage` decides and checks."""

import strawberry
from strawberry import ID, Info

from livedash.base import limits
from livedash.web.graphql.context import Context
from livedash.web.graphql.dashboards import Dashboard
from livedash.web.graphql.inputs import DashboardInput, PipelineInput, WidgetInput, given
from livedash.web.graphql.pipelines import Named, Pipeline
from livedash.web.graphql.scalars import DateTime

_HOUR = 3600.0


@strawberry.type
class PutPipeline:
    pipeline: Pipeline
    created: bool
    ingest_token: str | None = strawberry.field(description="Of a new one for which none was given; shown once")


@strawberry.type
class RotatedToken:
    stream_token: str = strawberry.field(description="The new one")
    previous_until: DateTime | None = strawberry.field(description="How long the old one opens beside it")


@strawberry.type
class PutDashboard:
    dashboard: Dashboard
    created: bool


async def put_pipeline(info: Info[Context, None], id: Named, input: PipelineInput) -> PutPipeline:
    put = await info.context.parts.editor.put_pipeline(info.context.administer(), id, given(input))
    return PutPipeline(pipeline=Pipeline.of(put.pipeline), created=put.created, ingest_token=put.ingest_token)


async def pause_pipeline(info: Info[Context, None], id: Named) -> Pipeline:
    return Pipeline.of(await info.context.parts.editor.set_paused(info.context.administer(), id, True))


async def resume_pipeline(info: Info[Context, None], id: Named) -> Pipeline:
    return Pipeline.of(await info.context.parts.editor.set_paused(info.context.administer(), id, False))


async def delete_pipeline(info: Info[Context, None], id: Named) -> ID:
    return ID((await info.context.parts.editor.delete_pipeline(info.context.administer(), id)).id)


async def rotate_stream_token(
    info: Info[Context, None], pipeline_id: Named, overlap_hours: float = limits.ROTATION_SECONDS / _HOUR
) -> RotatedToken:
    actor = info.context.administer()
    rotated = await info.context.parts.editor.rotate_stream_token(actor, pipeline_id, overlap_hours * _HOUR)
    until = rotated.previous_until
    return RotatedToken(stream_token=rotated.text, previous_until=None if until is None else DateTime(until))


async def revoke_stream_tokens(info: Info[Context, None], pipeline_id: Named) -> Pipeline:
    await info.context.parts.editor.revoke_stream_tokens(info.context.administer(), pipeline_id)
    return Pipeline.of(info.context.read(pipeline_id).pipeline)


async def put_dashboard(info: Info[Context, None], slug: Named, input: DashboardInput) -> PutDashboard:
    made, created = await info.context.parts.editor.put_dashboard(info.context.administer(), slug, given(input))
    return PutDashboard(dashboard=Dashboard.of(made), created=created)


async def delete_dashboard(info: Info[Context, None], slug: Named) -> ID:
    actor, found = info.context.administer(), info.context.view(slug)
    await info.context.parts.editor.delete_dashboard(actor, found.id)
    return ID(found.id)


async def put_widget(info: Info[Context, None], dashboard: Named, input: WidgetInput) -> PutDashboard:
    actor = info.context.administer()
    made, created = await info.context.parts.editor.put_widget(actor, dashboard, input.id, given(input))
    return PutDashboard(dashboard=Dashboard.of(made), created=created)


async def delete_widget(info: Info[Context, None], dashboard: Named, id: ID) -> Dashboard:
    return Dashboard.of(await info.context.parts.editor.delete_widget(info.context.administer(), dashboard, id))
