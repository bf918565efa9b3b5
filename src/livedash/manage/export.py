"""What is configured as a document that, applied, would change nothing."""

from typing import Any

import yaml

from livedash.catalog.entries import Pipeline, Snapshot
from livedash.manage.sides import installed
from livedash.manage.state import (
    HEADERS,
    Fields,
    State,
    dashboard_key,
    defaults_of,
    nested,
    pipeline_key,
    references_of,
    sink_key,
    widget_key,
)
from livedash.model import Json

_LEAVES_INLINE = None  # PyYAML: the innermost lists and mappings on one line


def export(snapshot: Snapshot) -> str:
    """The YAML of everything configured. Secrets are left out, which means "keep"; those a document gave as
    `${NAME}` are given so again."""
    state = installed(snapshot)
    document: dict[str, Any] = {"apiVersion": 1, "pipelines": [], "dashboards": []}
    for pipeline in sorted(snapshot.pipelines, key=lambda each: each.slug):
        fields = state[pipeline_key(pipeline.slug)]
        document["pipelines"].append(
            {"slug": pipeline.slug, "name": _written(pipeline.name)}
            | references_of(fields)
            | _told(pipeline_key(pipeline.slug), fields)
            | ({"sinks": sinks} if (sinks := _sinks(snapshot, pipeline, state)) else {})
        )
    for dashboard in sorted(snapshot.dashboards, key=lambda each: each.slug):
        key = dashboard_key(dashboard.slug)
        widgets = [
            {"id": each.id} | _told(widget, state[widget])
            for each in dashboard.widgets
            for widget in [widget_key(dashboard.slug, each.id)]
        ]
        document["dashboards"].append(
            {"slug": dashboard.slug, "title": _written(dashboard.title)}
            | _told(key, state[key])
            | ({"widgets": widgets} if widgets else {})
        )
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120, default_flow_style=_LEAVES_INLINE)


def _sinks(snapshot: Snapshot, pipeline: Pipeline, state: State) -> list[dict[str, Json]]:
    """Those of the pipeline, by name. A header is named also where its value is not told: it stays."""
    out = []
    for name in sorted(each.name for each in snapshot.sinks if each.pipeline == pipeline.id):
        fields = state[key := sink_key(pipeline.slug, name)]
        headers = {each.partition(".")[2]: fields[each]["reference"] for each in fields if each.startswith(HEADERS)}
        references = {each: text for each, text in references_of(fields).items() if not each.startswith(HEADERS)}
        out.append(
            {"name": name, "type": fields["type"]}
            | references
            | _told(key, fields)
            | ({"headers": headers} if headers else {})
        )
    return out


def _told(key: str, fields: Fields) -> dict[str, Json]:
    """What is worth saying of a thing: all that is not its default."""
    defaults = defaults_of(key)
    told = {name: value for name, value in fields.items() if name not in defaults or value != defaults[name]}
    plain: dict[str, Json] = _written(nested(told))
    return plain if ".widgets." not in key else {"config": {}} | plain


def _written(value: Json) -> Json:
    """`${` in a text would be read as a reference; 30 is not written as 30.0."""
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_written(each) for each in value]
    if isinstance(value, dict):
        return {key: _written(each) for key, each in value.items()}
    return value
