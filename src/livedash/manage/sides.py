"""The two sides that are compared, as states: what a document says, and what is installed."""

from collections.abc import Iterator, Mapping

from livedash.base import tokens
from livedash.catalog.entries import Dashboard, Pipeline, Sink, Snapshot, Token, TokenKind, Widget
from livedash.manage.document import Document
from livedash.manage.sinkspec import settings_of
from livedash.manage.state import (
    HEADERS,
    MAY_BE_SECRET,
    SECRETS,
    Fields,
    State,
    dashboard_fields,
    dashboard_key,
    flat,
    pipeline_fields,
    pipeline_key,
    sink_key,
    widget_fields,
    widget_key,
)
from livedash.model import Json


def said_by(document: Document) -> tuple[State, dict[str, str]]:
    """What the document says, and the texts of its secrets by their digest."""
    state: State = {}
    texts: dict[str, str] = {}

    def secret(text: str, *path: str | int) -> Json:
        digest = tokens.digest(text)
        texts[digest] = text
        return {"digest": digest, "reference": document.references.get(path)}

    for index, pipeline in enumerate(document.spec.pipelines):
        fields = state[pipeline_key(pipeline.slug)] = pipeline_fields(pipeline)
        for name in SECRETS:
            if text := getattr(pipeline, name):
                fields[name] = secret(text, "pipelines", index, name)
        for number, sink in enumerate(pipeline.sinks):
            where = ("pipelines", index, "sinks", number)
            fields = state[sink_key(pipeline.slug, sink.name)] = flat(settings_of(sink))
            for name in MAY_BE_SECRET & fields.keys():
                if (*where, name) in document.references:
                    fields[name] = secret(fields[name], *where, name)
            if sink.secret is not None:
                fields["secret"] = secret(sink.secret, *where, "secret")
            for name, value in sink.headers.items():
                fields[HEADERS + name] = None if value is None else secret(value, *where, "headers", name)
    for dashboard in document.spec.dashboards:
        state[dashboard_key(dashboard.slug)] = dashboard_fields(dashboard)
        for widget in dashboard.widgets:
            state[widget_key(dashboard.slug, widget.id)] = widget_fields(widget)
    return state, texts


def installed(snapshot: Snapshot) -> State:
    """What is configured now."""
    main = {(token.pipeline, token.kind): token for token in snapshot.tokens if token.main}
    slugs = {pipeline.id: pipeline.slug for pipeline in snapshot.pipelines}
    state = {pipeline_key(each.slug): _of_pipeline(each, main) for each in snapshot.pipelines}
    state |= {sink_key(slugs[each.pipeline], each.name): of_sink(each) for each in snapshot.sinks}
    for dashboard in snapshot.dashboards:
        state |= dict(_of_dashboard(dashboard, slugs))
    return state


def texts_of(snapshot: Snapshot) -> dict[str, str]:
    """The texts of the secrets of sinks, by their digest."""
    return {tokens.digest(text): text for sink in snapshot.sinks for _, text, _ in _secrets_of(sink)}


def _of_pipeline(pipeline: Pipeline, main: Mapping[tuple[str | None, TokenKind], Token]) -> Fields:
    fields: Fields = {
        "name": pipeline.name,
        "source": pipeline.source,
        "allowed_origins": list(pipeline.allowed_origins),
        "persist": pipeline.persist,
        "retention.days": pipeline.retention.days,
        "retention.bytes": pipeline.retention.bytes,
        "mapping": list(pipeline.mapping),
        "paused": pipeline.paused,
    }
    for name, kind in SECRETS.items():
        if token := main.get((pipeline.id, kind)):
            fields[name] = {"digest": token.digest, "reference": token.reference}
    return fields


def of_sink(sink: Sink) -> Fields:
    return flat(sink.settings) | {
        name: {"digest": tokens.digest(text), "reference": reference} for name, text, reference in _secrets_of(sink)
    }


def _secrets_of(sink: Sink) -> Iterator[tuple[str, str, str | None]]:
    """Field, text and reference of each."""
    yield from ((name, sink.settings[name], reference) for name, reference in sink.references.items())
    yield "secret", sink.secrets[0].text, sink.secrets[0].reference
    yield from ((HEADERS + each.name, each.value, each.reference) for each in sink.headers)


def _of_dashboard(dashboard: Dashboard, slugs: Mapping[str, str]) -> Iterator[tuple[str, Fields]]:
    auto = None if dashboard.auto is None else slugs[dashboard.auto]
    yield dashboard_key(dashboard.slug), {"title": dashboard.title, "is_public": dashboard.is_public, "auto": auto}
    for widget in dashboard.widgets:
        yield widget_key(dashboard.slug, widget.id), of_widget(widget)


def of_widget(widget: Widget) -> Fields:
    return flat({"type": widget.type, "position": widget.position, "config": widget.config, "query": widget.query})
