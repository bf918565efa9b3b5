"""Charts whose records are joined: the same as a plain loop over the window finds, for the work of a step."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livedash.base import limits
from livedash.boards import series, window
from livedash.boards.series import Reading
from livedash.model import Record
from tests.boards.records import NOON, SECOND, followed, histories, page, record, widget

AGGREGATES = ["avg", "sum", "min", "max", "last", "count", "rate"]


def plain(values: list[float], how: str, width: int) -> float:
    """Values of a bucket, in order of time, as one."""
    number, total = len(values), sum(map(Fraction, values))
    return {
        "avg": lambda: float(total / number),
        "sum": lambda: float(total),
        "min": lambda: min(values),
        "max": lambda: max(values),
        "last": lambda: values[-1],
        "count": lambda: number,
        "rate": lambda: number * SECOND / width,
    }[how]()


@pytest.mark.parametrize("how", AGGREGATES)
@pytest.mark.parametrize("capacity", [4, 100_000])
def test_joined_points_are_what_a_plain_loop_finds(monkeypatch: pytest.MonkeyPatch, how: str, capacity: int) -> None:
    """In pages, out of order, with records that leave by age and (of a full window) by number."""
    monkeypatch.setattr(window, "WINDOW_RECORDS", capacity)
    span, width = 7 * SECOND, 7 * SECOND // 2
    empty = 0 if how in ("sum", "count", "rate") else None  # a gap where there are records without a value

    @settings(max_examples=60, deadline=None)
    @given(histories())
    def check(history: Any) -> None:
        made = widget("line_chart", field="a", range="7s", limit=2, aggregate=how)
        for _, state, now in followed(made, *history[1:]):
            if state.buckets is None:
                continue
            kept = [(entry.timestamp, entry.value.values.get("a")) for entry in state.window.entries]
            assert all(now - span - now % width < timestamp <= now for timestamp, _ in kept)
            filled = {timestamp // width for timestamp, _ in kept}
            assert filled == state.buckets.keys() or (empty == 0 and filled < state.buckets.keys())
            for number, point in zip(state.buckets, state.points, strict=True):
                values = [value for timestamp, value in kept if value is not None and timestamp // width == number]
                assert point == (number * width // 1000, plain(values, how, width) if values else empty)

    check()


class Watched(dict[str, float]):
    """Readings that count how often they are looked at."""

    visits = 0

    def items(self) -> Any:
        Watched.visits += 1
        return super().items()

    def __iter__(self) -> Iterator[str]:
        Watched.visits += 1
        return super().__iter__()


def visits(made: Any, pages: list[list[Record]], moments: list[int]) -> list[int]:
    """How many readings each step looks at."""
    counts = []
    steps = followed(made, pages, moments)
    for _ in pages:
        Watched.visits = 0
        next(steps)
        counts.append(Watched.visits)
    return counts


@pytest.mark.parametrize("how", AGGREGATES)
@pytest.mark.parametrize("groups", [1, 10_000])
def test_the_work_of_a_step_does_not_grow_with_the_window(
    monkeypatch: pytest.MonkeyPatch, how: str, groups: int
) -> None:
    def reader(query: Any) -> Any:
        return lambda found: Reading(f"g{found.offset % groups}", Watched(a=float(found.offset % 7)))

    monkeypatch.setattr(series, "reader", reader)
    start = NOON - NOON % (3600 * SECOND)
    pages = [[record(n, {}, start + n) for n in range(after + 1, after + 11)] for after in range(0, 2_000, 10)]
    made = widget("line_chart", group_by="g", range="1h", limit=20, aggregate=how)
    counts = visits(made, pages, [start + 10_000 + n for n in range(len(pages))])
    assert max(counts[3:]) <= 2 * len(pages[0])  # once for the lines, once for the points; not before it is joined


@pytest.mark.parametrize("how", ["avg", "sum", "last", "count", "rate"])
def test_a_full_window_costs_no_more(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    monkeypatch.setattr(window, "WINDOW_RECORDS", 500)
    monkeypatch.setattr(series, "reader", lambda query: lambda found: Reading("", Watched(a=float(found.offset))))
    start = NOON - NOON % (3600 * SECOND)
    pages = [[record(n, {}, start + n) for n in range(after + 1, after + 11)] for after in range(0, 2_000, 10)]
    made = widget("line_chart", range="1h", limit=20, aggregate=how)
    counts = visits(made, pages, [start + 10_000 + n for n in range(len(pages))])
    assert max(counts[3:]) <= 4 * len(pages[0])  # what comes and what goes


def test_the_last_is_the_newest_by_time_and_then_by_arrival() -> None:
    made = widget("line_chart", field="a", range="10s", limit=1, aggregate="last")
    noon = NOON - NOON % (10 * SECOND)
    moments = [5, 3, 6, 6, 4]
    shown, state = [], made.start([], noon + 9 * SECOND)
    for offset, shift in enumerate(moments, 1):
        found = page([record(offset, {"a": offset}, noon + shift * SECOND)])
        state = made.step(state, found, noon + 9 * SECOND)
        shown.append(state.points[-1][1])
    assert shown[1:] == [1, 3, 4, 4]


@pytest.mark.parametrize("query", [{"limit": 6}, {"range": "7s", "limit": 2}])
def test_of_very_many_lines_only_the_newest_are_followed(monkeypatch: pytest.MonkeyPatch, query: Any) -> None:
    monkeypatch.setattr(limits, "SERIES_PER_CHART", 1)
    monkeypatch.setattr(series, "LINES_FOLLOWED", 3)

    @settings(max_examples=100, deadline=None)
    @given(histories(groups="uvwxyz"))
    def check(history: Any) -> None:
        made = widget("line_chart", field="a", group_by="g", **query)
        for _, state, _ in followed(made, *history[1:]):
            there = [(e.order, e.value.group) for e in state.window.entries if "a" in e.value.values]
            newest = [group for _, group in sorted(there, reverse=True)]
            lines = list(dict.fromkeys(newest))
            assert [key.group for key in state.series] == lines[:1]
            assert [key.group for key in sorted(state.present.newest, key=state.present.newest.get)] == lines[2::-1]
            body = str(made.render(state))
            assert ("More than 2 more lines are not shown." in body) == (len(lines) > 3)
            assert (">2 more lines are not shown." in body) == (len(lines) == 3)

    check()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=20))
def test_sums_are_exact_in_whatever_order_they_are_taken(values: list[float]) -> None:
    found = [record(i, {"a": value}, NOON + i) for i, value in enumerate([*values, *(-v for v in values)], 1)]
    made = widget("line_chart", field="a", range="10s", limit=1, aggregate="sum")
    state = made.start([page([item]) for item in found], NOON + SECOND)
    assert [point[1] for point in state.points] in ([0, 0], [0])
