"""What an apply would do, decided without doing it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from livedash.base.tokens import digest
from livedash.catalog.entries import Snapshot
from livedash.manage.document import Document, Mistake, refusal
from livedash.manage.entries import missing_pipelines
from livedash.manage.faults import parse
from livedash.manage.merge import Change, Conflict, Merged, merge
from livedash.manage.show import show
from livedash.manage.spec import DashboardSpec, PipelineSpec
from livedash.manage.state import (
    SECRETS,
    State,
    dashboard_key,
    dashboard_of,
    installed,
    nested,
    pipeline_key,
    said_by,
)


@dataclass(frozen=True)
class Plan:
    """What applying the document `source` would change at `revision`, what stands against it, and what people
    changed here that stays: (key, field or None)."""

    source: str
    revision: int
    team: str
    changes: tuple[Change, ...]
    conflicts: tuple[Conflict, ...]
    kept: tuple[tuple[str, str | None], ...]
    wanted: State = field(repr=False)
    said: State = field(repr=False)
    texts: dict[str, str] = field(repr=False)  # of the document's tokens, by digest
    remembers: bool  # that the document says something else than last time, if nothing more

    @property
    def empty(self) -> bool:
        """Whether applying would change nothing that is configured."""
        return all(change.action == "unchanged" for change in self.changes)

    def __str__(self) -> str:
        return "\n".join(show(self))


def plan(document: Document, snapshot: Snapshot, source: str) -> Plan:
    """Compare `document` with what is configured and with what it said last time. `source` is the document's name:
    what it made and says no more goes. Raises Invalid with Mistakes where it does not fit what is configured."""
    team = next((team.id for team in snapshot.teams if team.slug == document.spec.team), None)
    if team is None:
        raise refusal([document.mistake(("team",), f"there is no team {document.spec.team!r}")])
    before: State = snapshot.applied.get(source) or {}
    now, texts = said_by(document)
    here = installed(snapshot)
    merged = merge(before, here, now)
    _keep_needed(merged, here, before)
    if mistakes := [
        *_unknown_pipelines(document, merged, snapshot),
        *_shared_tokens(document, merged, snapshot),
    ]:
        raise refusal(mistakes)
    for key in merged.wanted:
        if dashboard_of(key) is None and key in now:
            spec_of(merged.wanted, key)  # two valid sides can join into something invalid
    order = sorted(merged.changes, key=lambda change: (not change.key.startswith("pipelines."), change.key))
    return Plan(
        source=source,
        revision=snapshot.revision,
        team=team,
        changes=tuple(order),
        conflicts=tuple(merged.conflicts),
        kept=tuple(merged.kept),
        wanted=merged.wanted,
        said=merged.said,
        texts=texts,
        remembers=merged.said != before,
    )


def spec_of(state: State, key: str) -> PipelineSpec | DashboardSpec:
    """The pipeline or dashboard at `key` as `state` has it, without tokens. Raises Invalid."""
    kind, slug = key.split(".")
    data = {"slug": slug, **nested(state[key])}
    if kind == "pipelines":
        return parse(PipelineSpec, data)
    widgets = [(each, fields) for each, fields in state.items() if dashboard_of(each) == key]
    data["widgets"] = [{"id": each.rpartition(".")[2], **nested(fields)} for each, fields in widgets]
    return parse(DashboardSpec, data)


def _keep_needed(merged: Merged, here: State, before: State) -> None:
    """A pipeline that a dashboard still shows does not go."""
    for key in [key for key in here if key not in merged.wanted and dashboard_of(key) is None]:
        boards = sorted(board for board, name in _shown(merged.wanted) if pipeline_key(name) == key)
        if boards:
            merged.wanted[key], merged.said[key] = here[key], before[key]
            merged.changes = [change for change in merged.changes if change.key != key]
            reason = f"was taken out of the document, but the dashboard {boards[0]!r} still shows it"
            merged.conflicts.append(Conflict(key, reason))


def _shown(state: State) -> Iterator[tuple[str, str]]:
    """(dashboard, pipeline) for every pipeline that a dashboard names."""
    for key, fields in state.items():
        name = fields.get("query.pipeline") or fields.get("auto")
        if name is not None:
            yield key.split(".")[1], name


def _unknown_pipelines(document: Document, merged: Merged, snapshot: Snapshot) -> Iterator[Mistake]:
    known = {key.split(".")[1] for key in merged.wanted if key.startswith("pipelines.")}
    known |= {each.id for each in snapshot.pipelines if each.slug in known}
    for index, dashboard in enumerate(document.spec.dashboards):
        if dashboard_key(dashboard.slug) in merged.wanted:
            for path, message in missing_pipelines(dashboard, known):
                yield document.mistake(("dashboards", index, *path), message)


def _shared_tokens(document: Document, merged: Merged, snapshot: Snapshot) -> Iterator[Mistake]:
    """A token says which pipeline it opens, so two cannot have the same."""
    keys = {each.id: pipeline_key(each.slug) for each in snapshot.pipelines}
    others = [t for t in snapshot.tokens if not t.main and (t.pipeline is None or keys[t.pipeline] in merged.wanted)]
    used = Counter(token.digest for token in others)
    used.update(fields[name]["digest"] for fields in merged.wanted.values() for name in SECRETS if name in fields)
    for index, pipeline in enumerate(document.spec.pipelines):
        for name in SECRETS:
            text = getattr(pipeline, name)
            if text and used[digest(text)] > 1:
                yield document.mistake(("pipelines", index, name), "this token is used elsewhere; each needs its own")
