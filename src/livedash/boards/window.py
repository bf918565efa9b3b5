"""The records a widget looks at: the newest `limit`, or those of a `range` of time. Shared by all widgets."""

import heapq
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple

from livedash.base import expression
from livedash.boards.query import Query, seconds
from livedash.model import Page, Record

WINDOW_RECORDS = 100_000  # of a range, the newest of them, in memory per widget (about 20 MB)
SECOND = 1_000_000
NEVER = -(2**63)

_order = itemgetter(0)


class Entry(NamedTuple):
    """What a widget keeps of one record. `order` is by time (ranges) or by offset, and unique."""

    order: tuple[int, int]
    timestamp: int  # µs
    value: Any


@dataclass(frozen=True, slots=True)
class Window:
    """`entries` in order; `later` are stamped in the future and wait for their moment. Neither list is changed."""

    epoch: str = ""
    seen: int = 0  # offset up to which records are folded
    entries: list[Entry] = field(default_factory=list)
    later: list[Entry] = field(default_factory=list)
    lost: int = NEVER  # timestamp of the newest record that was left out because a range holds too many


class Slide(NamedTuple):
    """A window after a page: `added` came in, `dropped` went out, both in order."""

    window: Window
    added: Sequence[Entry]
    dropped: Sequence[Entry]


class Windows:
    """Folds pages into windows for one query; `read` takes from a record what the widget keeps of it."""

    def __init__(
        self, query: Query, read: Callable[[Record], Any], *, capacity: int | None = None, tick: int = 1
    ) -> None:
        """`capacity` bounds the records of a range. They leave it at multiples of `tick` µs."""
        self._tick = tick
        self.span = seconds(query.range) * SECOND if query.range else None
        self._capacity = capacity or (WINDOW_RECORDS if self.span else query.limit)
        self._where = expression.predicate(query.where) if query.where else None
        self._read = read

    def slide(self, old: Window, page: Page, now: int) -> Slide:
        """The window after `page` at `now` (µs). Another epoch starts from nothing: its log forgot the records."""
        base = old if page.epoch == old.epoch else Window(page.epoch)
        slide = self._slide(base, self._fresh(page, base.seen), max(page.last, base.seen), now)
        return slide if base is old else slide._replace(dropped=old.entries)

    def since(self, now: int) -> int:
        """The moment (µs) after which records belong to the range."""
        return now - now % self._tick - (self.span or 0)

    def crowded(self, window: Window, now: int) -> bool:
        """Whether the range holds more records than are kept."""
        return self.span is not None and window.lost > self.since(now)

    def _fresh(self, page: Page, seen: int) -> list[Entry]:
        records: Iterable[Record] = page.records
        if self._where is not None:
            where = self._where
            records = (r for r in records if where(r.data, r.metrics, r.timestamp, r.offset))
        return [Entry(self._key(r), r.timestamp, self._read(r)) for r in records if r.offset > seen]

    def _key(self, record: Record) -> tuple[int, int]:
        return (record.offset, 0) if self.span is None else (record.timestamp, record.offset)

    def _slide(self, old: Window, fresh: list[Entry], seen: int, now: int) -> Slide:
        later: list[Entry] = old.later
        if self.span is not None and (fresh or later):
            fresh, later = self._arrived(sorted(fresh), later, now)
        entries = [*old.entries, *fresh] if fresh else old.entries
        if fresh and old.entries and fresh[0].order < old.entries[-1].order:
            entries.sort(key=_order)
        expired = bisect_left(entries, (self.since(now) + 1, 0), key=_order) if self.span is not None else 0
        start = max(expired, len(entries) - self._capacity)
        lost = max(old.lost, entries[start - 1].timestamp) if start > expired else old.lost
        if not fresh and not start:
            return Slide(Window(old.epoch, seen, old.entries, later, lost), (), ())
        kept = entries[start:]
        edge = kept[0].order if kept else (now + SECOND, 0)
        dropped = old.entries[: bisect_left(old.entries, edge, key=_order)] if kept else old.entries
        added = fresh[bisect_left(fresh, edge, key=_order) :] if kept else ()
        return Slide(Window(old.epoch, seen, kept, later, lost), added, dropped)

    def _arrived(self, fresh: list[Entry], later: list[Entry], now: int) -> tuple[list[Entry], list[Entry]]:
        """What is stamped up to now, and what is not, in order; of the latter only the nearest are kept."""
        coming = list(heapq.merge(later, fresh, key=_order)) if later else fresh
        split = bisect_left(coming, (now + 1, 0), key=_order)
        return coming[:split], coming[split : split + WINDOW_RECORDS]
