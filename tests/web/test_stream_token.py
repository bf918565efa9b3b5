"""Stream tokens over REST: rotated, revoked, and what becomes of who follows with them."""

from datetime import datetime
from typing import Any

import pytest

from livedash.base import limits
from tests.server import ADMIN, INGEST, STREAM, Client, bearer
from tests.web.test_api import call
from tests.wire import Following, following, numbers

TOKEN = "/pipelines/weather/stream-token"


async def reads(client: Client, token: str) -> int:
    return (await client.get("/api/pipelines/weather/records", headers=bearer(token))).status_code


def seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


async def offset(stream: Following) -> int:
    return int((await stream.next()).json()["offset"])


async def gone(stream: Following) -> None:
    event = await stream.next()
    assert (event.event, event.json()["reason"]) == ("gone", "revoked")
    await stream.farewell()


async def test_rotate(client: Client):
    rotated = await call(client, "POST", f"{TOKEN}/rotate", {"overlap_hours": 2})
    new, token, until = rotated["stream_token"], rotated["token"], rotated["previous_until"]
    assert new.startswith("ld_st_") and new not in str(token)
    assert (token["kind"], token["main"], token["until"]) == ("stream", True, None)
    assert seconds(token["created"], until) == 7200
    assert (await call(client, "GET", "/pipelines/weather"))["stream_token"] == new
    listed = (await call(client, "GET", "/tokens"))["tokens"]
    of_it = [each for each in listed if each["kind"] == "stream" and each["pipeline"] == token["pipeline"]]
    assert [(each["main"], each["until"]) for each in of_it] == [(False, until), (True, None)]
    assert [each["until"] for each in listed if each not in of_it] == [None] * (len(listed) - 2)
    assert [await reads(client, each) for each in (STREAM, new)] == [200, 200]


async def test_the_answer_is_kept_by_nobody(client: Client):
    answer = await client.request("POST", f"/api{TOKEN}/rotate", headers=bearer(ADMIN))
    assert answer.headers["cache-control"] == "no-store"
    until, created = answer.json()["previous_until"], answer.json()["token"]["created"]
    assert seconds(created, until) == limits.ROTATION_SECONDS  # without a body


async def test_who_follows_is_let_go_when_the_overlap_is_over(client: Client):
    async with following(client) as old:
        new = (await call(client, "POST", f"{TOKEN}/rotate", {"overlap_hours": 0.6 / 3600}))["stream_token"]
        async with following(client, token=new) as other:
            await numbers(client, 1, 1)
            assert [await offset(old), await offset(other)] == [1, 1], "the old one goes on meanwhile"
            await gone(old)
            assert await reads(client, STREAM) == 401
            await numbers(client, 2, 2)
            assert await offset(other) == 2
    tokens = (await call(client, "GET", "/tokens"))["tokens"]
    assert all(each["until"] is None for each in tokens), "it is not kept any longer"


async def test_who_follows_is_let_go_at_once_without_an_overlap(client: Client):
    async with following(client) as old:
        rotated = await call(client, "POST", f"{TOKEN}/rotate", {"overlap_hours": 0})
        assert rotated["previous_until"] is None
        await gone(old)
    assert [await reads(client, each) for each in (STREAM, rotated["stream_token"])] == [401, 200]


async def test_revoke(client: Client):
    further = (await call(client, "POST", "/tokens", {"kind": "stream", "pipeline": "weather"}, 201))["token"]
    new = (await call(client, "POST", f"{TOKEN}/rotate"))["stream_token"]
    async with following(client) as old, following(client, token=further) as other:
        await call(client, "DELETE", TOKEN, status=204)
        await gone(old)
        await gone(other)
    assert [await reads(client, each) for each in (STREAM, further, new, ADMIN)] == [401, 401, 401, 200]
    assert (await client.append('{"n":1}')).status_code == 200
    assert (await call(client, "GET", "/pipelines/weather"))["stream_token"] is None
    assert (await client.get("/api/export", headers=bearer(ADMIN))).status_code == 200
    await call(client, "DELETE", TOKEN, status=204)
    again = await call(client, "POST", f"{TOKEN}/rotate")
    assert again["previous_until"] is None and await reads(client, again["stream_token"]) == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/pipelines/{}/stream-token/rotate"),
        ("DELETE", "/pipelines/{}/stream-token"),
        ("POST", "/pipelines/{}/pause"),
        ("POST", "/pipelines/{}/resume"),
    ],
)
async def test_only_with_an_api_token(client: Client, method: str, path: str):
    before = client.app.catalog.snapshot
    for token, status in (("", 401), ("nobody-knows-this", 401), (INGEST, 403), (STREAM, 403)):
        for name in ("weather", "nothing"):
            headers = bearer(token) if token else {}
            answer = await client.request(method, "/api" + path.format(name), headers=headers)
            assert answer.status_code == status, (token, name)
    await call(client, method, path.format("nothing"), status=404)
    assert client.app.catalog.snapshot is before


@pytest.mark.parametrize(
    "body", [{"overlap_hours": -1}, {"overlap_hours": 721}, {"overlap_hours": "long"}, {"overlap": 1}, [1]]
)
async def test_mistakes(client: Client, body: Any):
    before = client.app.catalog.snapshot
    await call(client, "POST", f"{TOKEN}/rotate", body, 422)
    assert client.app.catalog.snapshot is before
