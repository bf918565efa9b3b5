"""What is configured as flat fields, the form in which a document, the installation and the last apply are compared.

A state maps the key of a thing (`pipelines.weather`, `pipelines.weather.sinks.billing`, `dashboards.main`,
`dashboards.main.widgets.temp`) to its fields. Settings that people change one by one are fields of their own
(`config.title`, `retention.days`); what only makes sense as a whole (position, source, mapping) is one field. A secret
is `{"digest", "reference"}`, never its text; None for one that a document names and does not tell. So is a setting that
may be a secret where a document takes it from a variable. A field left out has its default.
"""

from collections.abc import Mapping

from livedash.catalog.entries import TokenKind
from livedash.manage.spec import DashboardSpec, PipelineSpec, WidgetSpec
from livedash.model import Json
from livedash.sinks import SINKS

Fields = dict[str, Json]
State = dict[str, Fields]

SECRETS = {"ingest_token": TokenKind.INGEST, "stream_token": TokenKind.STREAM}
HEADERS = "headers."
MAY_BE_SECRET = frozenset[str]().union(*(settings.MAY_BE_SECRET for settings in SINKS))
_SPREAD = ("retention", "config", "query", "batch")


def pipeline_key(slug: str) -> str:
    return f"pipelines.{slug}"


def dashboard_key(slug: str) -> str:
    return f"dashboards.{slug}"


def widget_key(dashboard: str, id: str) -> str:
    return f"dashboards.{dashboard}.widgets.{id}"


def sink_key(pipeline: str, name: str) -> str:
    return f"pipelines.{pipeline}.sinks.{name}"


def parent_of(key: str) -> str | None:
    """The key of the dashboard that a widget is on, of the pipeline that a sink belongs to; None for these."""
    kind, slug, *child = key.split(".")
    return f"{kind}.{slug}" if child else None


def is_secret(name: str) -> bool:
    """Whether the field is a secret whatever is said of it."""
    return name in SECRETS or name == "secret" or name.startswith(HEADERS)


def is_digest(name: str, value: Json) -> bool:
    """Whether the field holds a digest instead of its value."""
    return is_secret(name) or (name in MAY_BE_SECRET and isinstance(value, dict))


def references_of(fields: Fields) -> dict[str, str]:
    """How a document wrote the secrets among `fields`, where it took them from variables."""
    digests = {name: value for name, value in fields.items() if is_digest(name, value)}
    return {name: value["reference"] for name, value in digests.items() if value["reference"] is not None}


def stays(name: str) -> bool:
    """Whether the field stays as it is when a document says no more of it: something must be there."""
    return name in SECRETS or name == "secret"


def defaults_of(key: str) -> Fields:
    """What the fields of the thing are when nobody says; those that must be said have none."""
    kind, slug, *child = key.split(".")
    if child:
        return {}
    if kind == "pipelines":
        return pipeline_fields(PipelineSpec(slug=slug, name=slug), all_of_them=True)
    return {"title": slug, "is_public": False, "auto": None}


def nested(fields: Fields) -> dict[str, Json]:
    """Fields as a specification takes them, without secrets."""
    out: dict[str, Json] = {}
    for name, value in fields.items():
        outer, _, inner = name.partition(".")
        if is_digest(name, value):
            continue
        if inner:
            out.setdefault(outer, {})[inner] = value
        else:
            out[name] = value
    return out


def revealed(fields: Fields, texts: Mapping[str, str]) -> dict[str, Json]:
    """The secrets of a sink as a specification takes them; `texts` by digest."""
    out: dict[str, Json] = {"headers": {}}
    for name, value in fields.items():
        text = texts[value["digest"]] if is_digest(name, value) else None
        if name.startswith(HEADERS):
            out["headers"][name.removeprefix(HEADERS)] = text
        elif text is not None:
            out[name] = text
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
    data = spec.model_dump(mode="json", exclude={"slug", "sinks", *SECRETS}, exclude_unset=True)
    if all_of_them:
        lists: Fields = {"allowed_origins": [], "mapping": []}
        data = {"source": {"type": "push"}, "persist": True, "paused": False} | lists | data
        data["retention"] = spec.retention.model_dump(mode="json")
    return flat(data)


def widget_fields(spec: WidgetSpec) -> Fields:
    data = spec.model_dump(mode="json", exclude={"id": True, "config": {"type"}}, exclude_unset=True)
    return flat(data)


def dashboard_fields(spec: DashboardSpec) -> Fields:
    return spec.model_dump(mode="json", exclude={"slug", "widgets"}, exclude_unset=True)
