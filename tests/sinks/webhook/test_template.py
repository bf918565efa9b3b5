"""Bodies in a form of the receiver's own."""

import asyncio
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash.base import limits
from livedash.model import Record
from livedash.model.errors import TooLarge
from livedash.sinks.webhook import template as module
from livedash.sinks.webhook.examples import DISCORD, SLACK
from livedash.sinks.webhook.template import Template

from .support import NOON, a_record
from .test_body import DATA


async def rendered(template: Any, *data: dict[str, Any]) -> Any:
    records = [a_record(offset, each, NOON + offset * 1_000_000) for offset, each in enumerate(data, 1)]
    return orjson.loads(await Template(template).render("weather", NOON, records))


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ data.temp }}", 2.5),  # of the newest record
        ("{{ data }}", {"temp": 2.5, "city": "Bern", "tags": ["a", 1], "none": None}),
        ("{{ data.tags }}", ["a", 1]),
        ("{{ data.temp > 1 }}", True),
        ("{{ metrics.temp * 2 }}", 5),
        ("{{ timestamp }}", "2026-11-25T12:00:02.000Z"),
        ("{{offset}}", 2),
        ("{{ pipeline }}", "weather"),
        ("{{ count + 1 }}", 3),
        ("{{ data.missing }}", None),
        ("{{ data.none }}", None),
        ("{{ data.city * 2 }}", None),
        ("{{ {'a': {'b': count}} }}", {"a": {"b": 2}}),
        ("{{ {'a': {'b': 1}}}}", {"a": {"b": 1}}),
        ("{{ '}}' }}", "}}"),
        ("{{ '{{' }}", "{{"),
        ("{{ b'bytes' }}", None),
        (" {{ count }}", " 2"),
        ("{{ count }}{{ count }}", "22"),
        ("{{ data.city }}: {{ data.temp }} °C", "Bern: 2.5 °C"),
        ("{{ data.tags }} at {{ timestamp }}", '["a",1] at 2026-11-25T12:00:02.000Z'),
        ("{{ data.temp > 1 }}!", "true!"),
        ("a{{ data.missing }}b{{ data.none }}c", "abc"),
        ("} }} {", "} }} {"),
        ("", ""),
        (3, 3),
        ([None, True, 1.5, "x", {}], [None, True, 1.5, "x", {}]),
        (
            {"a": ["{{ count }}"], "$schema": "s", "$$each": 1, "$$$x": 2},
            {"a": [2], "$schema": "s", "$each": 1, "$$x": 2},
        ),
    ],
)
async def test_an_expression(template: Any, expected: Any) -> None:
    newest = {"temp": 2.5, "city": "Bern", "tags": ["a", 1], "none": None}
    assert await rendered(template, {"temp": 1}, newest) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ({"$each": "{{ data.a }}"}, [1, 2, None]),
        ({"rows": {"$each": ["{{ offset }}", "{{ data.a }}"]}}, {"rows": [[1, 1], [2, 2], [3, None]]}),
        (["first", {"$each": "{{ offset }}"}, "last"], ["first", 1, 2, 3, "last"]),
        ({"$each": "{{ data.a }}", "$join": ", "}, "1, 2, "),
        ({"$each": "{{ count }} {{ data.a }}", "$join": "\n"}, "3 1\n3 2\n3 "),
        ({"$each": ["{{ offset }}"], "$join": ""}, "[1][2][3]"),
        ([{"$each": "x", "$join": "-"}], ["x-x-x"]),
        ({"a": {"$each": "{{ offset }}"}, "b": {"$each": "{{ data.a }}"}}, {"a": [1, 2, 3], "b": [1, 2, None]}),
    ],
)
async def test_for_each_record(template: Any, expected: Any) -> None:
    assert await rendered(template, {"a": 1}, {"a": 2}, {"b": 3}) == expected


async def test_without_records() -> None:
    template = {"each": {"$each": 1}, "n": "{{ count }}", "at": "{{ timestamp }}", "temp": "{{ data.temp }}"}
    assert await rendered(template) == {"each": [], "n": 0, "at": "2026-11-25T12:00:00.000Z", "temp": None}


async def test_slack() -> None:
    assert await rendered(SLACK["template"], {"city": "Bern", "temp": 2}, {"city": "<!channel>", "temp": 3.5}) == {
        "text": "2 new in weather",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "2 new in weather"}},
            {"type": "section", "text": {"type": "plain_text", "text": "Bern: 2 °C"}},
            {"type": "section", "text": {"type": "plain_text", "text": "<!channel>: 3.5 °C"}},
        ],
    }


async def test_discord() -> None:
    assert await rendered(DISCORD["template"], {"city": "@everyone", "temp": 2}) == {
        "content": "1 new in weather",
        "allowed_mentions": {"parse": []},
        "embeds": [{"title": "@everyone", "description": "2 °C", "timestamp": "2026-11-25T12:00:01.000Z"}],
    }


async def test_a_large_batch_leaves_turns_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TURN_SECONDS", 0.0)
    records = [a_record(offset, {"a": offset}) for offset in range(1, 11)]
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(count())
    await Template({"$each": "{{ data.a }}"}).render("weather", NOON, records)
    other.cancel()
    assert turns >= 10


@pytest.mark.parametrize(
    "template",
    [["{{ data }}"] * 50, {"$each": ["{{ data }}"] * 50}, {"$each": "{{ data.a }}" * 50, "$join": ""}],
    ids=["once", "each", "joined"],
)
async def test_what_it_makes_has_a_limit(template: Any) -> None:
    data = {"a": "x" * 400_000}  # more than a record can hold, so that one is enough
    with pytest.raises(TooLarge, match="16 MiB"):
        await rendered(template, data)
    assert len(orjson.dumps(await rendered({"$each": "{{ data }}"}, data))) < limits.TEMPLATE_BODY_BYTES


async def test_what_is_too_much_is_known_before_all_of_it_is_made() -> None:
    records = [a_record(1, {"a": "x" * 400_000}), Record(2, NOON, b"never read")]
    with pytest.raises(TooLarge):
        await Template({"$each": ["{{ data }}"] * 50}).render("weather", NOON, records)


_EXPRESSIONS = (
    *("data", "data.a", "data.a.b", "metrics.a", "offset", "timestamp", "count / 0", "[data, {'a': 1}]", "{1: 2}"),
    *("timestamp - timestamp", "data.a + data.a", "string(data.a)", "b'a'", "1.0 / 0.0", "18446744073709551615u"),
)
_LITERALS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{$"), max_size=4)
_TEXTS = st.lists(_LITERALS | st.sampled_from([f"{{{{ {each} }}}}" for each in _EXPRESSIONS]), max_size=3).map("".join)
_NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
_PLAIN = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_LITERALS, inner, max_size=3),
    max_leaves=5,
)
_EACH = _PLAIN.map(lambda t: {"$each": t}) | st.tuples(_PLAIN, st.text("a,\n", max_size=2)).map(
    lambda pair: {"$each": pair[0], "$join": pair[1]}
)
TEMPLATES = _PLAIN | _EACH | st.lists(_PLAIN | _EACH, max_size=3) | st.fixed_dictionaries({"a": _EACH, "b": _PLAIN})


@given(TEMPLATES, st.lists(DATA | st.fixed_dictionaries({"a": DATA}), max_size=3))
async def test_any_template_makes_json_of_any_records(template: Any, data: list[dict[str, Any]]) -> None:
    records = [a_record(offset, each) for offset, each in enumerate(data, 1)]
    body = await Template(template).render("weather", NOON, records)
    orjson.loads(body)
    fresh = [a_record(offset, each) for offset, each in enumerate(data, 1)]
    assert body == await Template(template).render("weather", NOON, fresh), "the same after a restart"
