"""What people change one by one, in the browser or by the REST API: the same checks as for a document."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from livedash.base.tokens import digest, make_id
from livedash.catalog import changes
from livedash.catalog.entries import Dashboard, Pipeline, Snapshot, TokenKind
from livedash.manage.edit_sinks import SinkEditor, addressed
from livedash.manage.edit_tokens import TokenEditor
from livedash.manage.edit_widgets import WidgetEditor
from livedash.manage.editing import still_there
from livedash.manage.entries import (
    is_own,
    missing_pipelines,
    new_token,
    replace_main,
    shown_on,
    to_dashboard,
    to_pipeline,
)
from livedash.manage.faults import duplicates, parse
from livedash.manage.rights import Actor, may_administer
from livedash.manage.spec import DashboardSpec, PipelineSpec
from livedash.manage.state import SECRETS
from livedash.model import Json
from livedash.model.errors import Conflict, Fault, Invalid, NotFound

Entry = TypeVar("Entry", Pipeline, Dashboard)


@dataclass(frozen=True)
class Put:
    """A pipeline as it is now; `ingest_token` is the text of the one made for it when it is new and had none."""

    pipeline: Pipeline
    created: bool
    ingest_token: str | None = field(default=None, repr=False)


class Editor(SinkEditor, TokenEditor, WidgetEditor):
    """Changes to what is configured. Each asks the rights first: Unknown and Denied besides what it names itself.
    Pipelines and dashboards are named by slug or id; a name that is no id yet is the slug of a new one."""

    async def put_pipeline(self, actor: Actor, name: str, data: Json) -> Put:
        """Create or replace the pipeline. Tokens, `sinks` and `paused` left out stay. Raises Invalid with faults."""
        may_administer(actor)
        old = self._catalog.directory.pipeline(name)
        spec = parse(PipelineSpec, addressed(data, "slug", old.slug if old else name))
        _refuse([*duplicates(data.get("sinks"), "name", ("sinks",), "sink")])
        start = str(await self._head_of(to_pipeline(spec, old.id, old.team))) if old and spec.sinks else None
        made: list[str] = []

        def decide(snapshot: Snapshot) -> list[changes.Change]:
            old = _named(snapshot.pipelines, spec.slug)
            id, team = (old.id, old.team) if old else (make_id("pl"), snapshot.teams[0].id)
            pipeline = to_pipeline(spec, id, team)
            if old and "paused" not in spec.model_fields_set:
                pipeline = replace(pipeline, paused=old.paused)
            tokens = self._given_tokens(spec, id, snapshot)
            if old is None:
                tokens += self._missing_tokens(spec, id, made)
            sinks = self._sink_changes(spec.sinks, id, snapshot, start) if "sinks" in spec.model_fields_set else ()
            return [changes.PutPipeline(pipeline), *tokens, *sinks]

        before, after = await self._catalog.change(decide)
        [pipeline] = [each for each in after.pipelines if each.slug == spec.slug]
        return Put(pipeline, _named(before.pipelines, spec.slug) is None, next(iter(made), None))

    async def set_paused(self, actor: Actor, name: str, paused: bool) -> Pipeline:
        """It takes no records while it is `paused`. Raises NotFound."""
        may_administer(actor)
        pipeline = self._pipeline(name)

        def decide(snapshot: Snapshot) -> list[changes.Change]:
            is_already = still_there(pipeline, snapshot).paused is paused
            return [] if is_already else [changes.PausePipeline(pipeline.id, paused)]

        _, after = await self._catalog.change(decide)
        return still_there(pipeline, after)

    async def delete_pipeline(self, actor: Actor, name: str) -> Pipeline:
        """The pipeline that was deleted; its records are the caller's matter. Raises NotFound, and Conflict while a
        dashboard shows it."""
        may_administer(actor)
        pipeline = self._pipeline(name)

        def decide(snapshot: Snapshot) -> list[changes.Change]:
            if boards := shown_on(pipeline, snapshot.dashboards):
                raise Conflict(f"{pipeline.slug} is shown on {', '.join(boards)}; change or delete that first")
            return [changes.DropPipeline(pipeline.id)]

        await self._catalog.change(decide)
        return pipeline

    async def put_dashboard(self, actor: Actor, name: str, data: Json) -> tuple[Dashboard, bool]:
        """Create or replace the dashboard with all its widgets; True when it is new. Raises Invalid with faults."""
        may_administer(actor)
        old = self._catalog.directory.dashboard(name)
        spec = parse(DashboardSpec, addressed(data, "slug", old.slug if old else name))
        twice = [*duplicates(data.get("widgets"), "id", ("widgets",), "widget")]

        def decide(snapshot: Snapshot) -> list[changes.Change]:
            ids = {each: pipeline.id for pipeline in snapshot.pipelines for each in (pipeline.slug, pipeline.id)}
            _refuse([*twice, *(Fault(path, message) for path, message in missing_pipelines(spec, ids))])
            old = _named(snapshot.dashboards, spec.slug)
            id, team = (old.id, old.team) if old else (make_id("db"), snapshot.teams[0].id)
            return [changes.PutDashboard(to_dashboard(spec, id, team, ids))]

        before, after = await self._catalog.change(decide)
        [dashboard] = [each for each in after.dashboards if each.slug == spec.slug]
        return dashboard, _named(before.dashboards, spec.slug) is None

    async def delete_dashboard(self, actor: Actor, name: str) -> None:
        """Raises NotFound."""
        may_administer(actor)
        dashboard = self._catalog.directory.dashboard(name)
        if dashboard is None:
            raise NotFound(f"there is no dashboard {name!r}")
        await self._catalog.write([changes.DropDashboard(dashboard.id)])

    def _given_tokens(self, spec: PipelineSpec, pipeline: str, snapshot: Snapshot) -> list[changes.Change]:
        """Replace the pipeline's own tokens by those that `spec` gives. Raises Invalid when one is used elsewhere."""
        out: list[changes.Change] = []
        others = [token.digest for token in snapshot.tokens if not is_own(token, pipeline, token.kind)]
        for name, kind in SECRETS.items():
            if given := getattr(spec, name):
                if digest(given) in others:
                    message = "this token is used elsewhere; each needs its own"
                    raise Invalid(f"{name}: {message}", [Fault((name,), message)])
                others.append(digest(given))
                out += replace_main(snapshot, pipeline, kind, given, None, self._clock())
        return out

    def _missing_tokens(self, spec: PipelineSpec, pipeline: str, made: list[str]) -> list[changes.Change]:
        """The tokens of a new pipeline that `spec` does not give; the text of an ingest token goes to `made`."""
        out: list[changes.Change] = []
        for name, kind in SECRETS.items():
            if not getattr(spec, name):
                token, text = new_token(kind, pipeline, self._clock(), main=True)
                out.append(changes.PutToken(token))
                made += [text] if kind is TokenKind.INGEST else []
        return out


def _named(entries: Iterable[Entry], slug: str) -> Entry | None:
    return next((each for each in entries if each.slug == slug), None)


def _refuse(faults: Sequence[Fault]) -> None:
    if faults:
        raise Invalid("; ".join(fault.message for fault in faults), faults)
