"""Records as rows."""

import re

import pytest

from livedash.model.errors import Invalid
from tests.boards.records import NOON, SECOND, page, record, records, shown, widget


def cells(body: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", body.split("<tbody>")[1])
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]


def heads(body: str) -> list[str]:
    return re.findall(r"<th [^>]*>(.*?)</th>", body)


def test_a_heading_per_field_and_the_newest_row_first() -> None:
    config = {"fields": ["date", "n.x", {"field": "t", "label": "High", "unit": "celsius", "decimals": 1}]}
    found = records({"date": "2012-01-01", "n": {"x": 1}, "t": 12.34}, {"date": "2012-01-02"})
    body = shown(widget("table", config, limit=20), found)
    assert '<table class="data-table">' in body
    assert heads(body) == ["date", "n.x", "High"]
    assert cells(body) == [["2012-01-02", "", ""], ["2012-01-01", "1", "12.3 °C"]]


def test_without_fields_the_first_keys_of_the_newest_record() -> None:
    body = shown(widget("table"), records({"z": 1}, {f"k{i}": i for i in range(12)}))
    assert heads(body) == [f"k{i}" for i in range(8)]


def test_the_fields_of_the_query_are_columns_too() -> None:
    assert heads(shown(widget("table", fields=["b", "a"]), records({"a": 1, "b": 2}))) == ["b", "a"]


def test_the_limit_and_the_other_orders() -> None:
    found = records({"a": 2}, {"a": "x"}, {"a": None}, {"a": 10}, {"a": 1})
    in_order = {
        "newest": ["1", "10", "", "x"],
        "oldest": ["x", "", "10", "1"],
        "asc": ["1", "10", "x", ""],
        "desc": ["x", "10", "1", ""],
    }
    for order, expected in in_order.items():
        config = {"fields": ["a"], "order": order if "est" in order else {"field": "a", "direction": order}}
        assert [row[0] for row in cells(shown(widget("table", config, limit=4), found))] == expected


def test_timestamp_and_offset_are_those_of_the_record_unless_data_has_them() -> None:
    body = shown(widget("table", {"fields": ["timestamp", "offset"]}), records({"a": 1}, {"timestamp": "mine"}))
    assert cells(body) == [["mine", "2"], ["2023-11-14 22:13:21", "1"]]


@pytest.mark.parametrize(
    ("format", "value", "expected"),
    [
        ("number", 1234567.891, "1,234,568"),
        ("bytes", 1536, "1.5 KiB"),
        ("percent", 12.5, "12.5%"),
        ("duration", 3725, "1h 2m"),
        ("boolean", True, "yes"),
        ("time", 1_700_000_000, "2023-11-14 22:13:20"),
        ("time", "2023-11-14T22:13:20+01:00", "2023-11-14 21:13:20"),
        ("date", "2023-11-14", "2023-11-14"),
        ("date", "yesterday", "yesterday"),
        ("text", 1234567, "1234567"),
        (None, 1234567, "1234567"),
        (None, 21.333333333333332, "21.33333"),
        (None, False, "false"),
        (None, {"a": [1]}, "{&#34;a&#34;:[1]}"),
    ],
)
def test_formats(format: str | None, value: object, expected: str) -> None:
    body = shown(widget("table", {"fields": [{"field": "v", "format": format}]}), records({"v": value}))
    assert cells(body) == [[expected]]


def test_a_range_moves_on_with_time_alone() -> None:
    made = widget("table", {"fields": ["a"]}, range="10s", limit=2)
    found = [record(1, {"a": 1}, NOON), record(2, {"a": 2}, NOON + SECOND), record(3, {"a": 3}, NOON)]
    state = made.start([page(found)], NOON + SECOND)
    assert cells(str(made.render(state))) == [["2"], ["3"]]
    later = made.step(state, page([], after=3), NOON + 10 * SECOND)
    assert cells(str(made.diff(state, later).body)) == [["2"]]
    assert "No records yet." in made.diff(later, made.step(later, page([], after=3), NOON + 11 * SECOND)).body


def test_everything_that_people_wrote_is_escaped() -> None:
    evil = "<script>alert('x')</script>"
    body = shown(
        widget("table", {"fields": ["a", {"field": evil, "label": evil}, evil]}), records({"a": evil, evil: [evil]})
    )
    assert "<script" not in body
    assert body.count("&lt;script&gt;") == 5
    assert "style=" not in body


def test_rows_have_the_values_as_they_are() -> None:
    made = widget("table", {"fields": ["a", "timestamp"]})
    state = made.start([page(records({"a": {"b": 1}}))], NOON)
    assert made.rows(state) == (["a", "timestamp"], [[{"b": 1}, "2023-11-14T22:13:21.000Z"]])


def test_settings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(Invalid):
        widget("table", {"colour": "red"})
