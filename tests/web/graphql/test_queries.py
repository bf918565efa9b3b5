"""What queries give is what REST gives."""

from typing import Any

import orjson
import pytest

from tests.server import ADMIN, STREAM, Client, bearer
from tests.web.graphql.wire import ask, codes, data
from tests.wire import RECORDS, numbers, pipeline_of, trim

PAGE = """query($after: String, $before: String, $first: Int! = 100, $where: String, $p: ID! = "weather") {
  records(pipelineId: $p, after: $after, before: $before, first: $first, where: $where) {
    edges { cursor node { offset cursor timestamp data metrics } }
    pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
  }
}"""


async def page(client: Client, **variables: Any) -> tuple[list[int], dict[str, Any]]:
    """Offsets, and where the page lies."""
    found = (await data(client, PAGE, STREAM, **variables))["records"]
    assert all(edge["cursor"] == edge["node"]["cursor"] for edge in found["edges"])
    return [edge["node"]["offset"] for edge in found["edges"]], found["pageInfo"]


def lies(epoch: str, first: int, last: int, *, before: bool, after: bool) -> dict[str, Any]:
    cursors = {"startCursor": f"{epoch}-{first}", "endCursor": f"{epoch}-{last}"}
    return {**cursors, "hasNextPage": after, "hasPreviousPage": before}


@pytest.fixture
async def epoch(client: Client) -> str:
    return str((await pipeline_of(client))["log"]["epoch"])


async def test_a_record_is_the_same_as_on_every_channel(client: Client):
    await client.append(b'{"n": 1, "place": {"temp": 21.5}, "text": "\xc3\xa4"}')
    [edge] = (await data(client, PAGE, STREAM))["records"]["edges"]
    [record] = (await client.get(RECORDS, headers=bearer(STREAM))).json()["records"]
    cursor = edge["node"].pop("cursor")
    assert edge["node"] == record and cursor.endswith("-1")


async def test_pages_forwards_and_backwards(client: Client, epoch: str):
    await numbers(client, 1, 250)
    assert await page(client) == (list(range(151, 251)), lies(epoch, 151, 250, before=True, after=False))
    assert await page(client, first=250) == (list(range(1, 251)), lies(epoch, 1, 250, before=False, after=False))
    found = await page(client, after=f"{epoch}-10", first=5)
    assert found == ([11, 12, 13, 14, 15], lies(epoch, 11, 15, before=True, after=True))
    found = await page(client, before=f"{epoch}-6", first=10)
    assert found == ([1, 2, 3, 4, 5], lies(epoch, 1, 5, before=False, after=True))
    offsets, cursor = [], f"{epoch}-0"
    for _ in range(3):
        some, where = await page(client, after=cursor, first=90)
        offsets, cursor = offsets + some, where["endCursor"]
    assert offsets == list(range(1, 251)) and not where["hasNextPage"]


async def test_pages_of_an_empty_log(client: Client, epoch: str):
    for variables in ({}, {"after": f"{epoch}-0"}, {"where": "true"}):
        offsets, where = await page(client, **variables)
        assert (offsets, where["hasNextPage"], where["hasPreviousPage"]) == ([], False, False)
        assert where["endCursor"] == f"{epoch}-0", "from which one can go on"


async def test_pages_with_a_filter(client: Client, epoch: str):
    await numbers(client, 1, 3000)
    odd = "data.n % 1000 == 7"
    assert (await page(client, where=odd, first=2))[0] == [1007, 2007]
    offsets, where = await page(client, where=odd, first=2, after=f"{epoch}-0")
    assert offsets == [7, 1007] and where["endCursor"] == f"{epoch}-1007" and where["hasNextPage"]
    assert (await page(client, where=odd, first=5, after=where["endCursor"]))[0] == [2007]
    assert (await page(client, where=odd, first=5, before=f"{epoch}-1007"))[0] == [7]


async def test_a_filter_looks_through_a_bounded_part_and_says_how_far(client: Client, epoch: str):
    for first in range(1, 25_001, 5_000):
        await numbers(client, first, first + 4_999)
    offsets, where = await page(client, where="data.n == 20001", after=f"{epoch}-0", first=1)
    assert offsets == [] and where["hasNextPage"]
    while not offsets:
        offsets, where = await page(client, where="data.n == 20001", after=where["endCursor"], first=1)
    assert offsets == [20_001]


async def test_pages_of_a_trimmed_log(client: Client, epoch: str):
    first = await trim(client)
    offsets, where = await page(client, after=f"{epoch}-0", first=2)
    assert offsets == [first, first + 1]
    assert where["hasNextPage"] and not where["hasPreviousPage"], "what is gone is no page before"


async def test_series_are_what_a_chart_shows(client: Client):
    start = 1_700_000_000
    body = [{"at": start + n, "n": n, "city": "ab"[n % 2]} for n in range(100)]
    change = {"mapping": [{"timestamp": {"field": "at", "format": "unix"}}]}
    (await client.request("PUT", "/api/pipelines/weather", json=change, headers=bearer(ADMIN))).raise_for_status()
    (await client.append(orjson.dumps(body[::-1]))).raise_for_status()  # out of order
    query = """query($points: Int!, $how: Aggregate!, $by: String, $to: DateTime! = "2023-11-14T22:15:00Z") {
      series(pipelineId: "weather", fields: ["n"], from: "2023-11-14T22:13:20Z", to: $to, points: $points,
        aggregate: $how, groupBy: $by) { times lines { field group values } } }"""
    every = (await data(client, query, STREAM, points=200, how="AVG"))["series"]
    assert every["times"][0] == "2023-11-14T22:13:20.000Z" and len(every["times"]) == 100
    assert every["lines"] == [{"field": "n", "group": None, "values": list(range(100))}]
    joined = (await data(client, query, STREAM, points=10, how="SUM"))["series"]
    assert sum(value or 0 for value in joined["lines"][0]["values"]) == sum(range(100))
    assert len(joined["times"]) <= 11
    grouped = (await data(client, query, STREAM, points=200, how="AVG", by="city"))["series"]
    assert [(line["group"], len([v for v in line["values"] if v is not None])) for line in grouped["lines"]] == [
        ("a", 50),
        ("b", 50),
    ]
    early = (await data(client, query, STREAM, points=200, how="AVG", to="2023-11-14T22:13:29Z"))["series"]
    assert early["lines"][0]["values"] == list(range(10))


async def test_series_say_what_cannot_be(client: Client):
    query = """query($fields: [String!]!, $from: DateTime, $to: DateTime, $points: Int!) {
      series(pipelineId: "weather", fields: $fields, from: $from, to: $to, points: $points) { times } }"""
    good: dict[str, Any] = {"fields": ["n"], "points": 10}
    assert await codes(client, query, STREAM, **good) == []
    for bad in (
        {"points": 0}, {"points": 2_001}, {"fields": []}, {"fields": ["n"] * 21}, {"from": "now-15m"},
        {"from": "2023-11-14T22:15:00Z", "to": "2023-11-14T22:15:00Z"}, {"to": "0001-01-01T00:00:00+14:00"},
    ):  # fmt: skip
        found = await codes(client, query, STREAM, **{**good, **bad})
        assert found in (["BAD_USER_INPUT"], ["TOO_COMPLEX"]), bad
    whole = {"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z"}
    assert await codes(client, query, STREAM, **good, **whole) in ([], ["BAD_USER_INPUT"])


async def test_pipelines_are_what_rest_shows(client: Client):
    query = """query($id: ID!) { pipeline(id: $id) { id slug name persist paused revision source mapping streamToken
      retention { days bytes } allowedOrigins log { epoch first last bytes cursor } } }"""
    for slug in ("weather", "volatile"):
        found = (await data(client, query, ADMIN, id=slug))["pipeline"]
        shown = await pipeline_of(client, slug)
        cursor = found["log"].pop("cursor")
        assert cursor == f"{shown['log']['epoch']}-{shown['log']['last']}"
        same = {"streamToken": "stream_token", "allowedOrigins": "allowed_origins"}
        assert found == {name: shown[same.get(name, name)] for name in found}
        by_id = (await data(client, query, ADMIN, id=found["id"]))["pipeline"]
        assert by_id["slug"] == slug


async def test_dashboards_are_what_rest_shows(client: Client):
    await client.append(b'{"wind": 4.7, "date": "2012-01-01", "weather": "rain", "temp_max": 12.8}')
    query = """{ dashboards { id slug title isPublic revision widgets { id type config query position { x y w h }
      data { columns rows } } } }"""
    found = {each["slug"]: each for each in (await data(client, query))["dashboards"]}
    for slug in ("weather", "private"):
        shown = (await client.get(f"/api/dashboards/{slug}", headers=bearer(ADMIN))).json()
        got = found[slug]
        contents = {each["id"]: each.pop("data") for each in got["widgets"]}
        assert got["isPublic"] == shown["is_public"]
        assert {name: got[name] for name in ("id", "slug", "title", "revision", "widgets")} == {
            name: shown[name] for name in ("id", "slug", "title", "revision", "widgets")
        }
        for id, content in contents.items():
            one = (await client.get(f"/d/{slug}/w/{id}.json", headers=bearer(ADMIN))).json()
            assert content == {"columns": one["columns"], "rows": one["rows"]}


async def test_a_widget_whose_pipeline_is_gone_shows_nothing(client: Client):
    widget = {
        "id": "late", "type": "stat_card", "position": {"x": 0, "y": 0, "w": 3, "h": 2}, "config": {},
        "query": {"pipeline": "weather", "field": "n"},
    }  # fmt: skip
    put = await client.request("PUT", "/api/dashboards/late", json={"widgets": [widget]}, headers=bearer(ADMIN))
    put.raise_for_status()
    answer = await ask(client, '{ dashboard(slug: "late") { widgets { data { columns rows } } } }')
    assert answer["data"]["dashboard"]["widgets"][0]["data"]["rows"]
