"""Records and what becomes one. Timestamps are whole microseconds since 1970 in UTC; JSON shows milliseconds.

A record's JSON is encoded once, when it enters. Only the offset is missing then (the log gives it inside its
transaction), so the stored `body` is the JSON *after* the offset, and the offset is spliced in front when
bytes leave: `{"offset":42` + body.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, cast

import orjson

Json = Any  # what orjson.loads returns: dict, list, str, int, float, bool or None
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000


def to_micros(moment: datetime) -> int:
    """Whole microseconds since 1970; `moment` must be aware."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


def iso(micros: int) -> str:
    """`2026-11-22T19:00:00.123Z`: RFC 3339, UTC, milliseconds."""
    seconds, rest = divmod(micros, _SECOND)
    return f"{_iso_second(seconds)}.{rest // 1000:03d}Z"


@lru_cache(maxsize=256)
def _iso_second(seconds: int) -> str:
    """Kept: records that arrive together share their second, and making this text took half of encoding one."""
    return from_micros(seconds * _SECOND).strftime("%Y-%m-%dT%H:%M:%S")


class Draft(NamedTuple):
    """A record before the log gave it an offset."""

    timestamp: int
    body: bytes

    @classmethod
    def encode(cls, data: Mapping[str, Json], metrics: Mapping[str, float], timestamp: int) -> "Draft":
        event = orjson.dumps({"timestamp": iso(timestamp), "data": data, "metrics": metrics})
        return cls(timestamp, b"," + event[1:])


@dataclass(frozen=True, slots=True)
class Refusal:
    """A draft that a mapping or a limit would not take: its place in the request, why, and what was sent."""

    index: int
    reason: str
    body: bytes


class Record:
    """One JSON object as the log keeps it. Immutable; what it decodes to is kept, since readers share records."""

    __slots__ = ("_event", "body", "offset", "timestamp")

    def __init__(self, offset: int, timestamp: int, body: bytes) -> None:
        self.offset = offset
        self.timestamp = timestamp
        self.body = body
        self._event: dict[str, Json] | None = None

    @property
    def json(self) -> bytes:
        """`{"offset","timestamp","data","metrics"}`, the record on every channel."""
        return b'{"offset":%d%b' % (self.offset, self.body)

    @property
    def event(self) -> dict[str, Json]:
        if self._event is None:
            self._event = cast("dict[str, Json]", orjson.loads(self.json))
        return self._event

    @property
    def data(self) -> dict[str, Json]:
        return cast("dict[str, Json]", self.event["data"])

    @property
    def metrics(self) -> dict[str, float]:
        return cast("dict[str, float]", self.event["metrics"])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and (self.offset, self.timestamp, self.body) == (
            other.offset,
            other.timestamp,
            other.body,
        )

    def __hash__(self) -> int:
        return hash((self.offset, self.timestamp))

    def __repr__(self) -> str:
        return f"Record({self.offset}, {iso(self.timestamp)})"


def metrics_of(data: Mapping[str, Json]) -> dict[str, float]:
    """The numeric leaves by path, through objects only: no booleans, no arrays. The first of two equal paths wins."""
    flat = {key: value for key, value in data.items() if type(value) is float or type(value) is int}
    for key, value in data.items():
        if type(value) is dict:
            for path, number in metrics_of(value).items():
                flat.setdefault(f"{key}.{path}", number)
    return flat


def field(data: Mapping[str, Json], path: str) -> Json:
    """The value at `path`: first as a literal key, then as nested keys; None when there is none."""
    if path in data:
        return data[path]
    value: Json = data
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    return value


Clock = Callable[[], int]  # microseconds since 1970
