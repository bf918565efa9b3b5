"""A paused pipeline over HTTP: no records, and everything else goes on."""

from tests.server import Client
from tests.web.test_api import call
from tests.web.test_ingest import problem
from tests.wire import following, numbers, stored


async def test_paused_and_resumed(client: Client):
    await numbers(client, 1, 1)
    assert (await call(client, "GET", "/pipelines/weather"))["paused"] is False
    async with following(client) as stream:
        assert (await call(client, "POST", "/pipelines/weather/pause"))["paused"] is True
        for body in ('{"n":2}', '"what would be refused"'):
            answer = problem(await client.append(body))
            assert (answer["status"], answer["detail"]) == (409, "weather is paused; resume it to append")
        assert await stored(client) == [{"n": 1}]
        assert (await call(client, "GET", "/pipelines/weather/refused"))["refused"] == []
        assert (await client.get("/d/weather")).status_code == 200
        assert (await call(client, "POST", "/pipelines/weather/resume"))["paused"] is False
        await numbers(client, 3, 3)
        event = await stream.next()
        assert event.json()["data"] == {"n": 3}, "the stream stayed open and silent"
        assert event.json()["offset"] == 2


async def test_others_go_on(client: Client):
    await call(client, "POST", "/pipelines/weather/pause")
    assert (await client.append("{}", pipeline="other", token="other-ingest-token")).status_code == 200


async def test_by_put_and_by_a_document(client: Client):
    made = await call(client, "PUT", "/pipelines/new", {"paused": True}, 201)
    assert made["paused"] is True
    assert (await client.append("{}", pipeline="new", token=made["ingest_token"])).status_code == 409
    assert (await call(client, "PUT", "/pipelines/new", {"name": "New"}))["paused"] is True
    assert (await call(client, "PUT", "/pipelines/new", {"paused": False}))["paused"] is False
    assert (await client.append("{}", pipeline="new", token=made["ingest_token"])).status_code == 200
    await call(client, "PUT", "/pipelines/new", {"paused": "yes, please"}, 422)
