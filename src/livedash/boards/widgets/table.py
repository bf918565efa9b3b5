"""Records as rows."""

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from functools import cached_property
from operator import itemgetter
from typing import ClassVar, Literal, NamedTuple

from markupsafe import Markup, escape
from pydantic import BaseModel, ConfigDict, Field

from livedash.base import limits
from livedash.boards import format
from livedash.boards.format import Format
from livedash.boards.values import number, text
from livedash.boards.widget import Delta, View
from livedash.boards.window import Window, Windows
from livedash.model import Json, Page, Record
from livedash.model.record import field, iso

COLUMNS = 30  # more do not fit on a screen
FOUND_COLUMNS = 8  # when nobody chose them

_CELL, _NUMBER_CELL, _END = Markup("<td>"), Markup('<td class="number">'), Markup("</td>")


class Column(BaseModel):
    """One column of a table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: str = Field(min_length=1, max_length=500, description="Path in data; also `timestamp` and `offset`")
    label: str | None = Field(default=None, max_length=200, description="Heading; otherwise the path")
    format: Format | None = Field(default=None, description="How values are written", examples=["bytes"])
    decimals: int | None = Field(default=None, ge=0, le=10, description="Digits after the point")
    unit: str | None = Field(default=None, max_length=30, description="Unit of numbers", examples=["celsius"])


class Order(BaseModel):
    """Rows ordered by a field; rows without it come last."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: str = Field(min_length=1, max_length=500, description="Path in data; also `timestamp` and `offset`")
    direction: Literal["asc", "desc"] = Field(default="asc", description="Smallest or largest first")


class TableConfig(BaseModel):
    """The newest `limit` records of the query as rows, at most 500."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["table"] = "table"
    title: str | None = Field(default=None, max_length=200, description="Heading", examples=["Days"])
    fields: tuple[str | Column, ...] = Field(
        default=(),
        max_length=COLUMNS,
        description="Columns, as paths or with a label and a format; otherwise the fields of the query, or the first "
        f"{FOUND_COLUMNS} keys of the newest record",
        examples=[["date", {"field": "temp_max", "label": "High", "unit": "celsius"}]],
    )
    order: Literal["newest", "oldest"] | Order = Field(
        default="newest", description="Which row is first", examples=[{"field": "temp_max", "direction": "desc"}]
    )


class Row:
    """A record and its HTML, which is kept as long as the columns stay the same."""

    __slots__ = ("_columns", "_html", "record")

    def __init__(self, record: Record) -> None:
        self.record = record
        self._columns: Sequence[Column] | None = None
        self._html = Markup("")

    def html(self, columns: Sequence[Column], zone: tzinfo) -> Markup:
        if self._columns is not columns and self._columns != columns:
            cells = Markup("").join(_cell(self.record, column, zone) for column in columns)
            self._columns, self._html = columns, Markup("<tr>") + cells + Markup("</tr>")
        return self._html


class Body:
    """What a table shows: columns and rows in order. Its HTML is made once, when first asked for."""

    def __init__(self, columns: Sequence[Column], rows: Sequence[Row], zone: tzinfo) -> None:
        self.columns = columns
        self.rows = rows
        self._zone = zone

    @cached_property
    def html(self) -> Markup:
        heads = Markup("").join(_head(column, self.rows) for column in self.columns)
        rows = Markup("").join(row.html(self.columns, self._zone) for row in self.rows)
        note = Markup("") if self.rows else Markup('<p class="widget-empty">No records yet.</p>')
        table = '<table class="data-table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>{}'
        return Markup(table).format(heads, rows, note)


class State(NamedTuple):
    window: Window
    body: Body


class Table:
    """The newest records of a window; the whole table is sent when something in it changed."""

    TYPE: ClassVar[str] = "table"
    Config: ClassVar[type[BaseModel]] = TableConfig

    def __init__(self, config: TableConfig, view: View) -> None:
        self._order = config.order
        self._zone = view.tz
        chosen = config.fields or view.query.fields
        self._columns = tuple(Column(field=item) if isinstance(item, str) else item for item in chosen)
        limit = min(view.query.limit, limits.TABLE_ROWS)
        self.query = view.query.model_copy(update={"limit": limit})
        self._windows = Windows(self.query, Row, capacity=limit)

    def start(self, history: Iterable[Page], now: int) -> State:
        state = State(Window(), self._body([]))
        for page in history:
            state = self.step(state, page, now)
        return state

    def step(self, state: State, page: Page, now: int) -> State:
        window = self._windows.slide(state.window, page, now).window
        if window.entries is state.window.entries:
            return State(window, state.body)
        return State(window, self._body([entry.value for entry in window.entries]))

    def render(self, state: State) -> Markup:
        return state.body.html

    def diff(self, old: State, new: State) -> Delta | None:
        same = old.body is new.body or old.body.html == new.body.html
        return None if same else Delta(body=new.body.html)

    def rows(self, state: State) -> tuple[list[str], list[list[Json]]]:
        columns, rows = state.body.columns, state.body.rows
        return [column.field for column in columns], [[_value(row.record, c.field) for c in columns] for row in rows]

    def _body(self, rows: list[Row]) -> Body:
        """`rows` come oldest first."""
        found = list(rows[-1].record.data)[:FOUND_COLUMNS] if rows and not self._columns else []
        columns = self._columns or tuple(Column.model_construct(field=key) for key in found)
        return Body(columns, self._ordered(rows), self._zone)

    def _ordered(self, rows: list[Row]) -> list[Row]:
        order = self._order
        if isinstance(order, str):
            return rows if order == "oldest" else rows[::-1]
        values = [(_value(row.record, order.field), row) for row in reversed(rows)]
        known = [(_rank(value), row) for value, row in values if value is not None]
        known.sort(key=itemgetter(0), reverse=order.direction == "desc")
        return [row for _, row in known] + [row for value, row in values if value is None]


def _value(record: Record, path: str) -> Json:
    """The value at `path` in data, else the record's own timestamp or offset."""
    value = field(record.data, path)
    if value is None and path in ("timestamp", "offset") and path not in record.data:
        return iso(record.timestamp) if path == "timestamp" else record.offset
    return value


def _rank(value: Json) -> tuple[bool, int | float, str]:
    """Numbers before everything else, which goes by its text."""
    amount = number(value)
    return (False, amount, "") if amount is not None else (True, 0, text(value))


def _cell(record: Record, column: Column, zone: tzinfo) -> Markup:
    value = _value(record, column.field)
    kind = column.format
    if kind is None and column.field == "timestamp" and "timestamp" not in record.data:
        kind = "time"
    shown = format.cell(value, kind, column.decimals, column.unit, zone)
    start = _NUMBER_CELL if number(value) is not None else _CELL
    return start + escape(shown) + _END  # a third of the time of format(), and cells are many


def _head(column: Column, rows: Sequence[Row]) -> Markup:
    """A heading stands over numbers to the right as well; the first row that has a value tells."""
    values = (_value(row.record, column.field) for row in rows)
    numeric = number(next((value for value in values if value is not None), None)) is not None
    head = '<th scope="col" class="number">{}</th>' if numeric else '<th scope="col">{}</th>'
    return Markup(head).format(column.label or column.field)
