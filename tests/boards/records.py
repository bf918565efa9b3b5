"""Records, pages and widgets for the tests of boards; and a client that follows what a board sends."""

import html
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from livedash.boards.query import Query
from livedash.boards.widget import Delta, View, Widget
from livedash.boards.widgets import make
from livedash.model import Draft, Page, Record
from livedash.model.record import metrics_of

SECOND = 1_000_000
NOON = 1_700_000_000 * SECOND


def record(offset: int, data: dict[str, Any], timestamp: int | None = None) -> Record:
    moment = NOON + offset * SECOND if timestamp is None else timestamp
    return Record(offset, moment, Draft.encode(data, metrics_of(data), moment).body)


def records(*data: dict[str, Any]) -> list[Record]:
    """Offsets from 1, a second apart from NOON + 1 s on."""
    return [record(offset, item) for offset, item in enumerate(data, 1)]


def page(found: Sequence[Record], epoch: str = "life1", after: int = 0) -> Page:
    after = found[0].offset - 1 if found else after
    return Page("p", epoch, after, tuple(found), found[-1].offset if found else after)


def widget(type: str, config: dict[str, Any] | None = None, id: str = "w1", **query: Any) -> Widget[Any]:
    return make(type, config or {}, View(id, Query(pipeline="p", **query), ZoneInfo("UTC")))


def shown(made: Widget[Any], found: Sequence[Record], now: int = NOON + 3600 * SECOND) -> str:
    return str(made.render(made.start([page(found)], now)))


class Client:
    """What a browser does with the events of one widget."""

    def __init__(self, body: str) -> None:
        self.load(body)

    def load(self, body: str) -> None:
        self.body = body
        self.chart = chart(body)

    @property
    def picture(self) -> Any:
        """The chart, or the whole body; the time axis of a chart that says that it is empty is no matter."""
        if self.chart and not any(dataset["data"] for dataset in self.chart["data"]["datasets"]):
            return self.chart["type"], self.chart["data"]
        return self.chart or self.body

    def apply(self, delta: Delta | None) -> None:
        if delta is None:
            return
        if delta.body is not None:
            self.load(str(delta.body))
        if delta.chart is not None:
            self._update(delta.chart)

    def _update(self, event: Any) -> None:
        event = json.loads(json.dumps(event))
        for dataset, values in zip(self.chart["data"]["datasets"], event["data"], strict=True):
            points = [{"x": x, "y": y} for x, y in zip(event["labels"], values, strict=True)]
            joined = dataset["data"] + points if event["append"] else points
            dataset["data"] = joined[max(len(joined) - event["window"], 0) :]
        if "from" in event:
            self.chart["options"]["scales"]["x"] |= {"min": event["from"], "max": event["to"]}


def chart(body: str) -> Any:
    """The Chart.js settings in a body, None where there is no chart; without `window`, which follows the points."""
    match = re.search(r'data-chart-config="([^"]*)"', body)
    if match is None:
        return None
    settings = json.loads(html.unescape(match[1]))
    settings["options"]["plugins"]["livedash"].pop("window")
    return settings


def picture(made: Widget[Any], state: Any) -> Any:
    """What a viewer sees: the chart, or the whole body."""
    return Client(str(made.render(state))).picture


@st.composite
def histories(draw: st.DrawFn, groups: str = "xyz") -> tuple[list[Record], list[list[Record]], list[int]]:
    """Records out of order in time, a split of them into pages, and the moment of each page, rising."""
    values = st.none() | st.integers(-5, 5) | st.floats(-1e9, 1e9) | st.sampled_from(["<b>", True, [1], {"x": 1}])
    data = st.fixed_dictionaries({}, optional={"a": values, "b": values, "g": st.sampled_from(groups), "c.d": values})
    items = draw(st.lists(st.tuples(data, st.integers(-40, 60)), max_size=30))
    found = [record(offset, item, NOON + shift * SECOND // 2) for offset, (item, shift) in enumerate(items, 1)]
    cuts = sorted(draw(st.lists(st.integers(0, len(found)), max_size=6)))
    pages = [found[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(found)], strict=True)]
    steps = draw(st.lists(st.integers(0, 8), min_size=len(pages), max_size=len(pages)))
    moments = [NOON + sum(steps[: index + 1]) * SECOND for index in range(len(pages))]
    return found, pages, moments


def followed(made: Widget[Any], pages: list[list[Record]], moments: list[int]) -> Iterator[tuple[Any, Any, int]]:
    """(old state, new state, moment) of every step."""
    state = made.start([], moments[0])
    after = 0
    for found, now in zip(pages, moments, strict=True):
        next_page = page(found, after=after)
        new = made.step(state, next_page, now)
        yield state, new, now
        state, after = new, next_page.last
