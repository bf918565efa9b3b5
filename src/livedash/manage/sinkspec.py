"""What a document says of a sink: the settings of its type, and what every type has. One model for each type."""

import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    TypeAdapter,
    create_model,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from livedash.base import limits
from livedash.model import Json
from livedash.sinks import SINKS
from livedash.sinks.sink import SinkSettings

_SINK_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OURS = frozenset(
    {
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "user-agent",
        "webhook-id",
        "webhook-signature",
        "webhook-timestamp",
        "x-hub-signature-256",
    }
)


def _check_sink_name(name: str) -> str:
    if not _SINK_NAME.fullmatch(name):
        raise ValueError("a sink's name has 1 to 63 of a-z, 0-9 and '-', and does not begin with '-'")
    return name


def _check_name(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise ValueError("the name of a header has 1 to 100 of letters, digits and '-'")
    if name.lower() in _OURS:
        raise ValueError("this header is set by Livedash")
    return name


def _check_value(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("the value of a header is one line")
    return value


def _check_headers(headers: dict[str, str | None]) -> dict[str, str | None]:
    names = [name.lower() for name in headers]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"the header {min(twice)!r} is there twice; upper and lower case are the same")
    return headers


HeaderName = Annotated[str, AfterValidator(_check_name)]
HeaderValue = Annotated[str, StringConstraints(min_length=1, max_length=4_000), AfterValidator(_check_value)]


class SinkSpec(BaseModel):
    """Somewhere that the records of a pipeline are pushed to."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)

    name: Annotated[str, AfterValidator(_check_sink_name)] = Field(
        description="Its name on the pipeline", examples=["billing"]
    )
    secret: Annotated[str, StringConstraints(max_length=500)] | None = Field(
        default=None, description="Signs what is delivered; made when left out, kept when there is one"
    )
    headers: Annotated[dict[HeaderName, HeaderValue | None], AfterValidator(_check_headers)] = Field(
        default={},
        max_length=limits.HEADERS_PER_SINK,
        description="Further headers, kept encrypted; null keeps the value that is there",
    )

    def check_secret(self, text: str) -> None:
        """Whether deliveries can be signed with `text` is the type's matter. Raises ValueError."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _can_sign(self) -> "SinkSpec":
        try:
            if self.secret is not None:
                self.check_secret(self.secret)
        except ValueError as error:
            raise PydanticCustomError("secret", "{message}", {"message": str(error), "path": ["secret"]}) from None
        return self


def _with_settings(settings: type[SinkSettings]) -> type[SinkSpec]:
    bases: Any = (settings, SinkSpec)  # in this order the type checks its own secrets
    made: type[SinkSpec] = create_model(f"{settings.__name__}Spec", __base__=bases, __doc__=settings.__doc__)
    return made


SINK_SPECS = {str(settings.model_fields["type"].default): _with_settings(settings) for settings in SINKS}


class _ByType:
    """A union that `type` decides, also while there is one type only."""

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        choices = {tag: handler.generate_schema(spec) for tag, spec in SINK_SPECS.items()}
        return core_schema.tagged_union_schema(choices, discriminator="type")


if TYPE_CHECKING:
    AnySink = SinkSpec
else:
    AnySink = Annotated[SinkSpec, _ByType()]

SINK: TypeAdapter[SinkSpec] = TypeAdapter(AnySink)
OUTSIDE = frozenset({"name", "secret", "headers"})  # of a sink's settings: kept beside them


def settings_of(spec: SinkSpec) -> dict[str, Json]:
    """The settings of its type that were given, as JSON, `type` included."""
    return spec.model_dump(mode="json", exclude=set(OUTSIDE), exclude_unset=True)
