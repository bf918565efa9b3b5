"""Lines over time: which lines, which points, and what is sent."""

import math

import pytest
from hypothesis import given, settings

from livedash.base import limits
from livedash.boards import window
from livedash.model.errors import Invalid
from tests.boards.records import NOON, SECOND, Client, chart, histories, page, record, records, shown, widget


def lines(body: str) -> dict[str, list]:
    return {d["label"]: [(p["x"], p["y"]) for p in d["data"]] for d in chart(body)["data"]["datasets"]}


def values(body: str) -> dict[str, list]:
    return {label: [y for _, y in points] for label, points in lines(body).items()}


def ms(seconds: float) -> int:
    return int(NOON // 1000 + seconds * 1000)


def test_a_line_per_field_with_the_time_in_milliseconds() -> None:
    body = shown(widget("line_chart", fields=["a", "n.x"]), records({"a": 1, "n": {"x": 2.5}}, {"a": 3}))
    assert lines(body) == {"a": [(ms(1), 1), (ms(2), 3)], "n.x": [(ms(1), 2.5), (ms(2), None)]}


def test_without_fields_the_numbers_of_the_records() -> None:
    body = shown(widget("line_chart"), records({"b": 1, "s": "x", "ok": True}, {"a": 2}))
    assert values(body) == {"a": [None, 2], "b": [1, None]}


def test_a_line_per_group_and_what_many_groups_leave_out() -> None:
    several = shown(widget("line_chart", fields=["a", "b"], group_by="g"), records({"a": 1, "b": 2, "g": "x"}))
    assert values(several) == {"x a": [1], "x b": [2]}
    many = records(*({"a": i, "g": f"g{i:02}"} for i in range(limits.SERIES_PER_CHART + 3)))
    body = shown(widget("line_chart", field="a", group_by="g"), many)
    assert list(lines(body)) == [f"g{i:02}" for i in range(3, limits.SERIES_PER_CHART + 3)]
    assert "3 more lines are not shown." in body


def test_points_are_sorted_by_time_whatever_the_order_of_arrival() -> None:
    late = [record(1, {"a": 1}, NOON + 9 * SECOND), record(2, {"a": 2}, NOON), record(3, {"a": 3}, NOON + 5 * SECOND)]
    assert lines(shown(widget("line_chart", field="a"), late)) == {"a": [(ms(0), 2), (ms(5), 3), (ms(9), 1)]}


def test_without_a_range_the_newest_by_offset_however_old() -> None:
    old = [record(i, {"a": i}, NOON - i * SECOND) for i in range(1, 6)]
    assert values(shown(widget("line_chart", field="a", limit=2), old)) == {"a": [5, 4]}


def test_a_range_is_what_happened_in_it_up_to_now() -> None:
    made = widget("line_chart", field="a", range="10s")
    moments = [-10, -9.999, 0, 0.001]  # the first is just out, the last is yet to come
    found = [record(i, {"a": i}, NOON + int(shift * SECOND)) for i, shift in enumerate(moments)]
    state = made.start([page(found)], NOON)
    assert values(str(made.render(state))) == {"a": [1, 2]}
    assert values(str(made.render(made.step(state, page([], after=3), NOON + SECOND)))) == {"a": [2, 3]}
    assert values(str(made.render(made.step(state, page([], after=3), NOON + 12 * SECOND)))) == {"a": []}


def test_more_than_the_limit_are_joined_over_the_whole_range() -> None:
    found = [record(i, {"a": i}, NOON + i * SECOND) for i in range(1, 21)]
    made = widget("line_chart", field="a", range="20s", limit=4)
    body = str(made.render(made.start([page(found)], NOON + 20 * SECOND)))
    assert lines(body) == {"a": [(ms(0), 2.5), (ms(5), 7), (ms(10), 12), (ms(15), 17), (ms(20), 20)]}
    few = widget("line_chart", field="a", range="20s", limit=20)
    assert values(str(few.render(few.start([page(found)], NOON + 20 * SECOND)))) == {"a": list(range(1, 21))}


@pytest.mark.parametrize(
    ("how", "expected"),
    [("count", [0, 2, 0, 2]), ("sum", [0, 3, 0, 7]), ("rate", [0, 0.4, 0, 0.4]), ("max", [2, 4]), ("avg", [1.5, 3.5])],
)
def test_aggregates_and_the_zeros_of_totals(how: str, expected: list[float]) -> None:
    found = [record(i, {"a": i}, NOON + shift * SECOND) for i, shift in enumerate((0, 1, 10, 11), 1)]
    made = widget("line_chart", field="a", range="15s", limit=3, aggregate=how)
    body = str(made.render(made.start([page(found)], NOON + 14 * SECOND)))
    assert values(body) == {"a": expected}


def test_new_points_are_appended_and_a_moved_last_point_replaces() -> None:
    made = widget("line_chart", fields=["a", "b"], limit=2)
    old = made.start([page(records({"a": 1}, {"a": 2}))], NOON)
    new = made.step(old, page([record(3, {"a": 3, "b": 4})]), NOON)
    delta = made.diff(old, new)
    assert delta.body is None
    assert delta.chart == {"labels": [ms(3)], "data": [[3], [4]], "append": True, "window": 2}
    late = made.step(new, page([record(4, {"a": 9}, NOON)]), NOON)
    assert made.diff(new, late).chart == {
        "labels": [ms(0), ms(3)],
        "data": [[9, 3], [None, 4]],
        "append": False,
        "window": 2,
    }


def test_time_alone_moves_a_range_at_most_once_a_second() -> None:
    made = widget("line_chart", field="a", range="10s")
    state = made.start([page([record(1, {"a": 1}, NOON), record(2, {"a": 2}, NOON + 2 * SECOND)])], NOON + 3 * SECOND)
    soon = made.step(state, page([], after=2), NOON + 3 * SECOND + 900_000)
    assert made.diff(state, soon) is None
    moved = made.step(state, page([], after=2), NOON + 11 * SECOND)
    assert made.diff(state, moved).chart == {
        "labels": [], "data": [[]], "append": True, "window": 1, "from": ms(1), "to": ms(12)
    }  # fmt: skip


def test_a_new_line_and_the_first_point_send_the_whole_body() -> None:
    made = widget("line_chart", {"title": "T"})
    empty = made.start([], NOON)
    assert "No data yet." in made.render(empty)
    first = made.step(empty, page(records({"a": 1})), NOON)
    assert made.diff(empty, first).body == made.render(first)
    second = made.step(first, page([record(2, {"b": 1})]), NOON)
    assert made.diff(first, second).body == made.render(second)


def test_settings_reach_the_chart() -> None:
    config = {"unit": "celsius", "decimals": 1, "min": -5, "max": 40.5, "legend": True, "fill": True}
    body = shown(widget("line_chart", config, field="a", range="5m"), records({"a": 1}), NOON + 2 * SECOND)
    settings = chart(body)
    assert settings["type"] == "line"
    options = settings["options"]
    assert options["scales"]["y"] == {"min": -5, "max": 40.5}
    assert options["plugins"]["legend"] == {"display": True}
    assert options["plugins"]["livedash"] == {
        "unit": "celsius", "decimals": 1, "range_ms": 300_000, "timezone": "UTC"
    }  # fmt: skip
    tuned = ("animation", "parsing", "normalized", "spanGaps")
    assert [options[key] for key in tuned] == [False, False, True, False]
    assert options["elements"]["point"]["radius"] == 0
    assert settings["data"]["datasets"][0]["fill"] is True
    assert '<canvas id="chart-w1"' in body


def test_a_gap_breaks_the_poster_line_and_the_hidden_table_has_the_newest_rows() -> None:
    found = records(*({"a": None if i == 50 else i} for i in range(150)))
    body = shown(widget("line_chart", {"title": "Heat", "unit": "celsius"}, field="a", limit=150), found)
    assert body.count('<svg class="chart-poster"') == 1
    assert body.split('<path class="series-1" d="')[1].split('"')[0].count("M") == 2
    assert "<caption>Heat</caption>" in body
    assert body.count('<th scope="row">') == 100
    assert "<td>149 °C</td>" in body
    assert "<td>49 °C</td>" not in body


def test_rows_are_the_points() -> None:
    made = widget("line_chart", fields=["a"])
    state = made.start([page(records({"a": 1}, {"a": None}))], NOON)
    assert made.rows(state) == (["time", "a"], [["2023-11-14T22:13:21.000Z", 1], ["2023-11-14T22:13:22.000Z", None]])


def test_labels_name_lines_for_people_and_paths_name_columns_for_programs() -> None:
    made = widget("line_chart", {"labels": {"a": "High", "b": "Low"}}, fields=["a", "c"])
    state = made.start([page(records({"a": 1, "c": 2}))], NOON)
    body = str(made.render(state))
    assert values(body) == {"High": [1], "c": [2]}
    assert '<th scope="col">High</th>' in body
    assert made.rows(state)[0] == ["time", "a", "c"]
    grouped = widget("line_chart", {"labels": {"a": "High"}}, fields=["a", "b"], group_by="g")
    assert values(shown(grouped, records({"a": 1, "b": 2, "g": "x"}))) == {"x High": [1], "x b": [2]}


def test_hostile_names_are_escaped() -> None:
    evil = "\"><script>alert('x')</script>"
    body = shown(
        widget("line_chart", {"title": evil, "unit": evil}, field=evil, group_by="g", id="w1"),
        records({evil: 1, "g": evil}),
    )
    assert "<script" not in body
    assert list(lines(body)) == [evil]
    assert "style=" not in body


def test_a_range_that_holds_too_much_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "WINDOW_RECORDS", 3)
    made = widget("line_chart", field="a", range="10s")
    full = made.start([page([record(i, {"a": i}, NOON + i * SECOND) for i in range(1, 6)])], NOON + 5 * SECOND)
    assert values(str(made.render(full))) == {"a": [3, 4, 5]}
    assert "Only the newest" in made.render(full)
    later = made.step(full, page([], after=5), NOON + 13 * SECOND)  # what was left out would have left by now
    assert "Only the newest" not in made.render(later)


def test_settings_that_do_not_fit_are_refused_where_they_stand() -> None:
    with pytest.raises(Invalid) as caught:
        widget("line_chart", {"decimals": "many"})
    assert [fault.path for fault in caught.value.faults] == [("config", "decimals")]
    with pytest.raises(Invalid, match="min must be less than max"):
        widget("line_chart", {"min": 2, "max": 1})
    with pytest.raises(Invalid, match="no widget type 'pie'"):
        widget("pie")


@settings(max_examples=60, deadline=None)
@given(histories())
def test_joined_points_are_what_a_plain_loop_finds(history) -> None:
    found, _, moments = history
    now, width = moments[-1], 2 * SECOND
    made = widget("line_chart", fields=["a"], range="20s", limit=10, aggregate="sum")
    body = str(made.render(made.start([page(found)], now)))
    inside = [r for r in found if now - 20 * SECOND - now % width < r.timestamp <= now]
    numbers = [(r.timestamp // width, v) for r in inside if type(v := r.data.get("a")) in (int, float)]
    for x, y in lines(body)["a"]:
        assert y == math.fsum(v for bucket, v in numbers if bucket == x * 1000 // width)


def test_a_client_that_follows_long_keeps_no_more_than_the_window() -> None:
    made = widget("line_chart", field="a", limit=5)
    state = made.start([page(records({"a": 0}))], NOON)
    client = Client(str(made.render(state)))
    for offset in range(2, 40):
        new = made.step(state, page([record(offset, {"a": offset})]), NOON)
        client.apply(made.diff(state, new))
        state = new
    assert [point["y"] for point in client.chart["data"]["datasets"][0]["data"]] == [35, 36, 37, 38, 39]
