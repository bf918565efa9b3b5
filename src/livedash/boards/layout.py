"""From what is configured to what a board is made of."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from livedash.boards.board import Cell
from livedash.boards.feed import Feed
from livedash.boards.missing import Missing
from livedash.boards.query import Query
from livedash.boards.settings import ViewerSettings
from livedash.boards.widget import View, Widget
from livedash.boards.widgets import make
from livedash.catalog.directory import Directory
from livedash.catalog.entries import Dashboard
from livedash.catalog.entries import Widget as Entry
from livedash.stream.tail import Tails

_FRAME = Markup(
    '<div class="widget x-{x} y-{y} w-{w} h-{h}" id="widget-{id}" data-widget-id="{id}" data-type="{type}">'
    '<div class="widget-header"><h3>{title}</h3></div><div class="widget-body">{body}</div></div>'
)


async def cells_of(
    dashboard: Dashboard, settings: ViewerSettings, directory: Directory, tails: Tails
) -> Sequence[Cell]:
    """The cells of a board, in reading order; widgets of one pipeline share its feed."""
    ordered = sorted(dashboard.widgets, key=lambda w: (w.position["y"], w.position["x"]))
    made = [(widget, _made(widget, settings, directory)) for widget in ordered]
    feeds: dict[str, Feed] = {}
    for name in {each.query.pipeline for _, each in made}:
        if pipeline := directory.pipeline(name):
            feeds[name] = Feed(
                await tails.of(pipeline), [each.query for _, each in made if each.query.pipeline == name]
            )
    return [Cell(widget.id, _frame(widget), each, feeds.get(each.query.pipeline)) for widget, each in made]


def _made(widget: Entry, settings: ViewerSettings, directory: Directory) -> Widget[Any]:
    query = settings.apply(Query.model_validate(widget.query))
    if directory.pipeline(query.pipeline) is None:
        return Missing(query.pipeline)
    return make(widget.type, widget.config, View(widget.id, query, settings.zone))


def _frame(widget: Entry) -> Markup:
    """The widget's outside; what people wrote is escaped, and its braces are doubled for the second format."""
    title = widget.config.get("title") or "Untitled Widget"
    text = _FRAME.format(**widget.position, id=widget.id, type=widget.type, title=title, body="\0")
    before, _, after = text.replace("{", "{{").replace("}", "}}").rpartition("\0")  # a title may hold one too
    return Markup(before + "{}" + after)
