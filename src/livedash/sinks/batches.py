"""Cuts what a reader gives into batches. Bounds are all that was looked at, also where the filter took only a part:
so the same bounds give the same batch again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from livedash.base import expression, limits
from livedash.base.expression import Predicate
from livedash.log import Log
from livedash.model import Cursor, Gap, Page, Record
from livedash.sinks.sink import SinkSettings
from livedash.sinks.state import Delivery, Replay
from livedash.stream.reader import Reader


@dataclass(frozen=True, slots=True)
class Batch:
    """A delivery with its records at hand."""

    delivery: Delivery
    records: tuple[Record, ...]


class Gone(Exception):
    """Records of a delivery were trimmed meanwhile, or their epoch ended: `gap` says which."""

    def __init__(self, gap: Gap) -> None:
        super().__init__("records of a delivery are gone")
        self.gap = gap


class Cutter:
    """The batches of one sink, by its settings."""

    def __init__(self, settings: SinkSettings) -> None:
        self._batch = settings.batch
        self._matches: Predicate | None = expression.predicate(settings.where) if settings.where else None

    def matching(self, records: Sequence[Record]) -> tuple[Record, ...]:
        return tuple(filter(self._takes, records))

    def cut(self, page: Page, start: int) -> tuple[tuple[Record, ...], int]:
        """The next batch of `page` from the index `start` on, and the index behind it."""
        taken: list[Record] = []
        size = 0
        end = min(start + limits.PAGE_RECORDS, len(page.records))  # the tail may give more at once
        for index in range(start, end):
            record = page.records[index]
            if not self._takes(record):
                continue
            size += len(record.body)
            if taken and (len(taken) == self._batch.records or size > self._batch.bytes):
                return tuple(taken), index
            taken.append(record)
        return tuple(taken), end

    def _takes(self, record: Record) -> bool:
        if self._matches is None:
            return True
        return self._matches(record.data, record.metrics, record.timestamp, record.offset)


class Batches:
    """What is new for a sink, batch after batch. `cursor` is behind all that was cut, or passed over by the filter."""

    def __init__(self, reader: Reader, cutter: Cutter) -> None:
        self._reader = reader
        self._cutter = cutter
        self._page: Page | None = None
        self._start = 0
        self.cursor = reader.cursor

    async def next(self, *, wait: float) -> Batch | None:
        """The next batch, at once when something is there; None when nothing that the filter takes came within
        `wait` seconds, or a page of records was passed over. Safe to cancel. Raises StorageError."""
        if self._page is None:
            page = await self._reader.next(wait=wait)
            if not page.records and page.gap is None:
                return None
            self._page, self._start = page, 0
        return self._cut(self._page)

    def _cut(self, page: Page) -> Batch | None:
        if page.gap is not None:
            self._page = replace(page, gap=None) if page.records else None
            self.cursor = Cursor(page.epoch, page.after)
            return Batch(Delivery("gap", page.epoch, page.gap.first, page.after, page.gap), ())
        first = page.records[self._start].offset
        records, self._start = self._cutter.cut(page, self._start)
        last = page.records[self._start - 1].offset
        if self._start == len(page.records):
            self._page = None
        self.cursor = Cursor(page.epoch, last)
        return Batch(Delivery("records", page.epoch, first, last), records) if records else None


async def replayed(log: Log, pipeline: str, replay: Replay, cutter: Cutter) -> Batch:
    """The next batch of a replay; without records where the filter takes none."""
    page = await log.read(pipeline, replay.next - 1, min(limits.PAGE_RECORDS, replay.last - replay.next + 1))
    if gap := _missing(page, replay.epoch, replay.next, replay.last):
        last = replay.last if gap.last is None else gap.last
        return Batch(Delivery("gap", replay.epoch, replay.next, last, gap, replay=replay.number), ())
    records, end = cutter.cut(page, 0)
    last = page.records[end - 1].offset
    return Batch(Delivery("records", replay.epoch, replay.next, last, replay=replay.number), records)


async def loaded(log: Log, pipeline: str, delivery: Delivery, cutter: Cutter) -> tuple[Record, ...]:
    """The records of a delivery whose bounds were stored. Raises Gone, StorageError."""
    records: list[Record] = []
    after = delivery.first - 1
    while delivery.kind == "records" and after < delivery.last:
        page = await log.read(pipeline, after, min(limits.PAGE_RECORDS, delivery.last - after))
        if gap := _missing(page, delivery.epoch, after + 1, delivery.last):
            raise Gone(gap)
        records += page.records
        after = page.last
    return cutter.matching(records)


def _missing(page: Page, epoch: str, first: int, last: int) -> Gap | None:
    """What of the offsets `first` to `last` the page should begin with does not exist any more."""
    if page.epoch != epoch:
        return Gap(first, last, "epoch")
    if page.gap is not None:
        return Gap(first, min(page.after, last), page.gap.reason)
    return None if page.records else Gap(first, last, "ahead")
