"""The series of a chart: which lines there are, and the points of their picture."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import nlargest
from types import MappingProxyType
from typing import NamedTuple

from livedash.base import limits
from livedash.boards.query import Query
from livedash.boards.totals import Number, Sample, Tally
from livedash.boards.values import number, text
from livedash.boards.window import Entry
from livedash.model import Record
from livedash.model.record import field

LINES_FOLLOWED = 500  # of a chart, so that a step costs the same however many values `group_by` has

Order = tuple[int, int]
Point = tuple[Number | None, ...]  # epoch milliseconds, then one value per series


class Key(NamedTuple):
    """One line: the value of `group_by` ("" without one) and the path of the number."""

    group: str
    field: str


class Reading(NamedTuple):
    """What a chart keeps of a record."""

    group: str
    values: dict[str, Number]


class Present(NamedTuple):
    """The lines there could be, by the order of their newest record; of very many only the newest."""

    newest: Mapping[Key, Order] = MappingProxyType({})
    edge: tuple[Order, Key] | None = None  # the newest line that is not followed, while it is in the window

    @property
    def left_out(self) -> int:
        """How many are not drawn, at least."""
        return max(len(self.newest) - limits.SERIES_PER_CHART, 0)


class Bucket(NamedTuple):
    """A stretch of time: how many records are in it, also those without a value, and their totals by line."""

    records: int = 0
    tallies: Mapping[Key, Tally] = MappingProxyType({})


class Samples(NamedTuple):
    """What comes into a bucket or leaves it; the numbers of each line in order."""

    records: int = 0
    lines: Mapping[Key, list[Sample]] = MappingProxyType({})


def reader(query: Query) -> Callable[[Record], Reading]:
    """Takes a record's reading: the fields asked for, else all its metrics."""
    fields, group_by = fields_of(query), query.group_by

    def read(record: Record) -> Reading:
        data = record.data
        group = (text(field(data, group_by)) or "none") if group_by else ""
        if not fields:
            return Reading(group, record.metrics)
        values = ((path, number(field(data, path))) for path in fields)
        return Reading(group, {path: value for path, value in values if value is not None})

    return read


def fields_of(query: Query) -> tuple[str, ...]:
    return query.fields or ((query.field,) if query.field else ())


def present(old: Present, added: Iterable[Entry], dropped: Iterable[Entry], start: Order | None) -> Present:
    """`old` after these entries came and went, the oldest first; `start` is the order of the oldest that is left.

    Lines leave the window in the order of `newest`, so those beyond LINES_FOLLOWED are gone before any other."""
    newest = dict(old.newest)
    edge = old.edge if old.edge and start and old.edge[0] >= start else None
    for entry in dropped:
        for key in _keys(entry.value):
            if newest.get(key) == entry.order:
                del newest[key]
    for entry in added:
        for key in _keys(entry.value):
            if key in newest or edge is None or (entry.order, key) > edge:
                newest[key] = max(newest.get(key, entry.order), entry.order)
    if len(newest) <= LINES_FOLLOWED:
        return Present(newest, edge)
    ranked = sorted(((order, key) for key, order in newest.items()), reverse=True)
    return Present({key: order for order, key in ranked[:LINES_FOLLOWED]}, ranked[LINES_FOLLOWED])


def chosen(present: Present) -> tuple[Key, ...]:
    """The lines of a chart in a stable order: of too many those with the newest records."""
    newest = present.newest
    return tuple(sorted(nlargest(limits.SERIES_PER_CHART, newest, key=lambda key: (newest[key], key))))


def point(entry: Entry, series: Sequence[Key]) -> Point:
    """One record as a point: null where it has no value, or where the line is of another group."""
    group, values = entry.value
    return (entry.timestamp // 1000, *(values.get(key.field) if key.group == group else None for key in series))


def gathered(entries: Iterable[Entry], width: int) -> dict[int, Samples]:
    """`entries` (in order) by bucket: of `width` µs, numbered from 1970."""
    inside: dict[int, list[Entry]] = {}
    for entry in entries:
        inside.setdefault(entry.timestamp // width, []).append(entry)
    return {number: Samples(len(some), _by_line(some)) for number, some in inside.items()}


def _by_line(entries: Iterable[Entry]) -> dict[Key, list[Sample]]:
    lines: dict[Key, list[Sample]] = {}
    for order, _, (group, values) in entries:
        for path, value in values.items():
            lines.setdefault(Key(group, path), []).append((order, value))
    return lines


def _keys(reading: Reading) -> Iterable[Key]:
    return (Key(reading.group, path) for path in reading.values)
