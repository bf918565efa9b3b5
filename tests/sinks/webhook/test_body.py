"""What stands in a body without a template."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash.model import Gap
from livedash.sinks.sink import Parcel
from livedash.sinks.webhook.body import Body
from livedash.sinks.webhook.examples import DISCORD, SLACK
from livedash.sinks.webhook.settings import Webhook

from .support import NOON, a_parcel, a_record

DATA = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=5,
    ),
    max_size=4,
)


def a_body(**settings: object) -> Body:
    return Body(Webhook.model_validate({"url": "http://localhost/", **settings}))


async def test_records_as_on_every_channel() -> None:
    parcel = a_parcel({"temp": 21.5, "location": {"city": "Zürich"}}, {"temp": -3})
    assert await a_body().of(parcel) == (
        b'{"type":"records","timestamp":"2026-11-25T12:00:00.000Z","data":{"pipeline":"weather","records":['
        b'{"offset":1,"timestamp":"2026-11-25T12:00:00.000Z","data":{"temp":21.5,"location":{"city":"Z\xc3\xbcrich"}},'
        b'"metrics":{"temp":21.5}},'
        b'{"offset":2,"timestamp":"2026-11-25T12:00:00.000Z","data":{"temp":-3},"metrics":{"temp":-3}}]}}'
    )


async def test_only_chosen_fields() -> None:
    body = orjson.loads(await a_body(fields=["location.city"]).of(a_parcel({"temp": 1, "location": {"city": "Bern"}})))
    assert [each["data"] for each in body["data"]["records"]] == [{"location": {"city": "Bern"}}]


async def test_a_gap() -> None:
    parcel = Parcel("id", "gap", "weather", NOON, gap=Gap(5, None, "epoch"))
    expected = {"pipeline": "weather", "from": 5, "to": None, "reason": "epoch"}
    for body in (a_body(), a_body(template={"text": "{{ data.temp }}"})):
        assert orjson.loads(await body.of(parcel)) == {
            "type": "gap",
            "timestamp": "2026-11-25T12:00:00.000Z",
            "data": expected,
        }


@pytest.mark.parametrize(("settings", "key"), [(SLACK, "text"), (DISCORD, "content")])
async def test_a_gap_in_the_form_of_the_template(settings: dict[str, object], key: str) -> None:
    parcel = Parcel("id", "gap", "weather", NOON, gap=Gap(5, 9, "trimmed"))
    body = orjson.loads(await Body(Webhook.model_validate(settings)).of(parcel))
    assert body[key] == "Records of weather from 5 on no longer exist: trimmed"


async def test_a_test() -> None:
    body = orjson.loads(await a_body().of(a_parcel(kind="test")))
    assert (body["type"], body["data"]) == ("test", {"pipeline": "weather", "records": []})


@given(st.lists(DATA, max_size=4), st.sampled_from([None, ("a",), ("a.b",)]))
async def test_a_body_is_json_of_the_records(data: list[dict[str, object]], fields: tuple[str, ...] | None) -> None:
    records = tuple(a_record(offset, each) for offset, each in enumerate(data, 1))
    parcel = Parcel("id", "records", "weather", NOON, records)
    text = await a_body(fields=fields).of(parcel)
    body = orjson.loads(text)
    assert text == await a_body(fields=fields).of(parcel), "the same at each attempt"
    assert [each["offset"] for each in body["data"]["records"]] == list(range(1, len(data) + 1))
    if fields is None:
        assert body["data"]["records"] == [each.event for each in records]
