"""Every source, sink, widget, step, aggregate, format and unit is in the docs with every setting, and no others."""

import re
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from livedash.boards import format
from livedash.boards.query import Aggregate, Query
from livedash.boards.settings import RANGES
from livedash.boards.widgets import WIDGETS
from livedash.boards.widgets.stat_card import Threshold
from livedash.boards.widgets.table import Column, Order
from livedash.manage.sinkspec import SINK_SPECS
from livedash.manage.spec import DashboardSpec, DocumentSpec, PipelineSpec, Position, RetentionSpec, WidgetSpec
from livedash.mapping import Step, Timestamp
from livedash.sinks.sink import Batch
from livedash.sources import SOURCES

from .pages import codes, page


def source_type(source: type[BaseModel]) -> str:
    return str(source.model_fields["type"].default)


SINK_PAGES = {"webhook": "webhooks"}  # a type of sink is worth a page of its own

# (page, heading, model): the table under the heading has a row for each field of the model
MODELS: list[tuple[str, str, type[BaseModel]]] = [
    ("dashboards", "The document", DocumentSpec),
    ("dashboards", "Pipelines", PipelineSpec),
    ("dashboards", "Retention", RetentionSpec),
    ("dashboards", "Dashboards", DashboardSpec),
    ("dashboards", "Widgets", WidgetSpec),
    ("dashboards", "Position", Position),
    ("dashboards", "Queries", Query),
    ("dashboards", "Columns", Column),
    ("dashboards", "Order", Order),
    ("dashboards", "Thresholds", Threshold),
    ("ingest", "Mapping", Timestamp),
    *((SINK_PAGES[type], "Settings", spec) for type, spec in SINK_SPECS.items()),
    *((page, "Batch", Batch) for page in SINK_PAGES.values()),
    *(("dashboards", widget.TYPE, widget.Config) for widget in WIDGETS),
    *(("ingest", source_type(source), source) for source in SOURCES if len(source.model_fields) > 1),
]


def _id(value: object) -> str:
    return str(getattr(value, "__name__", value))


every_model = pytest.mark.parametrize(("name", "heading", "model"), MODELS, ids=_id)


@every_model
def test_every_key_of_the_form_is_documented(name: str, heading: str, model: type[BaseModel]) -> None:
    rows = page(name).table(heading, "key").by_name()
    tagged = "type" in model.model_fields and model is not WidgetSpec
    assert set(rows) == set(model.model_fields) - ({"type"} if tagged else set())
    for key, row in rows.items():
        assert row[2], f"{key} has a meaning"
        default = model.model_fields[key].default
        if default is PydanticUndefined and model.model_fields[key].is_required():
            assert row[1] == "", f"{key} has no default"
        elif written := codes(row[1]):
            assert _plain(default, written[0]), f"the default of {key} is {default!r}, not {written[0]}"
        else:
            assert row[1] != "", f"{key} has a default"
            assert default in (None, (), {}, False, PydanticUndefined) or isinstance(default, BaseModel), key


def _plain(default: Any, written: str) -> bool:
    value = yaml.safe_load(written)
    return default is PydanticUndefined or default == value or str(default) == written


@every_model
def test_every_key_of_the_form_has_help(name: str, heading: str, model: type[BaseModel]) -> None:
    without = {key for key, field in model.model_fields.items() if not field.description}
    assert without <= {"type"}


def test_every_component_has_a_section() -> None:
    """And sections of that kind are about components that exist."""
    sections = _sections("dashboards", "Widget types", 3)
    assert [each for each in sections if each != "Units"] == [widget.TYPE for widget in WIDGETS]
    assert _sections("ingest", "Sources", 3) == [source_type(source) for source in SOURCES]
    assert list(SINK_PAGES) == list(SINK_SPECS)


def _sections(name: str, under: str, level: int) -> list[str]:
    """Headings of `level` under the heading `under`."""
    text = page(name).prose.partition(f"\n{'#' * (level - 1)} {under}\n")[2]
    text = re.split(rf"^#{{1,{level - 1}}} ", text, flags=re.MULTILINE)[0]
    return re.findall(rf"^#{{{level}}} (.+)$", text, re.MULTILINE)


def test_steps_aggregates_formats_and_units_are_documented() -> None:
    dashboards = page("dashboards")
    assert page("ingest").table("Mapping", "step").column() == list(Step.model_fields)
    assert dashboards.table("Queries", "aggregate").column() == list(get_args(Aggregate))
    assert dashboards.table("Columns", "format").column() == list(get_args(format.Format))
    units = set(dashboards.table("Units", "unit").column())
    assert units == format.SYMBOLS.keys() | format._BYTES.keys() | format._SECONDS


def test_viewer_settings_are_documented() -> None:
    rows = page("dashboards").table("Viewer settings", "parameter").by_name()
    assert set(rows) == {"from", "to", "tz", "theme", "kiosk"}
    assert ", ".join(RANGES) in rows["from"][1]
