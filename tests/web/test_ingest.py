"""Ingest over HTTP, as other people's scripts use it."""

from tests.server import STREAM, Client, bearer


async def test_one_object(client: Client):
    response = await client.append('{"temp_max": 12.8}', content_type="application/json")
    assert response.status_code == 200
    body = response.json()
    assert body | {"cursor": ""} == {
        "accepted": 1, "refused": 0, "first": 1, "last": 1, "cursor": "", "durable": True, "errors": [],
    }  # fmt: skip
    records = (await client.get("/api/pipelines/weather/records", headers=bearer(STREAM))).json()
    assert records["cursor"] == body["cursor"]
    assert records["records"][0]["data"] == {"temp_max": 12.8}
    assert records["records"][0]["metrics"] == {"temp_max": 12.8}
