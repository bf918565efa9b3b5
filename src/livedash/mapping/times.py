"""Reading the moment that a field names."""

import math
from collections.abc import Callable
from datetime import UTC, datetime

from livedash.mapping.steps import Timestamp
from livedash.model import Json
from livedash.model.record import to_micros

FIRST = to_micros(datetime(1, 1, 1, tzinfo=UTC))
LAST = to_micros(datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC))
_SECOND, _MILLI = 1_000_000, 1_000


def parser(settings: Timestamp) -> Callable[[Json], int]:
    """A function from a field's value to µs since 1970. It raises ValueError with the reason."""
    zone = settings.zone

    def iso(value: Json) -> int:
        if not isinstance(value, str):
            raise ValueError("is not a text")
        try:
            moment = datetime.fromisoformat(value.strip())
            return to_micros(moment if moment.tzinfo else moment.replace(tzinfo=zone))
        except (ValueError, OverflowError):
            raise ValueError("is not an ISO 8601 time such as 2026-11-22T19:00:00Z") from None

    def auto(value: Json) -> int:
        number = _number(value)
        return iso(value) if number is None else _scaled(number, _guess(abs(number)))

    def unix(value: Json) -> int:
        return _scaled(_number(value), _SECOND)

    def unix_ms(value: Json) -> int:
        return _scaled(_number(value), _MILLI)

    read = {"iso": iso, "auto": auto, "unix": unix, "unix_ms": unix_ms}[settings.format]

    def parse(value: Json) -> int:
        micros = read(value)
        if not FIRST <= micros <= LAST:
            raise ValueError("is not between the years 1 and 9999")
        return micros

    return parse


def _number(value: Json) -> int | float | None:
    """A number, or a text that is one; but 20261122 in a text is a date."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str) or not 9 <= len(value) <= 30:
        return None
    try:
        return int(value)
    except ValueError:
        pass
    try:
        return float(value)
    except ValueError:
        return None


def _guess(size: int | float) -> float:
    """Microseconds in one unit of a number of this size."""
    return _SECOND if size < 1e11 else _MILLI if size < 1e14 else 1 if size < 1e17 else 1e-3


def _scaled(number: int | float | None, unit: float) -> int:
    if number is None or not math.isfinite(number):
        raise ValueError("is not a number")
    return round(number * unit)
