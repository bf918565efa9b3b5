"""A chart's picture as it moves: the window behind it and its points, old ones kept while new ones come."""

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any

from livedash.boards import series as lines
from livedash.boards.query import Query, seconds
from livedash.boards.series import Bucket, Key, Point, Present, Samples
from livedash.boards.totals import Joining, Tally
from livedash.boards.window import SECOND, Entry, Slide, Window, Windows
from livedash.model import Page

_TOTALS = ("count", "sum", "rate")  # of nothing they are 0, and of a single record they are not its value
_x = itemgetter(0)
_order = itemgetter(0)


@dataclass(frozen=True, slots=True)
class Picture:
    """`points` are sorted by time. `ends` are those of the time axis in epoch milliseconds, None without a range."""

    window: Window = field(default_factory=Window)
    present: Present = field(default_factory=Present)
    series: tuple[Key, ...] = ()
    points: list[Point] = field(default_factory=list)
    buckets: dict[int, Bucket] | None = None  # by number since 1970, one for each point when they are joined
    ends: tuple[int, int] | None = None
    crowded: bool = False


class Pictures:
    """Folds pages into pictures for one query.

    Time moves in ticks of a point's width, a second at least, so that a chart is not redrawn for less than a pixel.
    Records leave at the same ticks; the axis shows a tick more than the range.
    """

    def __init__(self, query: Query) -> None:
        self._how = query.aggregate or "avg"
        self._limit = query.limit
        self._fixed = () if query.group_by else tuple(Key("", path) for path in lines.fields_of(query))
        span = seconds(query.range) * SECOND if query.range else 0
        self._width = -(-span // query.limit)  # of a point, µs
        self._tick = max(self._width, SECOND)
        self._joining = Joining(self._how, self._width)
        self._windows = Windows(query, lines.reader(query), tick=self._tick)

    def step(self, old: Picture, page: Page, now: int) -> Picture:
        """The picture after `page` at `now` (µs)."""
        slide = self._windows.slide(old.window, page, now)
        crowded = self._windows.crowded(slide.window, now)
        moved = replace(old, window=slide.window, ends=self._ends(now), crowded=crowded)
        if slide.added or slide.dropped or not old.series:
            moved = self._with_series(moved, slide, old.window.epoch)
        if self._is_joined(slide.window.entries):
            return self._joined(moved, old, slide, now)
        return self._plain(moved, old, slide)

    def _ends(self, now: int) -> tuple[int, int] | None:
        if not self._windows.span:
            return None
        start = self._windows.since(now)
        return start // 1000, (start + self._windows.span + self._tick) // 1000

    def _with_series(self, picture: Picture, slide: Slide, epoch: str) -> Picture:
        if self._fixed:
            return replace(picture, series=self._fixed)
        start = slide.window.entries[0].order if slide.window.entries else None
        base = picture.present if slide.window.epoch == epoch else Present()
        present = lines.present(base, slide.added, slide.dropped, start)
        same = present.newest.keys() == set(picture.series)
        return replace(picture, present=present, series=picture.series if same else lines.chosen(present))

    def _is_joined(self, entries: list[Entry]) -> bool:
        return bool(self._windows.span) and (len(entries) > self._limit or self._how in _TOTALS)

    def _plain(self, picture: Picture, old: Picture, slide: Slide) -> Picture:
        entries, points = picture.window.entries, old.points
        if entries is old.window.entries and old.buckets is None and picture.series == old.series:
            return picture
        if old.buckets is None and picture.series == old.series and self._in_order(old, slide):
            points = [*points[len(slide.dropped) :], *(lines.point(entry, picture.series) for entry in slide.added)]
        else:
            points = sorted((lines.point(entry, picture.series) for entry in entries), key=_x)
        return replace(picture, points=points, buckets=None)

    def _in_order(self, old: Picture, slide: Slide) -> bool:
        """Whether what went out was first in time and what came in is last."""
        before, kept = old.window.entries, slide.window.entries
        stamps = [old.points[-1][0] or 0 if old.points else 0, *(entry.timestamp // 1000 for entry in slide.added)]
        went = all(entry.timestamp // 1000 == shown[0] for entry, shown in zip(slide.dropped, old.points, strict=False))
        appended = len(before) - len(slide.dropped) + len(slide.added) == len(kept) and (
            not slide.added or kept[len(kept) - len(slide.added)] is slide.added[0]
        )
        return went and appended and stamps == sorted(stamps)

    def _joined(self, picture: Picture, old: Picture, slide: Slide, now: int) -> Picture:
        first, last = (self._windows.since(now) + 1) // self._width, now // self._width
        if old.buckets is None or slide.window.epoch != old.window.epoch:
            old, slide = Picture(), Slide(slide.window, slide.window.entries, ())
        buckets = {number: bucket for number, bucket in (old.buckets or {}).items() if number >= first}
        self._fold(buckets, slide)
        if self._how in _TOTALS:
            buckets |= {number: Bucket() for number in range(first, last + 1) if number not in buckets}
        else:
            buckets = {number: bucket for number, bucket in buckets.items() if bucket.records}
        buckets = dict(sorted(buckets.items()))
        return replace(picture, points=self._joined_points(buckets, picture.series, old), buckets=buckets)

    def _fold(self, buckets: dict[int, Bucket], slide: Slide) -> None:
        """Put new ones in the place of those that `slide` changes."""
        came, went = lines.gathered(slide.added, self._width), lines.gathered(slide.dropped, self._width)
        for number in came.keys() | (went.keys() & buckets.keys()):
            bucket, new, gone = buckets.get(number, Bucket()), came.get(number, Samples()), went.get(number, Samples())
            if any(self._joining.is_lost(bucket.tallies[key], some) for key, some in gone.lines.items()):
                inside = lines.gathered(self._inside(slide.window.entries, number), self._width)
                bucket, new, gone = Bucket(), inside.get(number, Samples()), Samples()
            buckets[number] = self._bucket(bucket, new, gone)

    def _bucket(self, old: Bucket, came: Samples, went: Samples) -> Bucket:
        tallies = dict(old.tallies)
        for key in (*came.lines, *(key for key in went.lines if key not in came.lines)):
            known = old.tallies.get(key, Tally())
            tally = self._joining.after(known, came.lines.get(key, ()), went.lines.get(key, ()))
            if tally.size:
                tallies[key] = tally
            else:
                del tallies[key]
        return Bucket(old.records + came.records - went.records, tallies)

    def _inside(self, entries: list[Entry], number: int) -> list[Entry]:
        start, stop = ((edge * self._width, 0) for edge in (number, number + 1))
        return entries[bisect_left(entries, start, key=_order) : bisect_left(entries, stop, key=_order)]

    def _joined_points(self, buckets: dict[int, Bucket], series: tuple[Key, ...], old: Picture) -> list[Point]:
        """A point for each bucket; that of `old` where neither bucket nor lines are others."""
        known = old.buckets if old.buckets and old.series == series else {}
        shown = dict(zip(known, old.points, strict=False))
        return [
            shown[number] if known.get(number) is bucket else self._point(number, bucket, series)
            for number, bucket in buckets.items()
        ]

    def _point(self, number: int, bucket: Bucket, series: tuple[Key, ...]) -> Point:
        return (number * self._width // 1000, *(self._joining.value(bucket.tallies.get(key)) for key in series))


def update(old: list[Point], state: Picture) -> dict[str, Any]:
    """The update-chart event that leads from `old` points to those of `state`."""
    new = state.points
    kept = _kept(old, new)
    sent = new[kept:]
    columns = [[point[index] for point in sent] for index in range(1, len(state.series) + 1)]
    update = {"labels": [point[0] for point in sent], "data": columns, "append": kept > 0, "window": len(new)}
    return update | dict(zip(("from", "to"), state.ends, strict=True)) if state.ends else update


def _kept(old: list[Point], new: list[Point]) -> int:
    """How many of the newest `old` points are the first of `new`; 0 when there is nothing to append to."""
    for start, point in enumerate(old):
        if point == new[0]:
            rest = old[start:]
            return len(rest) if new[: len(rest)] == rest else 0
        if (point[0] or 0) > (new[0][0] or 0):
            return 0
    return 0
