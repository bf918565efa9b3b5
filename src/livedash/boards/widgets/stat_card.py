"""One value, large."""

from collections.abc import Iterable
from functools import cached_property
from operator import attrgetter
from typing import ClassVar, Literal

from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field

from livedash.boards import format, svg
from livedash.boards.query import Query
from livedash.boards.totals import EXTREMES, Totals, extreme, numbers
from livedash.boards.values import number, text
from livedash.boards.widget import Delta, View
from livedash.boards.window import SECOND, WINDOW_RECORDS, Entry, Window, Windows
from livedash.model import Json, Page, Record
from livedash.model.errors import Fault, Invalid
from livedash.model.record import field

RATE_RANGE = "60s"  # long enough to be calm, short enough to see a change
SPARKLINE_POINTS = 60


class Threshold(BaseModel):
    """From `value` on the card is of this level; the largest value that is reached counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float = Field(description="Smallest value of the level", examples=[90])
    level: Literal["ok", "warning", "critical"] = Field(description="How serious it is")


class StatCardConfig(BaseModel):
    """One value: `aggregate` (last) of the query's field over its range, else over its newest `limit` records.
    `rate` is records per second over the range (60 s)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["stat_card"] = "stat_card"
    title: str | None = Field(default=None, max_length=200, description="Heading", examples=["Wind"])
    label: str | None = Field(
        default=None, max_length=200, description="Text below the value; otherwise the field", examples=["m/s"]
    )
    unit: str | None = Field(
        default=None,
        max_length=30,
        description="Unit of the value: celsius, percent, bytes, bytes/s, seconds, or any text",
        examples=["celsius"],
    )
    decimals: int | None = Field(default=None, ge=0, le=10, description="Digits after the point; otherwise as needed")
    delta: bool | Literal["previous", "start"] = Field(
        default=False,
        description="How far the newest number is from the one before it (previous, or true) or "
        "from the oldest (start)",
    )
    sparkline: bool = Field(default=False, description="Draw the numbers of the field as a small line")
    thresholds: tuple[Threshold, ...] = Field(
        default=(),
        max_length=10,
        description="Levels by value, shown as colour and mark",
        examples=[[{"value": 80, "level": "warning"}, {"value": 95, "level": "critical"}]],
    )


class State:
    """What a card shows; its HTML is made once, when first asked for."""

    def __init__(
        self, card: "StatCard", window: Window, totals: Totals, peak: int | float | None, crowded: bool
    ) -> None:
        self.window = window
        self.totals = totals
        self.peak = peak  # the least or largest, for cards that show it
        self.crowded = crowded
        self._card = card

    @cached_property
    def html(self) -> Markup:
        return self._card.html(self)


class StatCard:
    """A value that is folded as records come and go."""

    TYPE: ClassVar[str] = "stat_card"
    Config: ClassVar[type[BaseModel]] = StatCardConfig

    def __init__(self, config: StatCardConfig, view: View) -> None:
        self._config = config
        self.query = _with_defaults(view.query)
        self._how = self.query.aggregate or "last"
        self._windows = Windows(self.query, self._read)

    def start(self, history: Iterable[Page], now: int) -> State:
        state = State(self, Window(), Totals(), None, crowded=False)
        for page in history:
            state = self.step(state, page, now)
        return state

    def step(self, state: State, page: Page, now: int) -> State:
        window, added, dropped = self._windows.slide(state.window, page, now)
        totals, peak = state.totals, state.peak
        if added or dropped:
            totals = totals.after(added, dropped)
            if pick := EXTREMES.get(self._how):
                peak = extreme(pick, peak, window.entries, added, dropped)
        return State(self, window, totals, peak, self._windows.crowded(window, now))

    def render(self, state: State) -> Markup:
        return state.html

    def diff(self, old: State, new: State) -> Delta | None:
        return None if old is new or old.html == new.html else Delta(body=new.html)

    def rows(self, state: State) -> tuple[list[str], list[list[Json]]]:
        names = ["field", "aggregate", "value"]
        return names, [[self.query.field, self._how, self._value(state)]]

    def html(self, state: State) -> Markup:
        """The inside of the widget."""
        value = self._value(state)
        card = '<div class="stat-card" data-level="{}">{}{}{}{}</div>{}'
        return Markup(card).format(
            self._level(number(value)),
            Markup('<div class="stat-value">{}</div>').format(self._text(value)),
            Markup('<div class="stat-label">{}</div>').format(self._label()),
            self._delta(state.window.entries),
            self._sparkline(state.window.entries),
            _CROWDED.format(WINDOW_RECORDS) if state.crowded else "",
        )

    def _read(self, record: Record) -> Json:
        return field(record.data, self.query.field) if self.query.field else True

    def _value(self, state: State) -> Json:
        how, totals = self._how, state.totals
        if how == "last":
            return _newest(state.window.entries) if totals.present else None
        if how == "rate":
            return totals.present * SECOND / (self._windows.span or SECOND)
        if how in EXTREMES:
            return state.peak
        return {"count": totals.present, "sum": totals.sum, "avg": totals.avg}[how]

    def _text(self, value: Json) -> str:
        amount = number(value)
        if amount is None:
            return format.NOTHING if value is None else text(value)
        return format.quantity(amount, self._config.unit, self._config.decimals)

    def _label(self) -> str:
        return self._config.label or self.query.field or ("records/s" if self._how == "rate" else "records")

    def _level(self, value: int | float | None) -> str:
        reached = [t for t in self._config.thresholds if value is not None and value >= t.value]
        return max(reached, key=lambda threshold: threshold.value).level if reached else "ok"

    def _delta(self, entries: list[Entry]) -> Markup:
        if not self._config.delta:
            return Markup("")
        newest = numbers(reversed(entries))
        value = next(newest, None)
        reference = next(numbers(entries), None) if self._config.delta == "start" else next(newest, None)
        if value is None or reference is None:
            return Markup("")
        change = value - reference
        direction = "up" if change > 0 else "down" if change < 0 else "flat"
        shown = ("+" if change > 0 else "") + format.quantity(change, self._config.unit, self._config.decimals)
        return Markup('<div class="stat-delta" data-direction="{}">{}</div>').format(direction, shown)

    def _sparkline(self, entries: list[Entry]) -> Markup:
        if not self._config.sparkline:
            return Markup("")
        step = -(-len(entries) // SPARKLINE_POINTS) or 1
        some = sorted(entries[(len(entries) - 1) % step :: step] if entries else [], key=attrgetter("timestamp"))
        return svg.lines([[(entry.timestamp, number(entry.value)) for entry in some]], css="sparkline")


_CROWDED = Markup('<p class="widget-note">Of the newest {:,} records of the range.</p>')


def _with_defaults(query: Query) -> Query:
    """A card needs a field, unless it counts records; a rate needs a time. Raises Invalid."""
    if query.field is None and len(query.fields) == 1:
        query = query.model_copy(update={"field": query.fields[0]})
    if query.field is None and query.aggregate not in ("count", "rate"):
        message = "a stat card needs `field`, unless its aggregate is count or rate"
        raise Invalid(message, [Fault(("query", "field"), message)])
    if query.aggregate == "rate" and query.range is None:
        return query.model_copy(update={"range": RATE_RANGE})
    return query


def _newest(entries: list[Entry]) -> Json:
    return next(entry.value for entry in reversed(entries) if entry.value is not None)
