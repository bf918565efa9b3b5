"""What a widget is: a pure fold over pages, and how its picture changes. No I/O, no clock of its own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar
from zoneinfo import ZoneInfo

from markupsafe import Markup
from pydantic import BaseModel

from livedash.boards.query import Query
from livedash.model import Json, Page

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Delta:
    """What viewers need to get from one state to the next: a new inside of `.widget-body`, an `update-chart`
    event, or both. `chart` is `{"labels": [epoch ms…], "data": [[…] per series], "append": bool, "window": n}`;
    the board adds "widget" and "version"."""

    body: Markup | None = None
    chart: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class View:
    """How one widget is looked at: its id, its validated query (a viewer's range already applied) and time zone."""

    id: str
    query: Query
    tz: ZoneInfo


class Widget(Protocol[S]):
    """One widget type: made for a view, then folded. `now` is microseconds since 1970.

    Pages come in offset order. Where the query has no range, a page may skip records, but then it holds at least
    the newest `query.limit` of them. States are immutable values or treated as such: `diff` sees both.
    """

    Config: ClassVar[type[BaseModel]]  # settings with `type` tag, examples and help
    query: Query  # what it looks at, with the defaults of its type

    def start(self, history: Iterable[Page], now: int) -> S:
        """The state after `history`, oldest first."""
        ...

    def step(self, state: S, page: Page, now: int) -> S:
        """The state after one more page; an empty page means that only time passed (windows and rates move)."""
        ...

    def render(self, state: S) -> Markup:
        """The whole inside of `.widget-body`, for first paint and resynchronising."""
        ...

    def diff(self, old: S, new: S) -> Delta | None:
        """What viewers of `old` need to see `new`; None when nothing changed."""
        ...

    def rows(self, state: S) -> tuple[list[str], list[list[Json]]]:
        """Column names and rows of the picture's data, for `.json`, `.csv` and the hidden table of a chart."""
        ...
