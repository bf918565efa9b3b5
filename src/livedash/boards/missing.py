"""What stands where a widget's pipeline does not exist."""

from collections.abc import Iterable
from typing import ClassVar

from markupsafe import Markup
from pydantic import BaseModel

from livedash.boards.query import Query
from livedash.boards.widget import Delta
from livedash.model import Json, Page


class Missing:
    """Says which pipeline is missing; never changes."""

    Config: ClassVar[type[BaseModel]] = BaseModel

    def __init__(self, pipeline: str) -> None:
        self.query = Query(pipeline=pipeline)

    def start(self, history: Iterable[Page], now: int) -> None:
        return None

    def step(self, state: None, page: Page, now: int) -> None:
        return None

    def render(self, state: None) -> Markup:
        text = '<p class="widget-empty">There is no pipeline <code>{}</code>. Create it, or change this widget.</p>'
        return Markup(text).format(self.query.pipeline)

    def diff(self, old: None, new: None) -> Delta | None:
        return None

    def rows(self, state: None) -> tuple[list[str], list[list[Json]]]:
        return [], []
