"""What is configured as flat fields, the form in which a document, the installation and the last apply are compared.

A state maps the key of a thing (`pipelines.weather`, `dashboards.main`, `dashboards.main.widgets.temp`) to its
fields. Settings that people change one by one are fields of their own (`config.title`, `retention.days`); what only
makes sense as a whole (position, source, mapping) is one field. A token is `{"digest", "reference"}`, never its text.
A field left out has its default.
"""

from collections.abc import Iterator, Mapping

from livedash.base import tokens
from livedash.catalog.entries import Dashboard, Pipeline, Snapshot, Token, TokenKind, Widget
from livedash.manage.document import Document
from livedash.manage.spec import DashboardSpec, PipelineSpec, WidgetSpec
from livedash.model import Json

Fields = dict[str, Json]
State = dict[str, Fields]

SECRETS = {"ingest_token": TokenKind.INGEST, "stream_token": TokenKind.STREAM}
_SPREAD = ("retention", "config", "query")


def pipeline_key(slug: str) -> str:
    return f"pipelines.{slug}"


def dashboard_key(slug: str) -> str:
    return f"dashboards.{slug}"


def widget_key(dashboard: str, id: str) -> str:
    return f"dashboards.{dashboard}.widgets.{id}"


def dashboard_of(key: str) -> str | None:
    """The key of the dashboard that a widget is on; None for anything but a widget."""
    dashboard, mark, _ = key.partition(".widgets.")
    return dashboard if mark else None


def defaults_of(key: str) -> Fields:
    """What the fields of the thing are when nobody says; those that must be said have none."""
    kind, slug, *widget = key.split(".")
    if widget:
        return {}
    if kind == "pipelines":
        return pipeline_fields(PipelineSpec(slug=slug, name=slug), all_of_them=True)
    return {"title": slug, "is_public": False, "auto": None}


def nested(fields: Fields) -> dict[str, Json]:
    """Fields as a specification takes them, without tokens."""
    out: dict[str, Json] = {}
    for name, value in fields.items():
        outer, _, inner = name.partition(".")
        if inner:
            out.setdefault(outer, {})[inner] = value
        elif name not in SECRETS:
            out[name] = value
    return out


def flat(data: Mapping[str, Json]) -> Fields:
    out: Fields = {}
    for name, value in data.items():
        if name in _SPREAD:
            out |= {f"{name}.{inner}": each for inner, each in value.items()}
        else:
            out[name] = value
    return out


def pipeline_fields(spec: PipelineSpec, *, all_of_them: bool = False) -> Fields:
    """What `spec` was given, or all that it says; without tokens."""
    data = spec.model_dump(mode="json", exclude={"slug", *SECRETS}, exclude_unset=True)
    if all_of_them:
        data = {"source": {"type": "push"}, "allowed_origins": [], "persist": True, "mapping": []} | data
        data["retention"] = spec.retention.model_dump(mode="json")
    return flat(data)


def widget_fields(spec: WidgetSpec) -> Fields:
    data = spec.model_dump(mode="json", exclude={"id": True, "config": {"type"}}, exclude_unset=True)
    return flat(data)


def dashboard_fields(spec: DashboardSpec) -> Fields:
    return spec.model_dump(mode="json", exclude={"slug", "widgets"}, exclude_unset=True)


def said_by(document: Document) -> tuple[State, dict[str, str]]:
    """What the document says, and the texts of its tokens by their digest."""
    state: State = {}
    texts: dict[str, str] = {}
    for pipeline in document.spec.pipelines:
        fields = state[pipeline_key(pipeline.slug)] = pipeline_fields(pipeline)
        for name in SECRETS:
            if text := getattr(pipeline, name):
                digest = tokens.digest(text)
                texts[digest] = text
                fields[name] = {"digest": digest, "reference": document.references.get((pipeline.slug, name))}
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
    for dashboard in snapshot.dashboards:
        state |= dict(_of_dashboard(dashboard, slugs))
    return state


def _of_pipeline(pipeline: Pipeline, main: Mapping[tuple[str | None, TokenKind], Token]) -> Fields:
    fields: Fields = {
        "name": pipeline.name,
        "source": pipeline.source,
        "allowed_origins": list(pipeline.allowed_origins),
        "persist": pipeline.persist,
        "retention.days": pipeline.retention.days,
        "retention.bytes": pipeline.retention.bytes,
        "mapping": list(pipeline.mapping),
    }
    for name, kind in SECRETS.items():
        if token := main.get((pipeline.id, kind)):
            fields[name] = {"digest": token.digest, "reference": token.reference}
    return fields


def _of_dashboard(dashboard: Dashboard, slugs: Mapping[str, str]) -> Iterator[tuple[str, Fields]]:
    auto = None if dashboard.auto is None else slugs[dashboard.auto]
    yield dashboard_key(dashboard.slug), {"title": dashboard.title, "is_public": dashboard.is_public, "auto": auto}
    for widget in dashboard.widgets:
        yield widget_key(dashboard.slug, widget.id), of_widget(widget)


def of_widget(widget: Widget) -> Fields:
    return flat({"type": widget.type, "position": widget.position, "config": widget.config, "query": widget.query})
