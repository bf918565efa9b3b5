"""What can be written in `mapping:`, a list of one-key steps: `[{rename: {tmax: temp_max}}, {drop: [debug]}]`."""

from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from livedash.base.expression import Cel, compile
from livedash.model.errors import Invalid

KEYS = 50  # in one step; records of more fields are rare
STEPS = 20  # each costs time for every record
COMPUTE_NAMES = frozenset({"data", "metrics", "timestamp"})  # there is no offset yet

Path = Annotated[str, Field(min_length=1, max_length=500)]
Key = Annotated[str, Field(min_length=1, max_length=200)]


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"there is no time zone {name[:40]!r}; write one such as Europe/Zurich")
    return name


def _without_offset(text: str) -> str:
    try:
        compile(text, COMPUTE_NAMES)
    except Invalid as error:
        raise ValueError(str(error)) from None
    return text


Computation = Annotated[Cel, AfterValidator(_without_offset)]


class Timestamp(BaseModel):
    """Which field says when it happened. The field stays in the data."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: Path = Field(description="Path of the field", examples=["measured_at"])
    format: Literal["auto", "iso", "unix", "unix_ms"] = Field(
        default="auto",
        description="How the time is written; auto takes ISO 8601 texts and numbers: below 10^11 seconds since 1970, "
        "below 10^14 milliseconds, below 10^17 microseconds, else nanoseconds",
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        default="UTC", description="Time zone of texts that do not say theirs", examples=["Europe/Zurich"]
    )

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Step(BaseModel):
    """One step: exactly one of these keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"minProperties": 1, "maxProperties": 1})

    rename: dict[Path, Key] | None = Field(
        default=None,
        max_length=KEYS,
        description="Fields by path, each with its new key at the top of the record; what is missing is passed over",
        examples=[{"tmax": "temp_max", "location.city": "city"}],
    )
    keep: tuple[Path, ...] | None = Field(
        default=None, max_length=KEYS, description="Paths to keep; everything else goes", examples=[["date", "temp"]]
    )
    drop: tuple[Path, ...] | None = Field(
        default=None, max_length=KEYS, description="Paths to leave out", examples=[["debug"]]
    )
    timestamp: Timestamp | None = Field(
        default=None,
        description="Which field says when it happened; otherwise it is the moment of arrival",
        examples=[{"field": "measured_at"}],
    )
    compute: dict[Key, Computation] | None = Field(
        default=None,
        max_length=KEYS,
        description="New fields by CEL over data, metrics and timestamp, one after the other: a later one sees those "
        "before it. A record for which one has no answer (a field is missing, a wrong type) is refused",
        examples=[{"temp_f": "data.temp * 1.8 + 32"}],
    )
    where: Computation | None = Field(
        default=None,
        description="CEL over data, metrics and timestamp; records for which it is not true are refused, "
        "with `filtered by mapping: …` as the reason",
        examples=["data.station == 'north'"],
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a step has exactly one of {', '.join(type(self).model_fields)}")
        if self.rename is not None and len(set(self.rename.values())) < len(self.rename):
            raise ValueError("two fields cannot be renamed to the same key")
        return self


Steps = Annotated[tuple[Step, ...], Field(max_length=STEPS)]
"""The pydantic type of `mapping:`."""
