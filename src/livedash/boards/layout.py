"""From what is configured to what a board is made of."""

from collections.abc import Sequence

from markupsafe import Markup

from livedash.boards.board import Cell
from livedash.boards.feed import Feed
from livedash.boards.missing import Missing
from livedash.boards.query import Query
from livedash.boards.settings import ViewerSettings
from livedash.boards.widget import View
from livedash.boards.widgets import make
from livedash.catalog.directory import Directory
from livedash.catalog.entries import Dashboard, Widget
from livedash.stream.tail import Tails

_FRAME = Markup(
    '<div class="widget x-{x} y-{y} w-{w} h-{h}" id="widget-{id}" data-widget-id="{id}" data-type="{type}">'
    '<div class="widget-header"><h3>{title}</h3></div><div class="widget-body">{body}</div></div>'
)


async def cells_of(
    dashboard: Dashboard, settings: ViewerSettings, directory: Directory, tails: Tails
) -> Sequence[Cell]:
    """The cells of a board, in reading order; widgets of one pipeline share its feed."""
    queries = {w.id: settings.apply(Query.model_validate(w.query)) for w in dashboard.widgets}
    feeds: dict[str, Feed] = {}
    for name in {query.pipeline for query in queries.values()}:
        if pipeline := directory.pipeline(name):
            wanted = [query for query in queries.values() if query.pipeline == name]
            feeds[name] = Feed(await tails.of(pipeline), wanted)
    ordered = sorted(dashboard.widgets, key=lambda w: (w.position["y"], w.position["x"]))
    return [_cell(widget, queries[widget.id], feeds.get(queries[widget.id].pipeline), settings) for widget in ordered]


def _cell(widget: Widget, query: Query, feed: Feed | None, settings: ViewerSettings) -> Cell:
    if feed is None:
        return Cell(widget.id, _frame(widget), Missing(query.pipeline), None)
    made = make(widget.type, widget.config, View(widget.id, query, settings.zone))
    return Cell(widget.id, _frame(widget), made, feed)


def _frame(widget: Widget) -> Markup:
    """The widget's outside; what people wrote is escaped, and its braces are doubled for the second format."""
    title = widget.config.get("title") or "Untitled Widget"
    text = _FRAME.format(**widget.position, id=widget.id, type=widget.type, title=title, body="\0")
    return Markup(text.replace("{", "{{").replace("}", "}}").replace("\0", "{}"))
