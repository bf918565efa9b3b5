"""One value, large."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livedash.model.errors import Invalid
from tests.boards.records import NOON, SECOND, page, record, records, shown, widget


def text(body: str, css: str = "stat-value") -> str:
    found = re.search(rf'<div class="{css}"[^>]*>(.*?)</div>', body)
    return found[1] if found else ""


def card(found: list, config: dict | None = None, **query: object) -> str:
    return shown(widget("stat_card", config or {}, **query), found)


NUMBERS = records({"a": 5}, {"a": None}, {"a": 2.5}, {"a": "x"}, {"a": 1000})


@pytest.mark.parametrize(
    ("how", "expected"),
    [("last", "1,000"), ("sum", "1,008"), ("avg", "335.8"), ("min", "2.5"), ("max", "1,000"), ("count", "4")],
)
def test_aggregates_over_the_newest_records(how: str, expected: str) -> None:
    assert text(card(NUMBERS, field="a", aggregate=how)) == expected


def test_the_markup_that_embedders_hold_on_to() -> None:
    body = card(NUMBERS, {"label": "m/s"}, field="a")
    assert body == (
        '<div class="stat-card" data-level="ok"><div class="stat-value">1,000</div>'
        '<div class="stat-label">m/s</div></div>'
    )


def test_without_a_value_a_dash_and_last_may_be_a_text() -> None:
    assert text(card([], field="a")) == "–"
    assert text(card(records({"a": None}), field="a", aggregate="avg")) == "–"
    assert text(card(records({"a": "rain"}, {"b": 1}), field="a")) == "rain"
    assert text(card([], aggregate="count")) == "0"


def test_the_largest_that_left_is_not_kept_alive_by_a_boolean() -> None:
    made = widget("stat_card", {}, field="a", aggregate="max", limit=2)
    state = made.start([page(records({"a": 1}, {"a": True}))], NOON)
    assert text(str(made.render(state))) == "1"
    assert text(str(made.render(made.step(state, page([record(3, {"a": -4})]), NOON)))) == "-4"


def test_the_limit_bounds_what_is_taken() -> None:
    assert text(card(NUMBERS, field="a", aggregate="sum", limit=3)) == "1,002"


def test_a_rate_is_records_per_second_and_falls_with_time_alone() -> None:
    made = widget("stat_card", {"decimals": 2}, aggregate="rate")
    found = [record(i, {}, NOON + i * SECOND) for i in range(1, 31)]
    state = made.start([page(found)], NOON + 30 * SECOND)
    assert text(str(made.render(state))) == "0.50"
    assert made.diff(state, made.step(state, page([], after=30), NOON + 31 * SECOND)) is None
    later = made.step(state, page([], after=30), NOON + 75 * SECOND)
    assert text(str(made.diff(state, later).body)) == "0.25"


def test_thresholds_and_units() -> None:
    config = {"unit": "percent", "thresholds": [{"value": 95, "level": "critical"}, {"value": 80, "level": "warning"}]}
    for value, level in ((79.9, "ok"), (80, "warning"), (99, "critical")):
        body = card(records({"a": value}), config, field="a")
        assert f'data-level="{level}"' in body
        assert text(body) == f"{value}%"


def test_delta_and_sparkline() -> None:
    found = records({"a": 10}, {"a": 14}, {"a": 12.5})
    assert text(card(found, {"delta": True}, field="a"), "stat-delta") == "-1.5"
    assert text(card(found, {"delta": "start"}, field="a"), "stat-delta") == "+2.5"
    assert text(card(found[:1], {"delta": True}, field="a"), "stat-delta") == ""
    body = card(found, {"sparkline": True}, field="a")
    assert 'd="M0 300h0L500 0L1000 112"' in body
    assert "style=" not in body


def test_a_card_needs_a_field_unless_it_counts() -> None:
    with pytest.raises(Invalid) as caught:
        widget("stat_card", {}, aggregate="avg")
    assert caught.value.faults[0].path == ("query", "field")


def test_everything_that_people_wrote_is_escaped() -> None:
    evil = "<script>alert('x')</script>"
    body = card(records({"a": evil}), {"label": evil}, field="a") + card(records({"a": 1}), {"unit": evil}, field="a")
    assert "<script" not in body


def test_rows_have_the_value_as_it_is() -> None:
    made = widget("stat_card", {}, field="a", aggregate="avg")
    assert made.rows(made.start([page(NUMBERS)], NOON))[1] == [["a", "avg", 1007.5 / 3]]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53), min_size=1, max_size=40)
)
def test_sums_and_averages_do_not_drift(values: list[float]) -> None:
    """As exact as adding up what is in the window anew, however often it has slid."""
    total, mean = (widget("stat_card", {}, field="a", limit=5, aggregate=how) for how in ("sum", "avg"))
    states = [total.start([], NOON), mean.start([], NOON)]
    for offset, value in enumerate(values, 1):
        step = page([record(offset, {"a": value})])
        states = [total.step(states[0], step, NOON), mean.step(states[1], step, NOON)]
        newest = values[max(offset - 5, 0) : offset]
        try:
            expected = math.fsum(newest)
        except OverflowError:
            expected = None
        assert total.rows(states[0])[1][0][2] == expected
        if expected is not None and abs(expected) > 1e-290:
            assert mean.rows(states[1])[1][0][2] == pytest.approx(expected / len(newest), rel=1e-15)
