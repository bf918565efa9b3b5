"""The series of a chart: which lines there are, and the points of their picture."""

from collections.abc import Callable, Iterable, Sequence
from math import fsum
from typing import NamedTuple

from livedash.base import limits
from livedash.boards.query import Aggregate, Query
from livedash.boards.values import number, text
from livedash.boards.window import SECOND, Entry
from livedash.model import Record
from livedash.model.record import field

Number = int | float
Point = tuple[Number | None, ...]  # epoch milliseconds, then one value per series


class Key(NamedTuple):
    """One line: the value of `group_by` ("" without one) and the path of the number."""

    group: str
    field: str


class Reading(NamedTuple):
    """What a chart keeps of a record."""

    group: str
    values: dict[str, Number]


Present = dict[Key, tuple[int, tuple[int, int]]]  # how many records have it, and the order of the newest of them


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


def counted(old: Present, added: Iterable[Entry], dropped: Iterable[Entry]) -> Present:
    """`old` after these entries came and went."""
    present = dict(old)
    for entry in added:
        for key in _keys(entry.value):
            count, newest = present.get(key, (0, entry.order))
            present[key] = (count + 1, max(newest, entry.order))
    for entry in dropped:
        for key in _keys(entry.value):
            count, newest = present[key]
            if count == 1:
                del present[key]
            else:
                present[key] = (count - 1, newest)
    return present


def chosen(present: Present) -> tuple[Key, ...]:
    """The lines of a chart in a stable order: of too many those with the newest records."""
    newest = sorted(present, key=lambda key: present[key][1], reverse=True)[: limits.SERIES_PER_CHART]
    return tuple(sorted(newest))


def point(entry: Entry, series: Sequence[Key]) -> Point:
    """One record as a point: null where it has no value, or where the line is of another group."""
    group, values = entry.value
    return (entry.timestamp // 1000, *(values.get(key.field) if key.group == group else None for key in series))


def joined(start: int, width: int, entries: Sequence[Entry], series: Sequence[Key], how: Aggregate) -> Point:
    """The records of the `width` µs from `start` as one point at their beginning."""
    by_key: dict[Key, list[Number]] = {key: [] for key in series}
    for entry in entries:
        group, values = entry.value
        for path, value in values.items():
            if (key := Key(group, path)) in by_key:
                by_key[key].append(value)
    return (start // 1000, *(aggregate(values, how, width) for values in by_key.values()))


def aggregate(values: Sequence[Number], how: Aggregate, width: int) -> Number | None:
    """Values in order of time as one; `width` in µs, for rates."""
    if how == "count":
        return len(values)
    if how == "rate":
        return len(values) * SECOND / width
    if not values:
        return 0 if how == "sum" else None
    return _JOIN[how](values)


def _sum(values: Sequence[Number]) -> Number | None:
    try:
        return fsum(values)
    except OverflowError:
        return None  # JSON has no infinity


def _average(values: Sequence[Number]) -> Number | None:
    total = _sum(values)
    return None if total is None else total / len(values)


_JOIN: dict[str, Callable[[Sequence[Number]], Number | None]] = {
    "avg": _average,
    "sum": _sum,
    "min": min,
    "max": max,
    "last": lambda values: values[-1],
}


def _keys(reading: Reading) -> Iterable[Key]:
    return (Key(reading.group, path) for path in reading.values)
