"""What a document may say, as pydantic models: also the JSON of the REST API and the source of its schema."""

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from livedash.base import limits, tokens
from livedash.base.config import Size
from livedash.boards.query import Query
from livedash.boards.widget import View
from livedash.boards.widgets import WIDGETS, make
from livedash.catalog.entries import Retention
from livedash.manage.sinkspec import AnySink
from livedash.mapping import Steps
from livedash.model.errors import Fault, Invalid
from livedash.sources import SOURCES, Push

COLUMNS = 12
ROWS = 200
_SLUG = r"^[a-z0-9][a-z0-9-]{0,62}$"
_WIDGET_ID = r"^[A-Za-z0-9_-]{1,64}$"
IN_WORDS = {
    _SLUG: "a slug has 1 to 63 of a-z, 0-9 and '-', and does not begin with '-'",
    _WIDGET_ID: "a widget id has 1 to 64 of letters, digits, '_' and '-'",
}
_ORIGIN = re.compile(r"https?://((\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
_DEFAULT_PORT = re.compile(r"https:.*:443|http:.*:80")

if TYPE_CHECKING:
    Source = BaseModel
    Config = BaseModel
else:
    Source = Annotated[Union[SOURCES], Field(discriminator="type")]  # noqa: UP007 made of a tuple
    Config = Annotated[Union[tuple(widget.Config for widget in WIDGETS)], Field(discriminator="type")]  # noqa: UP007


def _check_origin(text: str) -> str:
    if not _ORIGIN.fullmatch(text):
        raise ValueError(
            "an origin looks like https://shop.example or https://*.shop.example: in small letters (xn--… for others), "
            "with a port if it has one, without a path"
        )
    if _DEFAULT_PORT.fullmatch(text):
        raise ValueError("browsers leave out the port that a scheme has by itself; leave it out here as well")
    return text


Slug = Annotated[str, StringConstraints(pattern=_SLUG)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Secret = Annotated[str, StringConstraints(min_length=tokens.SHORTEST, max_length=500)]
Origin = Annotated[str, AfterValidator(_check_origin)]


class Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


class RetentionSpec(Spec):
    """What is trimmed: records older than `days`, and the oldest beyond `bytes`."""

    days: float | None = Field(default=Retention().days, gt=0, le=36_500, description="null: however old")
    bytes: Size | None = Field(default=None, gt=0, description="null: however much", examples=["2GB"])


class PipelineSpec(Spec):
    """source → mapping → log, with its settings."""

    slug: Slug = Field(description="Its name in addresses", examples=["weather"])
    name: Name | None = Field(default=None, description="Shown to people; the slug, when left out")
    source: Source = Field(default_factory=Push, description="How records get in")
    ingest_token: Secret | None = Field(default=None, description="Opens it for records; made when left out")
    stream_token: Secret | None = Field(default=None, description="Opens it for readers; made when left out")
    allowed_origins: tuple[Origin, ...] = Field(
        default=(), max_length=100, description="Web pages whose scripts may follow it"
    )
    persist: bool = Field(default=True, description="false keeps the newest records in memory only")
    retention: RetentionSpec = Field(default=RetentionSpec(), description="What is trimmed, and when")
    mapping: Steps = Field(default=(), description="Steps that turn what arrived into what is kept")
    paused: bool = Field(default=False, description="true takes no records, until it is false again")
    sinks: tuple[AnySink, ...] = Field(
        default=(), max_length=limits.SINKS_PER_PIPELINE, description="Where its records are pushed to"
    )


class Position(Spec):
    """Place on a grid of 12 columns, from the top left."""

    x: int = Field(ge=0, lt=COLUMNS, description="Columns to the left of it")
    y: int = Field(ge=0, lt=ROWS, description="Rows above it")
    w: int = Field(ge=1, le=COLUMNS, description="Width in columns")
    h: int = Field(ge=1, le=24, description="Height in rows")

    @model_validator(mode="after")
    def _fits(self) -> "Position":
        if self.x + self.w > COLUMNS:
            raise ValueError(f"x + w is {self.x + self.w}, but the grid has {COLUMNS} columns")
        return self


class WidgetSpec(Spec):
    """One picture on a dashboard."""

    id: str = Field(pattern=_WIDGET_ID, description="Unique on its dashboard", examples=["temp"])
    type: Literal[tuple(widget.TYPE for widget in WIDGETS)] = Field(  # type: ignore[valid-type]
        description="What kind of picture"
    )
    position: Position = Field(description="Where it stands on the page")
    config: Config = Field(description="Settings of its type")
    query: Query = Field(description="Which records of which pipeline, and what of them")

    @model_validator(mode="before")
    @classmethod
    def _tag(cls, data: Any) -> Any:
        """The widget's type is the tag that says what its config may hold."""
        if not isinstance(data, dict) or not isinstance(config := data.get("config", {}), dict):
            return data
        if "type" in config:
            raise ValueError("config takes no 'type'; it stands beside config")
        return data | {"config": config | {"type": data.get("type")}}

    @model_validator(mode="after")
    def _can_be_made(self) -> "WidgetSpec":
        """Whether the type can do with its query is the type's matter."""
        try:
            make(self.type, self.config.model_dump(), View(self.id, self.query, ZoneInfo("UTC")))
        except Invalid as error:
            fault = next(iter(error.faults), Fault((), str(error)))
            raise PydanticCustomError(
                "widget", "{message}", {"message": fault.message, "path": list(fault.path)}
            ) from None
        return self


class DashboardSpec(Spec):
    """A page at `/d/{slug}`."""

    slug: Slug = Field(description="Its name in the address `/d/{slug}`", examples=["weather"])
    title: Name | None = Field(default=None, description="Shown to people; the slug, when left out")
    is_public: bool = Field(default=False, description="Whether people without an account may look at it")
    auto: str | None = Field(
        default=None, description="A pipeline whose first record makes the widgets, while there are none"
    )
    widgets: tuple[WidgetSpec, ...] = Field(
        default=(), max_length=limits.WIDGETS_PER_DASHBOARD, description="What stands on it"
    )


class DocumentSpec(Spec):
    """Everything that one document configures."""

    apiVersion: Literal[1] = Field(description="Version of this form")  # noqa: N815 as in every such file
    team: Slug = Field(default="main", description="The team that new pipelines and dashboards belong to")
    pipelines: tuple[PipelineSpec, ...] = Field(default=(), description="Pipelines, each with a slug of its own")
    dashboards: tuple[DashboardSpec, ...] = Field(default=(), description="Dashboards, each with a slug of its own")
