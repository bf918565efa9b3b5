"""The schema: what can be asked, changed and followed."""

from collections.abc import AsyncIterable

import strawberry
from graphql import GraphQLSchema, Undefined
from strawberry import ID
from strawberry.schema.config import StrawberryConfig

from livedash.web.graphql import changing, steering
from livedash.web.graphql import dashboards as of_dashboards
from livedash.web.graphql import pipelines as of_pipelines
from livedash.web.graphql import records as of_records
from livedash.web.graphql import series as of_series
from livedash.web.graphql.dashboards import Dashboard
from livedash.web.graphql.pipelines import Pipeline, Sink
from livedash.web.graphql.records import Record, RecordConnection
from livedash.web.graphql.scalars import JSON, SCALARS
from livedash.web.graphql.series import Series


@strawberry.type
class Query:
    pipelines: list[Pipeline] = strawberry.field(
        resolver=of_pipelines.pipelines, description="All, by slug; with an API token"
    )
    pipeline: Pipeline | None = strawberry.field(
        resolver=of_pipelines.pipeline, description="One; with its stream token or an API token"
    )
    records: RecordConnection | None = strawberry.field(
        resolver=of_records.records, description="The newest records, or those after or before a cursor"
    )
    series: Series | None = strawberry.field(resolver=of_series.series, description="Numbers over time")
    dashboards: list[Dashboard] = strawberry.field(
        resolver=of_dashboards.dashboards, description="All, by slug; with an API token"
    )
    dashboard: Dashboard | None = strawberry.field(
        resolver=of_dashboards.dashboard, description="One; anybody may look at a public one"
    )


@strawberry.type(description="Each needs an API token.")
class Mutation:
    put_pipeline: changing.PutPipeline = strawberry.field(
        resolver=changing.put_pipeline, description="Create or replace a pipeline"
    )
    pause_pipeline: Pipeline = strawberry.field(
        resolver=changing.pause_pipeline, description="Take no records until it is resumed"
    )
    resume_pipeline: Pipeline = strawberry.field(resolver=changing.resume_pipeline, description="Take records again")
    delete_pipeline: ID = strawberry.field(
        resolver=changing.delete_pipeline, description="Delete a pipeline and its records; its id"
    )
    rotate_stream_token: changing.RotatedToken = strawberry.field(
        resolver=changing.rotate_stream_token,
        description="Make a new stream token; the old one opens the stream beside it for `overlapHours`",
    )
    revoke_stream_tokens: Pipeline = strawberry.field(
        resolver=changing.revoke_stream_tokens, description="From now on no stream token opens the pipeline"
    )
    put_sink: steering.PutSink = strawberry.field(
        resolver=steering.put_sink, description="Create or replace a sink; secrets left out stay"
    )
    delete_sink: ID = strawberry.field(resolver=steering.delete_sink, description="Delete a sink; its id")
    rotate_signing_secret: list[steering.SigningSecret] = strawberry.field(
        resolver=steering.rotate_signing_secret,
        description="Sign with a new secret; the old ones sign beside it for `overlapHours`",
    )
    pause_sink: Sink = strawberry.field(
        resolver=steering.pause_sink, description="Deliver nothing until it is resumed; records wait in the log"
    )
    resume_sink: Sink = strawberry.field(
        resolver=steering.resume_sink, description="Go on after a pause or when it was disabled"
    )
    test_sink: JSON = strawberry.field(
        resolver=steering.test_sink, description="Send a test now; the answer is its attempt"
    )
    replay_sink: steering.Replay = strawberry.field(
        resolver=steering.replay_sink, description="Deliver a range of records once more, beside what is new"
    )
    retry_parked: int = strawberry.field(
        resolver=steering.retry_parked, description="Deliver what is parked once more; how many wait for that"
    )
    drop_parked: int = strawberry.field(
        resolver=steering.drop_parked, description="Give a parked delivery up; its number"
    )
    put_dashboard: changing.PutDashboard = strawberry.field(
        resolver=changing.put_dashboard, description="Create or replace a dashboard with all its widgets"
    )
    delete_dashboard: ID = strawberry.field(
        resolver=changing.delete_dashboard, description="Delete a dashboard; open pages say so; its id"
    )
    put_widget: changing.PutDashboard = strawberry.field(
        resolver=changing.put_widget, description="Create or replace one widget of a dashboard"
    )
    delete_widget: Dashboard = strawberry.field(
        resolver=changing.delete_widget, description="Delete one widget; its dashboard without it"
    )


@strawberry.type
class Subscription:
    pipeline_events: AsyncIterable[Record] = strawberry.subscription(
        resolver=of_records.pipeline_events,
        description="Records as they come, in order; with `after` those since then, too",
    )


def make_schema() -> strawberry.Schema:
    """Takes about ten milliseconds."""
    made = strawberry.Schema(
        query=Query, mutation=Mutation, subscription=Subscription, config=StrawberryConfig(scalar_map=SCALARS)
    )
    _leave_out_nulls(core(made))
    return made


def core(made: strawberry.Schema) -> GraphQLSchema:
    """What graphql-core executes."""
    return made._schema


def _leave_out_nulls(made: GraphQLSchema) -> None:
    """An argument that may be null may be left out; to say `= null` of each, as Strawberry does, says nothing."""
    for type in filter(None, (made.query_type, made.mutation_type, made.subscription_type)):
        for argument in (each for field in type.fields.values() for each in field.args.values()):
            if argument.default_value is None:
                argument.default_value = Undefined
