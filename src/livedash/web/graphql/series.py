"""Numbers over time, as a chart shows them."""

import asyncio
from collections.abc import AsyncIterator
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import ID, Info

from livedash.base import clock, limits
from livedash.boards.picture import Picture, Pictures
from livedash.boards.query import Query
from livedash.boards.series import Key
from livedash.boards.window import SECOND, WINDOW_RECORDS
from livedash.model import Cursor, Page
from livedash.stream.reader import Reader
from livedash.stream.tail import Tail
from livedash.web.graphql.context import Context
from livedash.web.graphql.records import invalid
from livedash.web.graphql.scalars import DateTime

_HOUR = 3600 * SECOND
_UNITS = ((1, "s"), (60, "m"), (3600, "h"), (86_400, "d"))
_MOST = 99_999  # of one unit, as ranges are written


@strawberry.enum(description="How the values of a point are joined into one.")
class Aggregate(Enum):
    LAST = "last"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    SUM = "sum"
    COUNT = "count"
    RATE = "rate"


@strawberry.type
class Line:
    field: str = strawberry.field(description="Path in `data`")
    group: str | None = strawberry.field(description="Its value of `groupBy`")
    values: list[float | None] = strawberry.field(description="One for each of `times`; null where it has none")


@strawberry.type(
    description=f"Lines over the same times. Of more than {WINDOW_RECORDS:,} records the newest are looked at."
)
class Series:
    times: list[DateTime] = strawberry.field(description="Oldest first")
    lines: list[Line]


async def series(
    info: Info[Context, None],
    pipeline_id: Annotated[ID, strawberry.argument(description="Slug or id")],
    fields: Annotated[list[str], strawberry.argument(description="Paths in `data`; a line each")],
    start: Annotated[
        DateTime | None, strawberry.argument(name="from", description="An hour before `to`, when left out")
    ] = None,
    end: Annotated[DateTime | None, strawberry.argument(name="to", description="Now, when left out")] = None,
    points: Annotated[
        int,
        strawberry.argument(
            description=f"At most so many, up to {limits.POINTS_PER_SERIES:,}; of fewer records each is one"
        ),
    ] = 100,
    aggregate: Aggregate = Aggregate.AVG,
    group_by: Annotated[
        str | None, strawberry.argument(description=f"A line per value of this path; {limits.SERIES_PER_CHART} at most")
    ] = None,
) -> Series:
    tail = await info.context.tail(pipeline_id)
    last = clock.now() if end is None else end
    first = last - _HOUR if start is None else start
    if first >= last:
        raise invalid("from", "`from` is before `to`")
    if not 1 <= points <= limits.POINTS_PER_SERIES:
        raise invalid("points", f"a series has 1 to {limits.POINTS_PER_SERIES:,} points")
    if not 1 <= len(fields) <= limits.SERIES_PER_CHART:
        raise invalid("fields", f"a series has 1 to {limits.SERIES_PER_CHART} fields")
    query = Query(
        pipeline=pipeline_id,
        fields=tuple(dict.fromkeys(fields)),
        group_by=group_by,
        aggregate=aggregate.value,
        range=_range(last - first + 1),  # a range begins behind its first moment, and `from` is in it
        limit=points,
    )
    return _series(await _folded(tail, query, first, last), grouped=group_by is not None)


async def _folded(tail: Tail, query: Query, first: int, last: int) -> Picture:
    """The picture as it is at `last`, out of what is stamped from `first` on."""
    pictures, picture = Pictures(query), Picture()
    async for page in _pages(tail, first):
        records = tuple(each for each in page.records if first <= each.timestamp <= last)
        picture = pictures.step(picture, Page(page.pipeline, page.epoch, page.last - len(records), records, 0), last)
        await asyncio.sleep(0)  # folding a large page is work: others get their turn
    return picture


async def _pages(tail: Tail, first: int) -> AsyncIterator[Page]:
    start = max(await tail.log.find(tail.pipeline, first), tail.last + 1 - WINDOW_RECORDS)
    reader, end = Reader(tail, Cursor(tail.epoch, start - 1)), tail.last
    while (page := await reader.next(wait=0)).records:
        yield page
        if page.last >= end:  # what comes meanwhile is not asked for
            break


def _series(picture: Picture, *, grouped: bool) -> Series:
    return Series(
        times=[DateTime(int(point[0] or 0) * 1000) for point in picture.points],
        lines=[_line(number, key, picture, grouped=grouped) for number, key in enumerate(picture.series, 1)],
    )


def _line(number: int, key: Key, picture: Picture, *, grouped: bool) -> Line:
    values = [point[number] for point in picture.points]
    return Line(field=key.field, group=key.group if grouped else None, values=values)


def _range(span: int) -> str:
    """A time (µs) as queries write it, rounded up. Raises Invalid."""
    for seconds, unit in _UNITS:
        if (number := -(-span // (seconds * SECOND))) <= _MOST:
            return f"{number}{unit}"
    raise invalid("from", "`from` and `to` are further apart than a series can be")
