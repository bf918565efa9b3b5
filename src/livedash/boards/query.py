"""A widget's query: which records of which pipeline, and what of them."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from livedash.base import limits
from livedash.base.expression import Cel

Aggregate = Literal["last", "avg", "min", "max", "sum", "count", "rate"]

_RANGE = re.compile(r"([1-9][0-9]{0,4})(s|m|h|d|w)")
_UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def _check_range(text: str) -> str:
    seconds(text)
    return text


def seconds(text: str) -> int:
    """`15m` → 900. Raises ValueError."""
    match = _RANGE.fullmatch(text)
    if match is None:
        raise ValueError("a range is a number and a unit, such as 30s, 15m, 6h, 7d or 4w")
    return int(match[1]) * _UNIT[match[2]]


Range = Annotated[str, AfterValidator(_check_range)]


class Query(BaseModel):
    """Without `range`: the newest `limit` records, however old. With `range`: records of that much time up to now;
    if that holds more than `limit`, charts downsample, tables show the newest `limit`, stats use all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pipeline: str = Field(description="Slug or id of the pipeline", examples=["weather"])
    fields: tuple[str, ...] = Field(
        default=(),
        max_length=50,
        description="Paths in data; for a chart one line each",
        examples=[["temp_max"]],
    )
    field: str | None = Field(default=None, description="One path in data; for a stat card", examples=["wind"])
    where: Cel | None = Field(
        default=None,
        description="CEL over data, metrics, timestamp and offset",
        examples=["data.city == 'Seattle'"],
    )
    group_by: str | None = Field(default=None, description="One line or group per value of this path")
    aggregate: Aggregate | None = Field(default=None, description="How values are joined into one")
    range: Range | None = Field(default=None, description="Time up to now", examples=["15m"])
    limit: int = Field(default=100, ge=1, le=limits.POINTS_PER_SERIES, description="Records or points at most")
