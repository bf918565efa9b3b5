"""Carry out a plan."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from livedash.base.tokens import make_id
from livedash.catalog import changes
from livedash.catalog.catalog import Catalog
from livedash.catalog.entries import Snapshot
from livedash.manage.entries import new_token, replace_main, to_dashboard, to_pipeline
from livedash.manage.plan import Plan, spec_of
from livedash.manage.rights import Actor, may_administer
from livedash.manage.sides import texts_of
from livedash.manage.sinks import HeadOf, to_sink
from livedash.manage.spec import DashboardSpec, PipelineSpec
from livedash.manage.state import SECRETS, dashboard_key, parent_of, pipeline_key, references_of, sink_key
from livedash.model import Clock
from livedash.model.errors import Conflict

S = TypeVar("S", PipelineSpec, DashboardSpec)


@dataclass(frozen=True)
class Applied:
    """What was done. `made_tokens` are the texts of ingest tokens that were made, by the pipeline's slug: they
    cannot be shown again."""

    plan: Plan
    revision: int
    made_tokens: Mapping[str, str] = field(default_factory=dict, repr=False)


async def apply(catalog: Catalog, actor: Actor, plan: Plan, clock: Clock, head_of: HeadOf) -> Applied:
    """Carry out `plan` whole or not at all. What is in conflict stays as it is. Raises Conflict when something was
    changed since the plan was made, Unknown or Denied, StorageError."""
    may_administer(actor)
    if catalog.snapshot.revision != plan.revision:
        raise Conflict("the configuration was changed since the plan was made; plan again")
    if plan.empty and not plan.remembers:
        return Applied(plan, plan.revision)
    starts = await _starts(plan, catalog.snapshot, head_of)
    writes = _Writes(plan, catalog.snapshot, clock(), starts)
    snapshot = await catalog.write(writes.all(), expected=plan.revision)
    return Applied(plan, snapshot.revision, writes.made)


async def _starts(plan: Plan, snapshot: Snapshot, head_of: HeadOf) -> dict[str, str]:
    """Where new sinks begin, by the id of a pipeline that was there before."""
    parents = {parent_of(change.key) for change in plan.changes if change.action == "create"}
    starts: dict[str, str] = {}
    for each in snapshot.pipelines:
        if (key := pipeline_key(each.slug)) in parents:
            becomes = replace(each, persist=plan.wanted[key]["persist"])  # which log it will be
            starts[each.id] = str(await head_of(becomes))
    return starts


class _Writes:
    """A plan as changes to the catalog."""

    def __init__(self, plan: Plan, snapshot: Snapshot, now: int, starts: Mapping[str, str]) -> None:
        self.made: dict[str, str] = {}
        self._plan = plan
        self._snapshot = snapshot
        self._now = now
        self._starts = starts
        self._texts = texts_of(snapshot) | plan.texts
        changed = {change.key for change in plan.changes if change.action != "unchanged"}
        self._pipelines = {key for key in changed if key.startswith("pipelines.") and parent_of(key) is None}
        self._sinks = {key for key in changed if key.startswith("pipelines.") and parent_of(key) is not None}
        self._dashboards = {parent_of(key) or key for key in changed if key.startswith("dashboards.")}
        slugs = [key.split(".")[1] for key in plan.wanted if key.startswith("pipelines.")]
        self._ids = {each.slug: each.id for each in snapshot.pipelines}
        self._ids |= {slug: make_id("pl") for slug in slugs if slug not in self._ids}

    def all(self) -> list[changes.Change]:
        """In an order that the store can take: what gives a name free comes before what takes it."""
        pipelines = [change for spec in self._specs(PipelineSpec, self._pipelines) for change in self._pipeline(spec)]
        drops = [change for change in pipelines if isinstance(change, changes.DropToken)]
        puts = [change for change in pipelines if not isinstance(change, changes.DropToken)]
        said = changes.PutApplied(self._plan.source, self._plan.said or None)
        return [*drops, *puts, *self._sink_puts(), *self._dashboard_puts(), *self._gone(), said]

    def _specs(self, kind: type[S], keys: Iterable[str | None]) -> Iterator[S]:
        """Those of `keys` that are wanted."""
        for key in sorted(self._plan.wanted.keys() & keys):
            if isinstance(spec := spec_of(self._plan.wanted, key, self._texts), kind):
                yield spec

    def _pipeline(self, spec: PipelineSpec) -> Iterator[changes.Change]:
        id = self._ids[spec.slug]
        old = next((each for each in self._snapshot.pipelines if each.id == id), None)
        yield changes.PutPipeline(to_pipeline(spec, id, old.team if old else self._plan.team))
        for name, kind in SECRETS.items():
            token = self._plan.wanted[pipeline_key(spec.slug)].get(name)
            if token is not None and token["digest"] in self._plan.texts:
                text = self._plan.texts[token["digest"]]
                yield from replace_main(self._snapshot, id, kind, text, token["reference"], self._now)
            elif old is None:
                made, text = new_token(kind, id, self._now, main=True)
                yield changes.PutToken(made)
                if name == "ingest_token":
                    self.made[spec.slug] = text

    def _sink_puts(self) -> Iterator[changes.Change]:
        there = {(each.pipeline, each.name): each for each in self._snapshot.sinks}
        for spec in self._specs(PipelineSpec, map(parent_of, self._sinks)):
            id = self._ids[spec.slug]
            for sink in spec.sinks:
                if (key := sink_key(spec.slug, sink.name)) in self._sinks:
                    references = references_of(self._plan.wanted[key])
                    old, start = there.get((id, sink.name)), self._starts.get(id)
                    yield changes.PutSink(to_sink(sink, id, old, start=start, now=self._now, references=references))

    def _dashboard_puts(self) -> Iterator[changes.Change]:
        ids = {each.slug: each for each in self._snapshot.dashboards}
        names = self._ids | {id: id for id in self._ids.values()}
        for spec in self._specs(DashboardSpec, self._dashboards):
            old = ids.get(spec.slug)
            id, team = (old.id, old.team) if old else (make_id("db"), self._plan.team)
            yield changes.PutDashboard(to_dashboard(spec, id, team, names))

    def _gone(self) -> Iterator[changes.Change]:
        for dashboard in self._snapshot.dashboards:
            if dashboard_key(dashboard.slug) not in self._plan.wanted:
                yield changes.DropDashboard(dashboard.id)
        slugs = {each.id: each.slug for each in self._snapshot.pipelines}
        for sink in self._snapshot.sinks:
            if sink_key(slugs[sink.pipeline], sink.name) not in self._plan.wanted:
                yield changes.DropSink(sink.id)
        for pipeline in self._snapshot.pipelines:
            if pipeline_key(pipeline.slug) not in self._plan.wanted:
                yield changes.DropPipeline(pipeline.id)
