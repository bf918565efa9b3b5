"""Records, and pages of them."""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Annotated, NamedTuple

import strawberry
from strawberry import ID, Info

from livedash.base import expression, limits
from livedash.model import Cursor
from livedash.model import Record as Stored
from livedash.model.errors import CursorExpired, Fault, Invalid
from livedash.stream.reader import Reader
from livedash.stream.tail import Tail
from livedash.web.access import Reading
from livedash.web.graphql.context import Context
from livedash.web.graphql.scalars import JSON, DateTime, Long
from livedash.web.paging import Found, page_of, search

Where = Annotated[str | None, strawberry.argument(description="Only records for which this CEL expression is true")]


@strawberry.type(description="One JSON object after mapping, the same on every channel.")
class Record:
    offset: Long = strawberry.field(description="Its number in the log, from 1 without holes")
    cursor: str = strawberry.field(description="`epoch-offset`: the place to go on after it, on any channel")
    timestamp: DateTime
    data: JSON
    metrics: JSON = strawberry.field(description="The numbers in `data`, by path")


class Row(NamedTuple):
    """A stored record as `Record` shows it."""

    offset: int
    cursor: str
    timestamp: int
    data: object
    metrics: object

    @classmethod
    def of(cls, epoch: str, record: Stored) -> "Row":
        return cls(record.offset, f"{epoch}-{record.offset}", record.timestamp, record.data, record.metrics)


@strawberry.type
class RecordEdge:
    cursor: str
    node: Record


@strawberry.type(description="Where a page lies. With `where` its ends are those of what was looked through.")
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class RecordConnection:
    edges: list[RecordEdge] = strawberry.field(description="Oldest first")
    page_info: PageInfo


async def records(
    info: Info[Context, None],
    pipeline_id: Annotated[ID, strawberry.argument(description="Slug or id")],
    after: Annotated[str | None, strawberry.argument(description="A cursor: those behind it")] = None,
    before: Annotated[str | None, strawberry.argument(description="A cursor: the last ones before it")] = None,
    first: Annotated[int, strawberry.argument(description=f"At most so many, up to {limits.PAGE_RECORDS:,}")] = 100,
    where: Where = None,
) -> RecordConnection:
    tail = await info.context.tail(pipeline_id)
    if not 1 <= first <= limits.PAGE_RECORDS:
        raise invalid("first", f"a page has 1 to {limits.PAGE_RECORDS:,} records")
    if where:
        found = await search(tail, after, before, first, filter_of(where))
    else:
        page = await page_of(tail, after, before, first)
        found = Found(page.records, page.after, page.last + 1)
    return await _connection(tail, found)


async def _connection(tail: Tail, found: Found) -> RecordConnection:
    epoch, oldest = tail.epoch, (await tail.log.bounds(tail.pipeline)).first
    rows = [Row.of(epoch, record) for record in found.records]
    start, end = found.start + 1, found.end - 1
    return RecordConnection(
        edges=[RecordEdge(cursor=row.cursor, node=row) for row in rows],  # type: ignore[arg-type]  # looks the same
        page_info=PageInfo(
            has_next_page=found.end <= tail.last,
            has_previous_page=found.start >= oldest,
            start_cursor=str(Cursor(epoch, start)) if start <= end else None,
            end_cursor=str(Cursor(epoch, end)) if end >= 0 else None,
        ),
    )


class Following(AsyncIterable[Row]):
    """The source of a subscription: the records of a pipeline behind a cursor. Iterated it is a plain source of
    events, as any executor takes it; a socket only asks what it is, and shares the work."""

    def __init__(
        self, reading: Reading, tail: Tail, cursor: Cursor, where: str, *, resumes: bool, own_token: bool
    ) -> None:
        """`resumes`: goes on behind a valid cursor that was given. `own_token`: let in by a token of its own, and not
        by what the connection shows."""
        self.reading = reading
        self.tail = tail
        self.cursor = cursor
        self.where = where
        self.resumes = resumes
        self.own_token = own_token

    async def __aiter__(self) -> AsyncIterator[Row]:
        reader = Reader(self.tail, self.cursor)
        matches = filter_of(self.where) if self.where else None
        while True:
            page = await reader.next(wait=limits.KEEPALIVE_SECONDS)
            if page.gap is not None:
                raise CursorExpired(str(Cursor(page.epoch, page.after)))
            for record in page.records:
                if matches is None or matches(record.data, record.metrics, record.timestamp, record.offset):
                    yield Row.of(page.epoch, record)


async def pipeline_events(
    info: Info[Context, None],
    pipeline_id: Annotated[ID, strawberry.argument(description="Slug or id")],
    token: Annotated[
        str | None,
        strawberry.argument(description="The stream token, if neither the connection nor a header shows one"),
    ] = None,
    after: Annotated[
        str | None, strawberry.argument(description="A cursor: go on behind it; otherwise with what comes from now on")
    ] = None,
    where: Where = None,
) -> AsyncIterable[Record]:
    reading = info.context.read(pipeline_id, token)
    tail = await info.context.parts.tails.of(reading.pipeline)
    if where:
        filter_of(where)
    head = Cursor(tail.epoch, tail.last)
    cursor = head if after is None else Cursor.parse(after)
    resumes = after is not None and cursor.epoch == head.epoch and cursor.offset <= head.offset
    return Following(  # type: ignore[return-value]  # its rows look the same
        reading, tail, cursor, where or "", resumes=resumes, own_token=token is not None
    )


def filter_of(where: str) -> expression.Predicate:
    """Raises Invalid."""
    try:
        return expression.predicate(where, limits.FILTER_VALUES)
    except Invalid as error:
        raise invalid("where", str(error)) from None


def invalid(name: str, message: str) -> Invalid:
    """The argument `name` cannot be taken as it is."""
    return Invalid(f"{name}: {message}", [Fault((name,), message)])
