"""Carry out a plan."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from livedash.base.tokens import make_id
from livedash.catalog import changes
from livedash.catalog.catalog import Catalog
from livedash.catalog.entries import Snapshot
from livedash.manage.entries import new_token, replace_main, to_dashboard, to_pipeline
from livedash.manage.plan import Plan, spec_of
from livedash.manage.rights import Actor, may_administer
from livedash.manage.spec import DashboardSpec, PipelineSpec
from livedash.manage.state import SECRETS, dashboard_key, dashboard_of, pipeline_key
from livedash.model import Clock
from livedash.model.errors import Conflict


@dataclass(frozen=True)
class Applied:
    """What was done. `made_tokens` are the texts of ingest tokens that were made, by the pipeline's slug: they
    cannot be shown again."""

    plan: Plan
    revision: int
    made_tokens: Mapping[str, str] = field(default_factory=dict, repr=False)


async def apply(catalog: Catalog, actor: Actor, plan: Plan, clock: Clock) -> Applied:
    """Carry out `plan` whole or not at all. What is in conflict stays as it is. Raises Conflict when something was
    changed since the plan was made, Unknown or Denied, StorageError."""
    may_administer(actor)
    if catalog.snapshot.revision != plan.revision:
        raise Conflict("the configuration was changed since the plan was made; plan again")
    if plan.empty and not plan.remembers:
        return Applied(plan, plan.revision)
    writes = _Writes(plan, catalog.snapshot, clock())
    snapshot = await catalog.write(writes.all(), expected=plan.revision)
    return Applied(plan, snapshot.revision, writes.made)


class _Writes:
    """A plan as changes to the catalog."""

    def __init__(self, plan: Plan, snapshot: Snapshot, now: int) -> None:
        self.made: dict[str, str] = {}
        self._plan = plan
        self._snapshot = snapshot
        self._now = now
        self._touched = {dashboard_of(c.key) or c.key for c in plan.changes if c.action != "unchanged"}
        slugs = [key.split(".")[1] for key in plan.wanted if key.startswith("pipelines.")]
        self._ids = {each.slug: each.id for each in snapshot.pipelines}
        self._ids |= {slug: make_id("pl") for slug in slugs if slug not in self._ids}

    def all(self) -> list[changes.Change]:
        """In an order that the store can take: what gives a name free comes before what takes it."""
        pipelines = [change for key in sorted(self._touched) for change in self._pipeline(key)]
        drops = [change for change in pipelines if isinstance(change, changes.DropToken)]
        puts = [change for change in pipelines if not isinstance(change, changes.DropToken)]
        said = changes.PutApplied(self._plan.source, self._plan.said or None)
        return [*drops, *puts, *self._dashboards(), *self._gone(), said]

    def _pipeline(self, key: str) -> Iterator[changes.Change]:
        if key not in self._plan.wanted or not isinstance(spec := spec_of(self._plan.wanted, key), PipelineSpec):
            return
        id = self._ids[spec.slug]
        old = next((each for each in self._snapshot.pipelines if each.id == id), None)
        yield changes.PutPipeline(to_pipeline(spec, id, old.team if old else self._plan.team))
        for name, kind in SECRETS.items():
            token = self._plan.wanted[key].get(name)
            if token is not None and token["digest"] in self._plan.texts:
                text = self._plan.texts[token["digest"]]
                yield from replace_main(self._snapshot, id, kind, text, token["reference"], self._now)
            elif old is None:
                made, text = new_token(kind, id, self._now, main=True)
                yield changes.PutToken(made)
                if name == "ingest_token":
                    self.made[spec.slug] = text

    def _dashboards(self) -> Iterator[changes.Change]:
        ids = {each.slug: each for each in self._snapshot.dashboards}
        names = self._ids | {id: id for id in self._ids.values()}
        for key in sorted(self._touched & self._plan.wanted.keys()):
            if isinstance(spec := spec_of(self._plan.wanted, key), DashboardSpec):
                old = ids.get(spec.slug)
                id, team = (old.id, old.team) if old else (make_id("db"), self._plan.team)
                yield changes.PutDashboard(to_dashboard(spec, id, team, names))

    def _gone(self) -> Iterator[changes.Change]:
        for dashboard in self._snapshot.dashboards:
            if dashboard_key(dashboard.slug) not in self._plan.wanted:
                yield changes.DropDashboard(dashboard.id)
        for pipeline in self._snapshot.pipelines:
            if pipeline_key(pipeline.slug) not in self._plan.wanted:
                yield changes.DropPipeline(pipeline.id)
