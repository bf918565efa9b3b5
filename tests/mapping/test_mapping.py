"""Mappings: what each step does, what is refused, and what holds for all of them."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from livedash.mapping import Refused, Steps, compile
from livedash.mapping.times import FIRST, LAST
from livedash.model.record import to_micros

STEPS = TypeAdapter(Steps)
NOW = 1_700_000_000_000_000


def run(steps: list[dict[str, Any]], data: dict[str, Any]) -> dict[str, Any]:
    return compile(STEPS.validate_python(steps))(data, NOW)[0]


def stamp(settings: dict[str, Any], value: object) -> int:
    return compile(STEPS.validate_python([{"timestamp": {"field": "t", **settings}}]))({"t": value}, NOW)[1]


def test_without_steps_the_record_itself_comes_back() -> None:
    data = {"a": 1}
    out, timestamp = compile(())(data, NOW)
    assert out is data
    assert timestamp == NOW


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"rename": {"a": "x"}}, {"x": 1, "b": {"c": 2, "d": 3}, "e.f": 4}),
        ({"rename": {"b.c": "c", "missing": "y"}}, {"a": 1, "b": {"d": 3}, "e.f": 4, "c": 2}),
        ({"rename": {"e.f": "a.b"}}, {"a": 1, "b": {"c": 2, "d": 3}, "a.b": 4}),
        ({"rename": {"a": "b", "b": "a"}}, {"b": 1, "a": {"c": 2, "d": 3}, "e.f": 4}),
        ({"rename": {"a": "b"}}, {"b": 1, "e.f": 4}),
        ({"rename": {"b": "x", "b.c": "y"}}, {"a": 1, "x": {"d": 3}, "e.f": 4, "y": 2}),
        ({"keep": ["e.f", "b.c", "missing.x"]}, {"e.f": 4, "b": {"c": 2}}),
        ({"keep": ["b", "b.c"]}, {"b": {"c": 2, "d": 3}}),
        ({"keep": ["b.c", "b"]}, {"b": {"c": 2, "d": 3}}),
        ({"keep": []}, {}),
        ({"drop": ["a", "b.d", "e.f", "missing"]}, {"b": {"c": 2}}),
        ({"compute": {"f": "data.a * 1.8 + 32", "g": "data.f + metrics['b.c']"}},
         {"a": 1, "b": {"c": 2, "d": 3}, "e.f": 4, "f": 33.8, "g": 35.8}),
        ({"compute": {"when": "timestamp", "for": "duration('1m')", "a": "[data.a]"}},
         {"a": [1], "b": {"c": 2, "d": 3}, "e.f": 4, "when": "2023-11-14T22:13:20.000Z", "for": 60.0}),
        ({"where": "data.a == 1"}, {"a": 1, "b": {"c": 2, "d": 3}, "e.f": 4}),
    ],
)  # fmt: skip
def test_steps(step: dict[str, Any], expected: dict[str, Any]) -> None:
    data = {"a": 1, "b": {"c": 2, "d": 3}, "e.f": 4}
    before = copy.deepcopy(data)
    out = run([step], data)
    assert list(out.items()) == list(expected.items())
    assert data == before


def test_the_example_of_the_documentation() -> None:
    assert run([{"rename": {"tmax": "temp_max"}}], {"date": "2012-01-01", "tmax": 12.8}) == {
        "date": "2012-01-01",
        "temp_max": 12.8,
    }


def test_steps_run_in_order() -> None:
    steps = [{"rename": {"t": "temp"}}, {"compute": {"f": "data.temp * 2"}}, {"where": "data.f > 2"}, {"keep": ["f"]}]
    assert run(steps, {"t": 2, "x": 1}) == {"f": 4}
    with pytest.raises(Refused, match=r"filtered by mapping: data\.f > 2"):
        run(steps, {"t": 1})


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([{"where": "data.missing > 1"}], "filtered by mapping: data.missing > 1"),
        ([{"compute": {"f": "data.q * 2"}}], "compute f: there is no field 'q'"),
        ([{"compute": {"f": "data.a * 'x'"}}], "compute f: "),
        ([{"compute": {"f": "double('nan')"}}], "compute f: the result nan cannot be written as JSON"),
        ([{"compute": {"f": "b'x'"}}], "cannot be written as JSON"),
        ([{"compute": {"f": "{1: 'a'}"}}], "keys of an object must be strings"),
        ([{"compute": {"f": "'" + "x" * 400 + "'"}}, *[{"compute": {"f": "data.f + data.f"}}] * 9], "larger than"),
        ([{"timestamp": {"field": "t"}}], "timestamp: there is no field 't'"),
        (
            [{"timestamp": {"field": "a"}}, {"timestamp": {"field": "s"}}],
            "timestamp: s = 'soon' is not an ISO 8601 time",
        ),
    ],
)
def test_refusals_say_why(steps: list[dict[str, Any]], reason: str) -> None:
    with pytest.raises(Refused) as caught:
        run(steps, {"a": 1, "s": "soon"})
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "value", "micros"),
    [
        ({}, "2023-11-14T22:13:20Z", NOW),
        ({}, "2023-11-14T23:13:20.000001+01:00", NOW + 1),
        ({}, "2023-11-14 22:13:20", NOW),
        ({"timezone": "Europe/Zurich"}, "2023-11-14T23:13:20", NOW),
        ({"timezone": "Europe/Zurich"}, "2023-07-01", 1_688_162_400_000_000),
        ({}, "20231114", 1_699_920_000_000_000),
        ({}, 1_700_000_000, NOW),
        ({}, 1_700_000_000.25, NOW + 250_000),
        ({}, 1_700_000_000_123, NOW + 123_000),
        ({}, NOW, NOW),
        ({}, NOW * 1000, NOW),
        ({}, "1700000000.5", NOW + 500_000),
        ({"format": "unix"}, 200_000_000_000, 200_000_000_000_000_000),
        ({"format": "unix_ms"}, 5, 5_000),
        ({"format": "iso"}, "0001-01-01T00:00:00Z", FIRST),
    ],
)  # fmt: skip
def test_timestamps(settings: dict[str, Any], value: object, micros: int) -> None:
    assert stamp(settings, value) == micros


@pytest.mark.parametrize(
    ("settings", "value"),
    [
        ({}, None), ({}, True), ({}, ""), ({}, []), ({}, "yesterday"), ({}, "0001-01-01T00:00:00+01:00"),
        ({"timezone": "Asia/Tokyo"}, "0001-01-01"), ({"format": "iso"}, 5), ({"format": "unix"}, "x"),
        ({"format": "unix"}, 10**20), ({"format": "unix_ms"}, -1e300), ({}, "9999-12-31T23:59:59-01:00"),
    ],
)  # fmt: skip
def test_nonsense_for_a_time_is_refused(settings: dict[str, Any], value: object) -> None:
    with pytest.raises(Refused, match="timestamp: t = "):
        stamp(settings, value)


@pytest.mark.parametrize(
    ("steps", "where"),
    [
        ([{}], (0,)),
        ([{"keep": ["a"], "drop": ["b"]}], (0,)),
        ([{"rename": {"a": "x", "b": "x"}}], (0,)),
        ([{"renam": {"a": "x"}}], (0, "renam")),
        ([{"where": "data.a >"}], (0, "where")),
        ([{"keep": ["a"]}, {"compute": {"f": "offset + 1"}}], (1, "compute", "f")),
        ([{"timestamp": {"field": "t", "timezone": "Mars/Base"}}], (0, "timestamp", "timezone")),
    ],
)
def test_mistakes_are_found_where_they_stand(steps: list[dict[str, Any]], where: tuple[Any, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        STEPS.validate_python(steps)
    assert where in [error["loc"] for error in caught.value.errors()]


def test_steps_survive_being_stored_as_json() -> None:
    steps = STEPS.validate_python([{"rename": {"a": "b"}}, {"timestamp": {"field": "t"}}, {"drop": ["x"]}])
    stored = json.loads(STEPS.dump_json(steps, exclude_none=True))
    assert stored[0] == {"rename": {"a": "b"}}
    assert STEPS.validate_python(stored) == steps
    assert STEPS.validate_python(STEPS.dump_python(steps, mode="json")) == steps


LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
KEYS = st.sampled_from(["a", "b", "c", "a.b", "a.b.c", "b.c"])
JSON = st.recursive(
    LEAVES | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.dictionaries(KEYS, JSON, max_size=5)
PATHS = st.lists(st.sampled_from(["a", "b", "a.b", "a.b.c", "b.c", "c.a"]), max_size=4)
EXPRESSIONS = st.sampled_from(
    ["data.a", "data.a + data.b", "data", "metrics", "size(data)", "has(data.a.b)", "timestamp"]
)
ONE_STEP = st.one_of(
    st.dictionaries(st.sampled_from(["a", "b", "a.b", "a.b.c", "c"]), KEYS, max_size=4)
    .filter(lambda names: len(set(names.values())) == len(names))
    .map(lambda names: {"rename": names}),
    PATHS.map(lambda paths: {"keep": paths}),
    PATHS.map(lambda paths: {"drop": paths}),
    st.dictionaries(KEYS, EXPRESSIONS, max_size=2).map(lambda fields: {"compute": fields}),
    st.sampled_from(["a", "b.c"]).map(lambda path: {"timestamp": {"field": path}}),
    st.just({"where": "!has(data.a) || data.a != data.b"}),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(ONE_STEP, max_size=4), RECORDS)
def test_a_mapping_never_changes_its_input_and_keeps_what_json_can_hold(steps: list[Any], data: dict[str, Any]) -> None:
    mapper = compile(STEPS.validate_python(steps))
    before = copy.deepcopy(data)
    try:
        out, timestamp = mapper(data, NOW)
    except Refused as refused:
        assert str(refused)
    else:
        assert orjson.loads(orjson.dumps(out)) == out
        assert FIRST <= timestamp <= LAST
        assert mapper(data, NOW) == (out, timestamp)
    assert data == before
    assert orjson.dumps(data) == orjson.dumps(before)


@settings(max_examples=200, deadline=None)
@given(st.datetimes())
def test_every_moment_is_read_as_it_was_written(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    assert stamp({}, aware.isoformat()) == to_micros(aware)
    assert stamp({"format": "unix_ms"}, to_micros(aware) // 1000) == to_micros(aware) // 1000 * 1000
