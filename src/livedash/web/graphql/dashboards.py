"""Dashboards, their widgets, and what the widgets show."""

import strawberry
from strawberry import ID, Info

from livedash.catalog import entries
from livedash.web.graphql.context import Context
from livedash.web.graphql.pipelines import Named
from livedash.web.graphql.scalars import JSON, Long


@strawberry.type(description="A place on the grid of 12 columns, from the top left.")
class Position:
    x: int
    y: int
    w: int
    h: int


@strawberry.type(description="What a widget shows, as its `.json` and `.csv` give it.")
class WidgetData:
    columns: list[str]
    rows: list[list[JSON | None]]


@strawberry.type(description="One picture on a dashboard.")
class Widget:
    id: ID
    type: str
    config: JSON
    query: JSON
    position: Position
    dashboard: strawberry.Private[entries.Dashboard]

    @strawberry.field(description="What it shows now")
    async def data(self, info: Info[Context, None]) -> WidgetData:
        board = await info.context.board(self.dashboard)
        columns, rows = board.rows(self.id)
        return WidgetData(columns=columns, rows=[[JSON(value) for value in row] for row in rows])

    @classmethod
    def of(cls, dashboard: entries.Dashboard, entry: entries.Widget) -> "Widget":
        return cls(
            id=ID(entry.id),
            type=entry.type,
            config=JSON(entry.config),
            query=JSON(entry.query),
            position=Position(**entry.position),
            dashboard=dashboard,
        )


@strawberry.type(description="A page at `/d/{slug}`.")
class Dashboard:
    id: ID
    slug: str
    title: str
    is_public: bool
    revision: Long
    widgets: list[Widget] = strawberry.field(description="In reading order")

    @classmethod
    def of(cls, entry: entries.Dashboard) -> "Dashboard":
        return cls(
            id=ID(entry.id),
            slug=entry.slug,
            title=entry.title,
            is_public=entry.is_public,
            revision=Long(entry.revision),
            widgets=[Widget.of(entry, each) for each in entry.widgets],
        )


def dashboards(info: Info[Context, None]) -> list[Dashboard]:
    info.context.administer()
    return [Dashboard.of(each) for each in info.context.parts.directory.dashboards()]


def dashboard(info: Info[Context, None], slug: Named) -> Dashboard:
    return Dashboard.of(info.context.view(slug))
