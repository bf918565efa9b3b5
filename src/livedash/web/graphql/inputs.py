"""What can be said of pipelines, sinks and dashboards: the same as in a document, checked in the same place."""

from typing import Any

import strawberry
from strawberry import ID, UNSET

from livedash.web.graphql.scalars import JSON, DateTime, Long

_KEPT = "Left out, it stays as it is"


@strawberry.input(description="What is trimmed; null is no bound of that kind.")
class RetentionInput:
    days: float | None = UNSET
    bytes: Long | None = UNSET


@strawberry.input(description="A pipeline as a document writes it. What is left out has its default, or stays.")
class PipelineInput:
    name: str | None = UNSET
    source: JSON | None = strawberry.field(default=UNSET, description='Such as {"type": "push"}')
    ingest_token: str | None = strawberry.field(default=UNSET, description=_KEPT)
    stream_token: str | None = strawberry.field(default=UNSET, description=_KEPT)
    allowed_origins: list[str] | None = UNSET
    persist: bool | None = UNSET
    retention: RetentionInput | None = UNSET
    mapping: list[JSON] | None = UNSET
    paused: bool | None = strawberry.field(default=UNSET, description=_KEPT)
    sinks: list[JSON] | None = strawberry.field(default=UNSET, description=_KEPT)


@strawberry.input
class PositionInput:
    x: int
    y: int
    w: int
    h: int


@strawberry.input(description="A widget as a document writes it.")
class WidgetInput:
    id: ID
    type: str
    position: PositionInput
    config: JSON
    query: JSON


@strawberry.input(description="A dashboard as a document writes it, with all its widgets.")
class DashboardInput:
    title: str | None = UNSET
    is_public: bool | None = UNSET
    auto: str | None = strawberry.field(default=UNSET, description="A pipeline whose first record makes the widgets")
    widgets: list[WidgetInput] | None = UNSET


@strawberry.input(description="A range of records, in one of three ways.")
class SpanInput:
    first: Long | None = strawberry.field(default=UNSET, description="Offset of the first one, with `last`")
    last: Long | None = UNSET
    after: str | None = strawberry.field(default=UNSET, description="Cursor behind which it begins, with `through`")
    through: str | None = UNSET
    since: DateTime | None = strawberry.field(default=UNSET, description="From which moment on, with `until`")
    until: DateTime | None = UNSET


def given(value: Any) -> Any:
    """What an input says, under the names that documents use, without what was left out."""
    if hasattr(value, "__strawberry_definition__"):
        return {name: given(each) for name, each in vars(value).items() if each is not UNSET}
    return [given(each) for each in value] if isinstance(value, list) else value
