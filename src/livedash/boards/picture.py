"""A chart's picture as it moves: the window behind it and its points, old ones kept while new ones come."""

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from itertools import chain
from operator import itemgetter

from livedash.boards import series as lines
from livedash.boards.query import Query, seconds
from livedash.boards.series import Key, Point, Present
from livedash.boards.window import SECOND, Entry, Slide, Window, Windows
from livedash.model import Page

_TOTALS = ("count", "sum", "rate")  # of nothing they are 0, and of a single record they are not its value
_x = itemgetter(0)
_order = itemgetter(0)


@dataclass(frozen=True, slots=True)
class Picture:
    """`points` are sorted by time. `ends` are those of the time axis in epoch milliseconds, None without a range."""

    window: Window = field(default_factory=Window)
    present: Present = field(default_factory=dict)
    series: tuple[Key, ...] = ()
    points: list[Point] = field(default_factory=list)
    buckets: dict[int, Point] | None = None  # by number since 1970, when points are joined
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
        self._windows = Windows(query, lines.reader(query), tick=self._tick)

    def step(self, old: Picture, page: Page, now: int) -> Picture:
        """The picture after `page` at `now` (µs)."""
        slide = self._windows.slide(old.window, page, now)
        crowded = self._windows.crowded(slide.window, now)
        moved = replace(old, window=slide.window, ends=self._ends(now), crowded=crowded)
        if slide.added or slide.dropped or not old.series:
            moved = self._with_series(moved, slide)
        if self._is_joined(slide.window.entries):
            return self._joined(moved, old, slide, now)
        return self._plain(moved, old, slide)

    def _ends(self, now: int) -> tuple[int, int] | None:
        if not self._windows.span:
            return None
        start = self._windows.since(now)
        return start // 1000, (start + self._windows.span + self._tick) // 1000

    def _with_series(self, picture: Picture, slide: Slide) -> Picture:
        if self._fixed:
            return replace(picture, series=self._fixed)
        present = lines.counted(picture.present, slide.added, slide.dropped)
        same = present.keys() == set(picture.series)
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
        entries, width = picture.window.entries, self._width
        first, last = (self._windows.since(now) + 1) // width, now // width
        known = old.buckets if old.buckets is not None and picture.series == old.series else None
        stirred = entries if known is None else chain(slide.added, slide.dropped)
        touched = {entry.timestamp // width for entry in stirred}
        if self._how in _TOTALS:
            touched |= {bucket for bucket in range(first, last + 1) if known is None or bucket not in known}
        buckets = {bucket: shown for bucket, shown in (known or {}).items() if bucket >= first}
        for bucket in (bucket for bucket in touched if bucket >= first):
            self._put(buckets, bucket, picture)
        points = [buckets[bucket] for bucket in sorted(buckets)]
        return replace(picture, points=points, buckets=buckets)

    def _put(self, buckets: dict[int, Point], bucket: int, picture: Picture) -> None:
        entries, width = picture.window.entries, self._width
        start = bisect_left(entries, (bucket * width, 0), key=_order)
        stop = bisect_left(entries, ((bucket + 1) * width, 0), key=_order)
        if start < stop or self._how in _TOTALS:
            buckets[bucket] = lines.joined(bucket * width, width, entries[start:stop], picture.series, self._how)
        else:
            buckets.pop(bucket, None)
