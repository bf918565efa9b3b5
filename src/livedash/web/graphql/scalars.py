"""Values that GraphQL has no type for."""

from datetime import UTC, datetime
from typing import NewType

import strawberry
from graphql import GraphQLError
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

from livedash.model import Json
from livedash.model.record import iso, to_micros

__all__ = ["JSON", "SCALARS", "DateTime", "Long"]

Long = NewType("Long", int)
DateTime = NewType("DateTime", int)  # µs since 1970

_MOST = 2**53 - 1


def _long(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _MOST:
        raise GraphQLError("a Long is a whole number of up to 53 bits")
    return value


def _moment(value: Json) -> int:
    try:
        moment = datetime.fromisoformat(value)
        # in UTC as well it has to lie between the years 1 and 9999
        return to_micros(moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (TypeError, ValueError, OverflowError):
        raise GraphQLError("a DateTime looks like 2026-11-22T19:00:00Z") from None


SCALARS: dict[object, ScalarDefinition] = {
    Long: strawberry.scalar(
        name="Long", description="A whole number of up to 53 bits", serialize=_long, parse_value=_long
    ),
    DateTime: strawberry.scalar(
        name="DateTime",
        description="A moment as RFC 3339 text; in answers in UTC with milliseconds",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=iso,
        parse_value=_moment,
    ),
}
