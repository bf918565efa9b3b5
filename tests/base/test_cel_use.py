"""What an expression uses of a record: never less than it needs, and no more than it says."""

from typing import Any

import cel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livedash.base import cel_text
from livedash.base.cel_use import Use, reduced, room_left, use_of

KEYS = ["a", "b", "size"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=12,
)
STEPS = st.sampled_from(
    [".a", ".b", "['a']", '["size"]', "[0]", "[1]", "[ 2 ]", ".size", "[-1]", "['a' + 'b']", "[data.a]"]
)
PATHS = st.lists(STEPS, max_size=4).map(lambda steps: "data" + "".join(steps))
PARTS = st.one_of(
    PATHS,
    PATHS.map(lambda path: f"size({path})"),
    PATHS.map(lambda path: f"has({path})"),
    PATHS.map(lambda path: f"'a' in {path}"),
    PATHS.map(lambda path: f"{path}.size()"),
    PATHS.map(lambda path: f"{path}.startsWith('a')"),
)
TEXTS = st.lists(PARTS, min_size=1, max_size=3).map(" == ".join)


def used(text: str) -> Use:
    return use_of("data", cel_text.tokens(text))


@pytest.mark.parametrize(
    ("text", "use"),
    [
        ("data.a > 1", {"a": None}),
        ("data.a.b > 1 || data.a.c > 1", {"a": {"b": None, "c": None}}),
        ("data.a.b > 1 || size(data.a) > 1", {"a": None}),
        ("data.l[0].a == data.l[2]", {"l": {0: {"a": None}, 2: None}}),
        ("""data["my key"].x == data['']""", {"my key": {"x": None}, "": None}),
        ("data . a . startsWith ( 'x' ) // data", {"a": None}),
        ("data.a[data.i]", {"a": None, "i": None}),
        (r"data['\x61']", None),
        ("data == metrics.data", None),
        ("'data.a' == metrics['data']", {}),
    ],
)
def test_use(text: str, use: Use) -> None:
    assert used(text) == use


def outcome(text: str, data: Any) -> Any:
    """What comes out, or that nothing does."""
    try:
        return cel.compile(text).execute({"data": data})
    except Exception:
        return Exception


@settings(max_examples=500, deadline=None)
@given(TEXTS, st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3))
def test_the_answer_is_that_of_the_whole_record(text: str, data: dict[str, Any]) -> None:
    assert outcome(text, reduced(data, used(text))) == outcome(text, data)


def test_what_is_not_used_is_not_there() -> None:
    data = {"a": {"b": 1, "c": [1] * 1_000}, "l": [{"x": 1, "y": 2}, [3, 4], {"x": 5}, 6], "s": "t" * 1_000}
    assert reduced(data, used("data.a.b == data.l[2].x")) == {"a": {"b": 1}, "l": [None, None, {"x": 5}]}


@pytest.mark.parametrize(
    ("value", "text", "size"),
    [
        ({"a": None}, "data.a", 1),
        ({"a": 1, "b": [1, 2]}, "data", 5),
        ({"a": "x" * 15, "b": "x" * 32}, "data.a == data.b", 4),
        ({"l": [[], {}]}, "data.l", 3),
        ({"l": ["x" * 1_000, 2], "more": [0] * 1_000}, "data.l[1] == 2", 1),
        ({"l": [0] * 160}, "data.l[159] == data.l[0]", 12),
        ({"l": [0] * 16}, "data.l[1000000] == 2", 1),
        ({}, "data.l[0].a", 0),
    ],
)
def test_room(value: Any, text: str, size: int) -> None:
    assert room_left(value, used(text), size) == 0
    assert room_left(value, used(text), size - 1) < 0 or not size
