"""Export gives a document that, applied, changes nothing here and makes the same elsewhere."""

from dataclasses import replace

import yaml
from hypothesis import given
from hypothesis import strategies as st

from livedash.catalog.catalog import Catalog
from livedash.catalog.entries import Dashboard, Pipeline, Snapshot, Team
from livedash.manage.document import load
from livedash.manage.entries import to_pipeline
from livedash.manage.export import export
from livedash.manage.spec import PipelineSpec

from .support import applied, plan_of
from .test_document import TOKENS, WEATHER

RICH = (
    WEATHER
    + """\
  - slug: waiting
    auto: weather
  - slug: odd
    title: "yes, $${NAME}: 'quoted' – ünïcode \\n two lines"
    widgets:
      - {id: "1", type: table, position: {x: 0, y: 0, w: 1, h: 1}, query: {pipeline: weather, where: "data.a > 1"}}
"""
)


def plain(snapshot: Snapshot) -> tuple[list[Pipeline], list[Dashboard]]:
    """What is configured, without what differs between installations."""
    ids = {each.id: each.slug for each in snapshot.pipelines}
    pipelines = [replace(each, id="", team="", revision=0) for each in snapshot.pipelines]
    dashboards = [
        replace(each, id="", team="", revision=0, auto=each.auto and ids[each.auto]) for each in snapshot.dashboards
    ]
    return sorted(pipelines, key=lambda each: each.slug), sorted(dashboards, key=lambda each: each.slug)


async def test_an_export_applied_plans_nothing(catalog: Catalog) -> None:
    await applied(catalog, RICH, **TOKENS)
    text = export(catalog.snapshot)
    assert "${WEATHER_INGEST}" in text
    assert "ingest-text" not in text
    plan = plan_of(catalog, text, **TOKENS)
    assert (plan.empty, plan.conflicts) == (True, ())
    assert plan_of(catalog, text, source="a document that was never applied", **TOKENS).empty


async def test_an_export_makes_the_same_on_an_empty_installation(catalog: Catalog, other_catalog: Catalog) -> None:
    await applied(catalog, RICH, **TOKENS)
    await applied(other_catalog, export(catalog.snapshot), **TOKENS)
    assert plain(other_catalog.snapshot) == plain(catalog.snapshot)
    assert other_catalog.directory.grant("ingest-text") is not None
    assert export(other_catalog.snapshot) == export(catalog.snapshot)


async def test_an_export_is_short_and_in_the_form_of_the_contract(catalog: Catalog) -> None:
    await applied(catalog, WEATHER, **TOKENS)
    assert export(catalog.snapshot).splitlines()[:10] == [
        "apiVersion: 1",
        "pipelines:",
        "- slug: weather",
        "  name: Seattle weather",
        "  ingest_token: ${WEATHER_INGEST}",
        "  stream_token: ${WEATHER_STREAM}",
        "  allowed_origins: ['https://shop.example', 'https://*.shop.example']",
        "  retention: {bytes: 2000000000}",
        "  mapping:",
        "  - rename: {tmax: temp_max}",
    ]
    assert yaml.safe_load(export(catalog.snapshot))["dashboards"][0]["widgets"][0] == {
        "id": "temp",
        "type": "line_chart",
        "position": {"x": 0, "y": 0, "w": 8, "h": 4},
        "config": {"title": "Temperature", "unit": "celsius"},
        "query": {"pipeline": "weather", "fields": ["temp_max", "temp_min"]},
    }


@given(st.text(min_size=1, max_size=30).filter(lambda text: text.strip() == text and text.isprintable()))
def test_any_name_survives(name: str) -> None:
    pipeline = to_pipeline(PipelineSpec(slug="a", name=name), "pl_a", "tm_1")
    snapshot = Snapshot(1, (Team("tm_1", "main", "Main"),), (pipeline,), (), (), (), {})
    assert load({"a": export(snapshot)}, {}).spec.pipelines[0].name == name


def test_nothing_configured_is_an_empty_document() -> None:
    text = export(Snapshot(1, (Team("tm_1", "main", "Main"),), (), (), (), (), {}))
    assert load({"a": text}, {}).spec.pipelines == ()
