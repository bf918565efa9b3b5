"""Widgets, changed one by one: the rest of their dashboard stays as it is."""

from collections.abc import Callable
from dataclasses import replace

from livedash.base import limits
from livedash.catalog import changes
from livedash.catalog.entries import Dashboard, Snapshot, Widget
from livedash.manage.edit_sinks import addressed
from livedash.manage.editing import Editing
from livedash.manage.entries import to_widget
from livedash.manage.faults import parse
from livedash.manage.rights import Actor, may_administer
from livedash.manage.spec import WidgetSpec
from livedash.model import Json
from livedash.model.errors import Fault, Invalid, NotFound


class WidgetEditor(Editing):
    """Changes to widgets, which are named by their id on their dashboard."""

    async def put_widget(self, actor: Actor, dashboard: str, id: str, data: Json) -> tuple[Dashboard, bool]:
        """Create or replace the widget; the dashboard with it, and True when it is new. Raises NotFound, Invalid with
        faults."""
        may_administer(actor)
        spec = parse(WidgetSpec, addressed(data, "id", id))

        def decide(snapshot: Snapshot, widgets: dict[str, Widget]) -> dict[str, Widget]:
            known = {name for each in snapshot.pipelines for name in (each.slug, each.id)}
            if spec.query.pipeline not in known:
                message = f"there is no pipeline {spec.query.pipeline!r}"
                raise Invalid(message, [Fault(("query", "pipeline"), message)])
            if id not in widgets and len(widgets) >= limits.WIDGETS_PER_DASHBOARD:
                raise Invalid(f"a dashboard has at most {limits.WIDGETS_PER_DASHBOARD} widgets")
            return {**widgets, id: to_widget(spec)}

        before, after = await self._changed(dashboard, decide)
        return after, not any(each.id == id for each in before.widgets)

    async def delete_widget(self, actor: Actor, dashboard: str, id: str) -> Dashboard:
        """The dashboard without it. Raises NotFound."""
        may_administer(actor)

        def decide(_: Snapshot, widgets: dict[str, Widget]) -> dict[str, Widget]:
            if id not in widgets:
                raise NotFound(f"there is no widget {id!r} on {dashboard}")
            return {name: each for name, each in widgets.items() if name != id}

        return (await self._changed(dashboard, decide))[1]

    async def _changed(
        self, name: str, decide: Callable[[Snapshot, dict[str, Widget]], dict[str, Widget]]
    ) -> tuple[Dashboard, Dashboard]:
        """The dashboard before and after; `decide` is given its widgets by id."""
        found: list[Dashboard] = []

        def change(snapshot: Snapshot) -> list[changes.Change]:
            before = next((each for each in snapshot.dashboards if name in (each.id, each.slug)), None)
            if before is None:
                raise NotFound(f"there is no dashboard {name!r}")
            found.append(before)
            widgets = decide(snapshot, {each.id: each for each in before.widgets})
            return [changes.PutDashboard(replace(before, widgets=tuple(widgets.values())))]

        _, after = await self._catalog.change(change)
        [dashboard] = [each for each in after.dashboards if each.id == found[0].id]
        return found[0], dashboard
