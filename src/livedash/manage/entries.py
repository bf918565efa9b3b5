"""Specifications as entries of the catalog, and the tokens that belong to them."""

from collections.abc import Container, Iterable, Iterator, Mapping

from livedash.base import tokens
from livedash.catalog.changes import Change, DropToken, PutToken
from livedash.catalog.entries import Dashboard, Pipeline, Retention, Snapshot, Token, TokenKind, Widget
from livedash.manage.spec import DashboardSpec, PipelineSpec, WidgetSpec

PREFIX = {TokenKind.INGEST: "in", TokenKind.STREAM: "st", TokenKind.API: "api"}


def to_pipeline(spec: PipelineSpec, id: str, team: str) -> Pipeline:
    data = spec.model_dump(mode="json", include={"source", "mapping"}, exclude_unset=True)
    return Pipeline(
        id=id,
        slug=spec.slug,
        name=spec.name or spec.slug,
        team=team,
        source=data.get("source", {"type": spec.source.model_dump()["type"]}),
        mapping=tuple(data.get("mapping", ())),
        persist=spec.persist,
        retention=Retention(spec.retention.days, spec.retention.bytes),
        allowed_origins=spec.allowed_origins,
        revision=0,
        paused=spec.paused,
    )


def to_dashboard(spec: DashboardSpec, id: str, team: str, pipelines: Mapping[str, str]) -> Dashboard:
    """`pipelines` are the ids by slug and by id."""
    return Dashboard(
        id=id,
        slug=spec.slug,
        title=spec.title or spec.slug,
        team=team,
        is_public=spec.is_public,
        widgets=tuple(map(to_widget, spec.widgets)),
        auto=None if spec.auto is None else pipelines[spec.auto],
        revision=0,
    )


def to_widget(spec: WidgetSpec) -> Widget:
    data = spec.model_dump(mode="json", exclude={"config": {"type"}}, exclude_unset=True)
    return Widget(spec.id, spec.type, data["config"], data["query"], data["position"])


def missing_pipelines(spec: DashboardSpec, known: Container[str]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Where `spec` names a pipeline that is not among `known` slugs and ids, and what to say."""
    if spec.auto is not None and spec.auto not in known:
        yield ("auto",), f"there is no pipeline {spec.auto!r}"
    for index, widget in enumerate(spec.widgets):
        if widget.query.pipeline not in known:
            yield ("widgets", index, "query", "pipeline"), f"there is no pipeline {widget.query.pipeline!r}"


def shown_on(pipeline: Pipeline, dashboards: Iterable[Dashboard]) -> list[str]:
    """The slugs of the dashboards that need this pipeline."""
    names = {pipeline.id, pipeline.slug}
    return sorted(
        each.slug for each in dashboards if each.auto in names or names & {w.query["pipeline"] for w in each.widgets}
    )


def new_token(
    kind: TokenKind,
    pipeline: str | None,
    now: int,
    *,
    text: str | None = None,
    name: str = "",
    main: bool = False,
    reference: str | None = None,
) -> tuple[Token, str]:
    """A token with its text, made when it is not given."""
    text = tokens.make_token(PREFIX[kind]) if text is None else text
    shown = text if kind is TokenKind.STREAM else None
    token = Token(tokens.make_id("tk"), kind, pipeline, name, tokens.digest(text), now, main, reference, shown)
    return token, text


def is_own(token: Token, pipeline: str, kind: TokenKind) -> bool:
    """Whether it is the pipeline's main token of this kind, or was and is ending: a new main one may be the same."""
    return (token.pipeline, token.kind) == (pipeline, kind) and (token.main or token.until is not None)


def replace_main(
    snapshot: Snapshot, pipeline: str, kind: TokenKind, text: str, reference: str | None, now: int
) -> list[Change]:
    """Make `text` the pipeline's main token of its kind; the one before opens nothing any more."""
    own = [t for t in snapshot.tokens if is_own(t, pipeline, kind)]
    token, _ = new_token(kind, pipeline, now, text=text, main=True, reference=reference)
    if [(t.digest, t.reference) for t in own if t.main] == [(token.digest, reference)]:
        return []
    return [*(DropToken(t.id) for t in own if t.main or t.digest == token.digest), PutToken(token)]
