"""Reading a pipeline page by page, as JSON, CSV and NDJSON."""

import csv
import io

import httpx
import orjson
import pytest

from tests.server import ADMIN, INGEST, STREAM, Client, bearer
from tests.web.test_ingest import problem
from tests.wire import RECORDS, numbers, pipeline_of, trim


async def read(client: Client, form: str = "", **query: str) -> httpx.Response:
    return await client.get(RECORDS + form, params=query, headers=bearer(STREAM))


async def page(client: Client, **query: str) -> tuple[list[int], str, dict | None]:
    """The offsets of a page, its cursor and its gap."""
    body = (await read(client, **query)).raise_for_status().json()
    assert body.keys() == {"records", "cursor", "gap"}
    return [record["offset"] for record in body["records"]], body["cursor"], body["gap"]


@pytest.fixture
async def epoch(client: Client) -> str:
    return (await pipeline_of(client))["log"]["epoch"]


async def test_what_a_record_looks_like(client: Client):
    data = {"station": "Zürich ✓", "location": {"temp": 21.5, "ok": True}, "tags": [1, 2], "none": None}
    await client.append(orjson.dumps(data))
    response = await read(client)
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    [record] = response.json()["records"]
    assert list(record) == ["offset", "timestamp", "data", "metrics"]
    assert (record["offset"], record["data"], record["metrics"]) == (1, data, {"location.temp": 21.5})
    assert len(record["timestamp"]) == len("2026-11-22T19:00:00.123Z") and record["timestamp"].endswith("Z")


async def test_an_empty_pipeline(client: Client, epoch: str):
    assert await page(client) == ([], f"{epoch}-0", None)
    assert (await read(client, ".ndjson")).content == b""
    assert (await read(client, ".csv")).text == "offset,timestamp\r\n"


async def test_pages(client: Client, epoch: str):
    await numbers(client, 1, 250)
    offsets = list(range(1, 251))
    assert await page(client) == (offsets[150:], f"{epoch}-250", None)
    assert await page(client, limit="3") == ([248, 249, 250], f"{epoch}-250", None)
    assert await page(client, limit="200") == (offsets[50:], f"{epoch}-250", None)
    assert await page(client, after=f"{epoch}-0", limit="3") == ([1, 2, 3], f"{epoch}-3", None)
    assert await page(client, after=f"{epoch}-247", limit="2") == ([248, 249], f"{epoch}-249", None)
    assert await page(client, after=f"{epoch}-250") == ([], f"{epoch}-250", None)
    assert await page(client, before=f"{epoch}-4", limit="2") == ([2, 3], f"{epoch}-3", None)
    assert await page(client, before=f"{epoch}-250", limit="2") == ([248, 249], f"{epoch}-249", None)
    assert await page(client, before=f"{epoch}-2") == ([1], f"{epoch}-1", None)
    assert (await page(client, before=f"{epoch}-1"))[0] == []


async def test_every_page_of_a_long_log(client: Client, epoch: str):
    await numbers(client, 1, 2500)
    seen, cursor = [], f"{epoch}-0"
    while (found := await page(client, after=cursor, limit="1000"))[0]:
        seen += found[0]
        cursor = found[1]
    assert seen == list(range(1, 2501))


async def test_a_cursor_ahead_of_the_log_is_told(client: Client, epoch: str):
    """As after a restored backup: who polls must learn that what it saw is not what will come."""
    await numbers(client, 1, 3)
    assert await page(client, after=f"{epoch}-9") == ([], f"{epoch}-3", {"from": 4, "to": 9, "reason": "ahead"})


async def test_what_was_trimmed_is_a_gap(client: Client, epoch: str):
    first = await trim(client)
    offsets, _, gap = await page(client, after=f"{epoch}-5", limit="2")
    assert offsets == [first, first + 1]
    assert gap == {"from": 6, "to": first - 1, "reason": "trimmed"}
    assert (await page(client, after=f"{epoch}-{first - 1}", limit="1"))[::2] == ([first], None)
    assert (await page(client, before=f"{epoch}-{first + 2}"))[::2] == ([first, first + 1], None)


async def test_another_epoch(client: Client):
    first = await trim(client)
    for query in ({"after": "0abc-5"}, {"before": "0abc-5"}):
        response = await read(client, **query)
        assert response.status_code == 410
        offsets, _, gap = await page(client, after=problem(response)["cursor"], limit="1")
        assert (offsets, gap) == ([first], None)


async def test_what_cannot_be_asked(client: Client, epoch: str):
    for query, status in [
        ({"limit": "1001"}, 422), ({"limit": "0"}, 422), ({"limit": "many"}, 422),
        ({"after": "x"}, 400), ({"after": ""}, 400), ({"after": "42"}, 400), ({"before": f"{epoch}-"}, 400),
        ({"after": f"{epoch}-{10**20}"}, 400),
    ]:  # fmt: skip
        for form in ("", ".csv"):
            response = await read(client, form, **query)
            assert response.status_code == status, query
            problem(response)
    response = await read(client, limit="1001")
    assert response.json()["errors"][0]["pointer"] == "/query/limit"
    assert (await read(client, ".xml")).status_code in (404, 422)


async def test_ndjson(client: Client, epoch: str):
    await client.append('[{"n":1},{"n":2,"s":"a\\nb"}]')
    response = await read(client, ".ndjson")
    assert response.headers["content-type"] == "application/x-ndjson"
    lines = [orjson.loads(line) for line in response.text.splitlines()]
    assert lines == (await read(client)).json()["records"]
    assert (await read(client, ".ndjson", after=f"{epoch}-1")).text.count("\n") == 1


async def test_csv(client: Client):
    rows = [
        {"n": 1, "s": 'a "b", c\nd'},
        {"n": -2.5, "nested": {"x": [1, "y"]}, "yes": True},
        {"s": None, "z": "Zürich"},
    ]
    await client.append(orjson.dumps(rows))
    response = await read(client, ".csv")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    head, *body = csv.reader(io.StringIO(response.text, newline=""))
    assert head == ["offset", "timestamp", "n", "s", "nested", "yes", "z"]
    assert [line[0] for line in body] == ["1", "2", "3"]
    assert [line[2:] for line in body] == [
        ["1", 'a "b", c\nd', "", "", ""],
        ["-2.5", "", '{"x":[1,"y"]}', "true", ""],
        ["", "", "", "", "Zürich"],
    ]


async def test_head_is_get_without_a_body(client: Client):
    await numbers(client, 1, 3)
    head, get = [await client.request(method, RECORDS, headers=bearer(STREAM)) for method in ("HEAD", "GET")]
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]


async def test_who_may_read(client: Client):
    for token, status in [
        (None, 401),
        ("nobody-knows-this", 401),
        (INGEST, 403),
        ("other-stream-token", 404),
        (ADMIN, 200),
    ]:
        for form in ("", ".csv", ".ndjson"):
            response = await client.get(RECORDS + form, headers=bearer(token) if token else {})
            assert response.status_code == status, token
    assert (await client.get("/api/pipelines/nothing/records", headers=bearer(ADMIN))).status_code == 404


async def test_pages_of_allowed_origins_may_read(client: Client):
    for origin, allowed in [("https://eu.shop.example", True), ("https://shop.example", False), (None, False)]:
        headers = bearer(STREAM) | ({"Origin": origin} if origin else {})
        response = await client.get(RECORDS, headers=headers)
        assert response.headers.get("access-control-allow-origin") == (origin if allowed else None)
        assert response.headers["vary"] == "Origin"


async def test_the_newest_page_of_large_records_ends_with_the_newest(client: Client, epoch: str):
    for _ in range(3):
        await client.append(orjson.dumps([{"text": "x" * 60_000} for _ in range(50)]))
    offsets, cursor, _ = await page(client, limit="120")
    assert (offsets, cursor) == (list(range(offsets[0], 151)), f"{epoch}-150")
    offsets, _, _ = await page(client, limit="120", before=f"{epoch}-141")
    assert offsets == list(range(offsets[0], 141))
    assert (await page(client, limit="5", before=f"{epoch}-900"))[0] == []
