"""Every operation of the schema, asked with whatever the schema allows: never an error that is ours, and always one
that says what it is."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import graphql
import httpx
import orjson
import pytest
import schemathesis
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.graphql import nodes

from tests.docs.pages import ROOT
from tests.server import ADMIN, INGEST, STREAM, bearer, process
from tests.web.graphql.wire import EVENTS, PATH, begun

EXAMPLES = 50
CODE = re.compile(r"[A-Z_]+")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
# port 9 of loopback: refused at once, and nothing leaves the machine
SINK = {"type": "webhook", "url": "http://127.0.0.1:9/hooks"}
# a pipeline, a dashboard, and on them a sink and a widget, so that any two of them are often found together
WEATHER = "weather"
NAMES = [WEATHER] * 8 + ["other", "volatile", "private", "new", "", "no-such", "Ünï"]
WIDGET = {"type": "stat_card", "config": {"title": "T"}, "query": {"pipeline": "weather", "field": "n"}}

names = st.sampled_from(NAMES) | st.text(max_size=8) | st.just(WEATHER)
leaves = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=8)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
json = values | st.sampled_from([SINK, {**SINK, "secret": SECRET}, WIDGET["config"], WIDGET["query"], {"type": "push"}])
moments = st.datetimes().map(lambda each: each.isoformat() + "Z") | st.sampled_from(
    ["now", "", "0001-01-01T00:00:00+14:00"]
)
longs = st.integers(-(2**53), 2**53) | st.integers(0, 20)


def literal(value: Any) -> Any:
    """A JSON value as GraphQL writes it."""
    match value:
        case None:
            return nodes.Null
        case bool():
            return nodes.Boolean(value)
        case int():
            return nodes.Int(value)
        case float():
            return nodes.Float(value)
        case str():
            return nodes.String(value)
        case list():
            return nodes.List([literal(each) for each in value])
    fields = [
        graphql.ObjectFieldNode(name=graphql.NameNode(value=name), value=literal(each))
        for name, each in value.items()
        if re.fullmatch("[_A-Za-z][_0-9A-Za-z]*", name)
    ]
    return nodes.Object(fields)


schemathesis.graphql.scalar("JSON", json.map(literal))
schemathesis.graphql.scalar("DateTime", moments.map(nodes.String))
schemathesis.graphql.scalar("ID", names.map(nodes.String))
schemathesis.graphql.scalar("Long", longs.map(nodes.Int))
schema = schemathesis.graphql.from_path(ROOT / "docs" / "schema.graphql")


schema.config.generation.update(modes=[schemathesis.GenerationMode.POSITIVE])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """With records, and a sink that gets through to nobody."""
    folder: Path = tmp_path_factory.mktemp("fuzz") / "data"
    with process(folder, LIVEDASH_OUTBOUND_ALLOW="127.0.0.1", LIVEDASH_STREAM_OPENS_PER_MINUTE="0") as (_, url):
        yield url


@pytest.fixture
def seeded(server: str) -> str:
    """Whatever was deleted is there again."""
    with httpx.Client(base_url=server, headers=bearer(ADMIN)) as client:
        for name in ("weather", "other"):
            client.put(f"/api/pipelines/{name}", json={"paused": False}).raise_for_status()
        client.put("/api/pipelines/weather/sinks/weather", json=SINK).raise_for_status()
        widgets = [{"id": WEATHER, **WIDGET, "position": {"x": 0, "y": 0, "w": 1, "h": 1}}]
        client.put("/api/dashboards/weather", json={"is_public": True, "widgets": widgets}).raise_for_status()
        records = [{"n": n, "city": "ab"[n % 2]} for n in range(10)]
        client.post("/api/pipelines/weather/records", json=records, headers=bearer(ADMIN)).raise_for_status()
    return server


def check(answer: dict[str, Any]) -> None:
    assert "data" in answer or answer["errors"], answer
    for error in answer.get("errors", ()):
        assert error["message"]
        code = error["extensions"]["code"]
        assert CODE.fullmatch(code) and code != "INTERNAL_SERVER_ERROR", error


ours = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@schema.parametrize()
@ours
def test_each_operation(case: schemathesis.Case, seeded: str) -> None:
    response = case.call(base_url=seeded + PATH, headers=bearer(ADMIN))
    assert response.status_code < 500
    check(response.json())


def test_no_operation_is_left_out() -> None:
    assert len(list(schema.get_all_operations())) == len(re.findall("^  [a-z]", "".join(_roots()), re.MULTILINE)) > 20


def _roots() -> list[str]:
    text = (ROOT / "docs" / "schema.graphql").read_text(encoding="utf-8")
    without = re.sub(r'""".*?"""', "", text, flags=re.DOTALL)
    return [
        re.sub(r"\([^)]*\)", "", part)
        for part in re.findall(r"^type (?:Query|Mutation) \{.*?^\}", without, re.M | re.S)
    ]


async def subscribed(url: str, asked: list[tuple[str, dict[str, Any]]]) -> None:
    """Each is begun, or refused with a reason, and the socket lives on."""
    async with httpx.AsyncClient(base_url=url) as client, begun(client, ADMIN) as socket:
        for query, variables in asked:
            id = await socket.start(query, **variables)
            await socket.say(type="complete", id=id)
        await socket.alive()
        for message in socket.kept():
            if message["type"] == "error":
                check({"errors": message["payload"]})
            else:
                check(message.get("payload", {"data": None}))


cursors = st.text(max_size=10) | st.builds("{}-{}".format, st.sampled_from(["0", "zz9"]), st.integers(0, 10**19))
wheres = st.text(max_size=10) | st.sampled_from(
    ["data.n > 3", "true", "data.", "[1,2].all(x, x > 0)", "data.n / 0 > 1"]
)
asked = st.fixed_dictionaries(
    {"p": names},
    optional={
        "after": st.none() | cursors,
        "where": st.none() | wheres,
        "token": st.sampled_from([STREAM, INGEST, "x", ""]),
    },
)
selections = st.lists(
    st.sampled_from(["offset", "cursor", "timestamp", "data", "metrics", "a: data", "__typename", "nothing"]),
    min_size=1,
)


@ours
@given(st.lists(st.tuples(selections, asked), min_size=EXAMPLES // 5, max_size=EXAMPLES))
def test_subscriptions(seeded: str, many: list[tuple[list[str], dict[str, Any]]]) -> None:
    queries = [(EVENTS.replace("offset cursor timestamp data metrics", " ".join(some)), given) for some, given in many]
    uvloop.run(subscribed(seeded, queries))


@ours
@given(st.binary(max_size=60) | values.map(orjson.dumps) | json.map(lambda each: orjson.dumps({"query": each})))
def test_any_body(seeded: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json", **bearer(ADMIN)}
    response = httpx.post(seeded + PATH, content=body, headers=headers)
    assert response.status_code in (200, 400), response.text
    check(response.json())
