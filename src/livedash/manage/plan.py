"""What an apply would do, decided without doing it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from livedash.base.tokens import digest
from livedash.catalog.entries import Snapshot
from livedash.manage.document import Document, Mistake, refusal
from livedash.manage.entries import missing_pipelines
from livedash.manage.faults import parse
from livedash.manage.merge import Change, Conflict, Merged, merge
from livedash.manage.show import show
from livedash.manage.sides import installed, said_by, texts_of
from livedash.manage.sinks import NOTHING_TO_KEEP
from livedash.manage.spec import DashboardSpec, PipelineSpec
from livedash.manage.state import (
    SECRETS,
    State,
    dashboard_key,
    nested,
    parent_of,
    pipeline_key,
    revealed,
    sink_key,
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
    texts: dict[str, str] = field(repr=False)  # of the document's secrets, by digest
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
        *_missing_values(document, merged),
    ]:
        raise refusal(mistakes)
    known = texts_of(snapshot) | texts
    for key in merged.wanted:
        if parent_of(key) is None and key in now:
            spec_of(merged.wanted, key, known)  # two valid sides can join into something invalid
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


def spec_of(state: State, key: str, texts: Mapping[str, str]) -> PipelineSpec | DashboardSpec:
    """The pipeline or dashboard at `key` as `state` has it, without tokens. `texts` of the secrets of sinks, by digest.
    Raises Invalid."""
    kind, slug = key.split(".")
    data = {"slug": slug, **nested(state[key])}
    children = [(each.rpartition(".")[2], state[each]) for each in state if parent_of(each) == key]
    if kind == "pipelines":
        data["sinks"] = [{"name": name, **nested(each), **revealed(each, texts)} for name, each in children]
        return parse(PipelineSpec, data)
    data["widgets"] = [{"id": id, **nested(each)} for id, each in children]
    return parse(DashboardSpec, data)


def _keep_needed(merged: Merged, here: State, before: State) -> None:
    """A pipeline that a dashboard still shows does not go, nor do its sinks."""
    for key in [key for key in here if key not in merged.wanted and parent_of(key) is None]:
        boards = sorted(board for board, name in _shown(merged.wanted) if pipeline_key(name) == key)
        if boards:
            back = [each for each in here if key in (each, parent_of(each))]
            merged.wanted |= {each: here[each] for each in back}
            merged.said |= {each: before[each] for each in back if each in before}
            merged.changes = [change for change in merged.changes if change.key not in back]
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
    used = Counter(token.digest for token in others if token.until is None)
    used.update(fields[name]["digest"] for fields in merged.wanted.values() for name in SECRETS if name in fields)
    ending = {t.digest: (keys[t.pipeline], t.kind) for t in others if t.until is not None and t.pipeline is not None}
    for index, pipeline in enumerate(document.spec.pipelines):
        for name, kind in SECRETS.items():
            text, own = getattr(pipeline, name), (pipeline_key(pipeline.slug), kind)
            if text and (used[digest(text)] > 1 or ending.get(digest(text), own) != own):
                yield document.mistake(("pipelines", index, name), "this token is used elsewhere; each needs its own")


def _missing_values(document: Document, merged: Merged) -> Iterator[Mistake]:
    """Headers that a document only names, where there is no value."""
    for index, pipeline in enumerate(document.spec.pipelines):
        for number, sink in enumerate(pipeline.sinks):
            wanted = merged.wanted.get(sink_key(pipeline.slug, sink.name))
            for name in sink.headers:
                if wanted is not None and wanted.get(f"headers.{name}") is None:
                    yield document.mistake(("pipelines", index, "sinks", number, "headers", name), NOTHING_TO_KEEP)
