"""What people change one by one, in the browser or by the REST API: the same checks as for a document."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from livedash.base.tokens import digest, make_id
from livedash.catalog import changes
from livedash.catalog.entries import Dashboard, Pipeline, Snapshot, Token, TokenKind
from livedash.manage.edit_sinks import SinkEditor, addressed
from livedash.manage.entries import (
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


class Editor(SinkEditor):
    """Changes to what is configured. Each asks the rights first: Unknown and Denied besides what it names itself.
    Pipelines and dashboards are named by slug or id; a name that is no id yet is the slug of a new one."""

    async def put_pipeline(self, actor: Actor, name: str, data: Json) -> Put:
        """Create or replace the pipeline. A token left out stays, and so do `sinks` left out. Raises Invalid with
        faults."""
        may_administer(actor)
        old = self._catalog.directory.pipeline(name)
        spec = parse(PipelineSpec, addressed(data, "slug", old.slug if old else name))
        _refuse([*duplicates(data.get("sinks"), "name", ("sinks",), "sink")])
        start = str(await self._head_of(to_pipeline(spec, old.id, old.team))) if old and spec.sinks else None
        made: list[str] = []

        def decide(snapshot: Snapshot) -> list[changes.Change]:
            old = _named(snapshot.pipelines, spec.slug)
            id, team = (old.id, old.team) if old else (make_id("pl"), snapshot.teams[0].id)
            tokens = self._given_tokens(spec, id, snapshot)
            if old is None:
                tokens += self._missing_tokens(spec, id, made)
            sinks = self._sink_changes(spec.sinks, id, snapshot, start) if "sinks" in spec.model_fields_set else ()
            return [changes.PutPipeline(to_pipeline(spec, id, team)), *tokens, *sinks]

        before, after = await self._catalog.change(decide)
        [pipeline] = [each for each in after.pipelines if each.slug == spec.slug]
        return Put(pipeline, _named(before.pipelines, spec.slug) is None, next(iter(made), None))

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

    def tokens(self, actor: Actor) -> Sequence[Token]:
        """All, oldest first, without their texts."""
        may_administer(actor)
        ordered = sorted(self._catalog.snapshot.tokens, key=lambda token: (token.created, token.id))
        return [replace(token, text=None) for token in ordered]

    async def make_token(
        self, actor: Actor, kind: TokenKind, pipeline: str | None = None, label: str = ""
    ) -> tuple[Token, str]:
        """A further token, and its text, which for all but stream tokens cannot be shown again. An API token is for
        no pipeline, the others are for one. Raises Invalid, NotFound."""
        may_administer(actor)
        if (pipeline is None) is not (kind is TokenKind.API):
            raise Invalid("an API token is for no pipeline; an ingest or stream token is for one")
        owner = None if pipeline is None else self._pipeline(pipeline).id
        token, text = new_token(kind, owner, self._clock(), name=label)
        await self._catalog.write([changes.PutToken(token)])
        return token, text

    async def revoke_token(self, actor: Actor, id: str) -> None:
        """From now on it opens nothing. Raises NotFound."""
        may_administer(actor)
        if not any(token.id == id for token in self._catalog.snapshot.tokens):
            raise NotFound(f"there is no token {id!r}")
        await self._catalog.write([changes.DropToken(id)])

    def _given_tokens(self, spec: PipelineSpec, pipeline: str, snapshot: Snapshot) -> list[changes.Change]:
        """Replace the pipeline's own tokens by those that `spec` gives. Raises Invalid when one is used elsewhere."""
        out: list[changes.Change] = []
        others = [token.digest for token in snapshot.tokens if not (token.main and token.pipeline == pipeline)]
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
