"""The first record makes a dashboard."""

import asyncio
from typing import Any

import pytest

from livedash.catalog.catalog import Catalog
from livedash.manage.auto import fill, waits, widgets_for
from livedash.manage.edit import Editor
from livedash.manage.faults import parse
from livedash.manage.spec import DashboardSpec
from livedash.model import Draft, Record
from livedash.model.record import metrics_of

from .support import ADMIN, head_of, now


def record(data: dict[str, Any], offset: int = 1) -> Record:
    draft = Draft.encode(data, metrics_of(data), 0)
    return Record(offset, draft.timestamp, draft.body)


def shown(*data: dict[str, Any]) -> list[tuple[str, Any]]:
    widgets = widgets_for([record(each) for each in data], "p")
    return [
        (each["type"], each["query"].get("field") or each["query"].get("fields") or each["config"]["fields"])
        for each in widgets
    ]


def test_numbers_make_cards_and_a_chart_and_the_rest_a_table() -> None:
    assert shown({"city": "Bern", "temp": 21.4, "wind": {"speed": 3}, "ok": True, "tags": [1]}) == [
        ("stat_card", "temp"),
        ("stat_card", "wind.speed"),
        ("line_chart", ["temp", "wind.speed"]),
        ("table", ["timestamp", "city", "temp", "wind.speed", "ok", "tags"]),
    ]


def test_only_numbers_make_no_table_and_no_numbers_only_a_table() -> None:
    assert [type for type, _ in shown({"a": 1})] == ["stat_card", "line_chart"]
    assert shown({"city": "Bern", "at": None}) == [("table", ["timestamp", "city", "at"])]
    assert shown({}) == []


def test_many_fields_are_cut_to_what_one_can_see() -> None:
    many = shown({f"n{i}": i for i in range(20)} | {f"t{i}": "x" for i in range(20)})
    assert [type for type, _ in many] == ["stat_card"] * 4 + ["line_chart", "table"]
    assert [len(fields) for _, fields in many[4:]] == [6, 8]


def test_fields_of_every_record_count() -> None:
    assert shown({"a": 1}, {"b": 2})[-1] == ("line_chart", ["a", "b"])


@pytest.mark.parametrize(
    "data",
    [
        {"temp": 1},
        {"a": 1, "b": 2, "c": "x"},
        {f"n{i}": i for i in range(60)} | {"s": ""},
        {"": 1},
        {"x" * 400: 1, "y": {"z" * 600: "s"}, "t": 1, "s": ""},
        {"_": 5, "<script>": 1},
    ],
)
def test_what_is_made_is_valid_and_does_not_overlap(data: dict[str, Any]) -> None:
    spec = parse(DashboardSpec, {"slug": "d", "widgets": widgets_for([record(data)], "p")})
    cells = [
        (x, y)
        for widget in spec.widgets
        for x in range(widget.position.x, widget.position.x + widget.position.w)
        for y in range(widget.position.y, widget.position.y + widget.position.h)
    ]
    assert cells
    assert len(cells) == len(set(cells))
    assert len({widget.id for widget in spec.widgets}) == len(spec.widgets)


def test_titles_are_words() -> None:
    titles = [each["config"]["title"] for each in widgets_for([record({"location": {"temp_max": 1}})], "p")]
    assert titles == ["Location temp max", "Location temp max"]


async def test_the_first_record_fills_every_waiting_dashboard_once(catalog: Catalog) -> None:
    editor = Editor(catalog, now, head_of)
    pipeline = (await editor.put_pipeline(ADMIN, "p", {})).pipeline
    other = (await editor.put_pipeline(ADMIN, "q", {})).pipeline
    for slug in ("one", "two"):
        await editor.put_dashboard(ADMIN, slug, {"auto": "p"})
    await editor.put_dashboard(ADMIN, "other", {"auto": "q"})
    assert waits(catalog, pipeline)
    first = [record({"a": 1, "b": "x"})]
    await asyncio.gather(*(fill(catalog, pipeline, first) for _ in range(5)), editor.put_pipeline(ADMIN, "z", {}))
    types = {each.slug: [widget.type for widget in each.widgets] for each in catalog.directory.dashboards()}
    assert types == {"one": ["stat_card", "line_chart", "table"], "two": types["one"], "other": []}
    assert (waits(catalog, pipeline), waits(catalog, other)) == (False, True)


async def test_a_record_without_fields_leaves_the_dashboard_waiting(catalog: Catalog) -> None:
    pipeline = (await Editor(catalog, now, head_of).put_pipeline(ADMIN, "p", {})).pipeline
    await Editor(catalog, now, head_of).put_dashboard(ADMIN, "d", {"auto": "p"})
    await fill(catalog, pipeline, [record({})])
    assert waits(catalog, pipeline)
