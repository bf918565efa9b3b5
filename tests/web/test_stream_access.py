"""Who may follow a pipeline, from which pages, and for how long."""

from tests.server import ADMIN, INGEST, STREAM, Client, bearer
from tests.web.test_ingest import problem
from tests.wire import STREAMED, Following, following, numbers


async def offsets(stream: Following, count: int) -> list[int]:
    return [event.json()["offset"] for event in await stream.take(count)]


async def test_who_may_follow(client: Client):
    for token, status in [("", 401), ("nobody-knows-this", 401), (INGEST, 403), ("other-stream-token", 404)]:
        ways = [({"token": token}, {})] + ([({}, bearer(token))] if token else [({}, {})])
        for query, headers in ways:
            response = await client.get(STREAMED, params=query, headers=headers)
            assert response.status_code == status, (token, query)
            problem(response)
            assert not token or token not in response.text
    assert (await client.get("/api/pipelines/nothing/stream", headers=bearer(ADMIN))).status_code == 404
    for query, headers in (
        ({"token": STREAM}, {}),
        ({"token": "other-stream-token"}, bearer(STREAM)),
        ({}, bearer(ADMIN)),
    ):
        async with client.stream("GET", STREAMED, params=query, headers=headers) as response:
            assert response.status_code == 200


async def test_a_revoked_token_hears_nothing_more(client: Client):
    wanted = {"kind": "stream", "pipeline": "weather"}
    token = (await client.request("POST", "/api/tokens", json=wanted, headers=bearer(ADMIN))).json()
    async with following(client, token=token["token"]) as stream, following(client) as other:
        await numbers(client, 1, 1)
        assert await offsets(stream, 1) == [1]
        await client.request("DELETE", f"/api/tokens/{token['id']}", headers=bearer(ADMIN))
        await numbers(client, 2, 2)
        event = await stream.next()
        assert (event.event, event.json()["reason"]) == ("gone", "revoked")
        await stream.farewell()
        assert await offsets(other, 2) == [1, 2]


ORIGINS = [
    ("https://shop.example", True),
    ("https://eu.shop.example", True),
    ("https://a.b.shop.example", True),
    ("http://shop.example", False),
    ("https://shop.example.evil.test", False),
    ("https://evilshop.example", False),
    ("https://evil.test/.shop.example", False),
    ("https://shop.example:8443", False),
    ("null", False),
]


async def test_which_pages_may_follow(client: Client):
    change = {"allowed_origins": ["https://shop.example", "https://*.shop.example"]}
    await client.request("PUT", "/api/pipelines/weather", json=change, headers=bearer(ADMIN))
    for origin, allowed in ORIGINS:
        expected = origin if allowed else None
        asking = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        answer = await client.options(STREAMED, headers=asking)  # browsers send no token here
        assert answer.status_code == 204
        assert answer.headers.get("access-control-allow-origin") == expected, origin
        assert ("GET" in answer.headers.get("access-control-allow-methods", "")) == allowed
        assert ("Authorization" in answer.headers.get("access-control-allow-headers", "")) == allowed
        async with client.stream("GET", STREAMED, headers=bearer(STREAM) | asking) as response:
            assert response.headers.get("access-control-allow-origin") == expected, origin
            assert response.headers["vary"] == "Origin"
    nothing = await client.options("/api/pipelines/nothing/stream", headers={"Origin": "https://shop.example"})
    assert nothing.status_code == 204 and "access-control-allow-origin" not in nothing.headers


async def test_a_deleted_pipeline_ends_its_streams(client: Client):
    await client.append('{"n":1}', pipeline="other", token="other-ingest-token")
    async with following(client, "/api/pipelines/other/stream", "other-stream-token") as stream:
        answer = await client.request("DELETE", "/api/pipelines/other", headers=bearer(ADMIN))
        assert answer.status_code == 204
        event = await stream.next()
        assert (event.event, event.json()["reason"]) == ("gone", "deleted")
        await stream.farewell()
    assert (await client.get("/api/pipelines/other/stream", headers=bearer("other-stream-token"))).status_code == 401
