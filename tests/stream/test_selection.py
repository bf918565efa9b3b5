from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash.model import Record
from livedash.model.record import Draft, field, metrics_of
from livedash.stream.selection import Selection


def a_record(data: dict[str, Any]) -> Record:
    return Record(7, 1_000_000, Draft.encode(data, metrics_of(data), 1_000_000).body)


def chosen(fields: list[str], data: dict[str, Any]) -> tuple[Any, Any]:
    event = orjson.loads(Selection(fields).json(a_record(data)))
    assert list(event) == ["offset", "timestamp", "data", "metrics"]
    assert (event["offset"], event["timestamp"]) == (7, "1970-01-01T00:00:01.000Z")
    return event["data"], event["metrics"]


@pytest.mark.parametrize(
    ("fields", "data", "kept", "metrics"),
    [
        (["a"], {"a": 1, "b": 2}, {"a": 1}, {"a": 1}),
        (["a"], {"ab": 1}, {}, {}),
        (["a", "missing", "a.b"], {"a": 1}, {"a": 1}, {"a": 1}),
        (["a"], {"a": {"b": 1, "c": {"d": 2}}, "ab": 3}, {"a": {"b": 1, "c": {"d": 2}}}, {"a.b": 1, "a.c.d": 2}),
        (["a.b"], {"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, {"a.b": 1}),
        (["a.b.c", "a.d"], {"a": {"b": {"c": 1, "x": 2}, "d": ""}}, {"a": {"b": {"c": 1}, "d": ""}}, {"a.b.c": 1}),
        (["a.b"], {"a.b": 1, "a": {"b": 2}}, {"a.b": 1}, {"a.b": 1}),
        (["a", "a.b"], {"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 2}}, {"a.b": 1, "a.c": 2}),
        (["a.b", "a"], {"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 2}}, {"a.b": 1, "a.c": 2}),
        (["a.b.c", "a.b"], {"a": {"b": {"c": 1, "d": 2}}}, {"a": {"b": {"c": 1, "d": 2}}}, {"a.b.c": 1, "a.b.d": 2}),
        (["a.b", "a.b.c"], {"a": {"b": {"c": 1, "d": 2}}}, {"a": {"b": {"c": 1, "d": 2}}}, {"a.b.c": 1, "a.b.d": 2}),
        (["a.0", "a.b"], {"a": [{"b": 1}]}, {}, {}),
        (["a.b"], {"a": {"b": None}}, {"a": {"b": None}}, {}),
        (["a.b.c"], {"a": {"b": 1}}, {}, {}),
    ],
)  # fmt: skip
def test_chosen_paths(fields: list[str], data: dict[str, Any], kept: Any, metrics: Any) -> None:
    assert chosen(fields, data) == (kept, metrics)


NESTED = st.recursive(
    st.integers(0, 9) | st.lists(st.integers(0, 9), max_size=1),
    lambda inner: st.dictionaries(st.sampled_from(["a", "b", "a.b"]), inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.dictionaries(st.sampled_from(["a", "b", "a.b"]), NESTED, max_size=3)
FIELDS = st.lists(st.sampled_from(["a", "b", "a.b", "a.a", "b.a", "a.b.a", "b.b.b"]), min_size=1, max_size=4)


@given(FIELDS, RECORDS)
def test_what_is_chosen_is_there_and_the_record_stays_as_it_was(fields: list[str], data: dict[str, Any]) -> None:
    record = a_record(data)
    kept = orjson.loads(Selection(fields).json(record))["data"]
    for path in fields:
        if path in data or "." not in path or path not in kept:
            assert field(kept, path) == field(data, path)
    assert record.data == data
    assert orjson.loads(record.json)["data"] == data
