"""What streams carried, at `/api/usage`."""

import asyncio
from pathlib import Path

import pytest

from livedash.base import limits
from tests.server import ADMIN, Client, bearer, serving
from tests.wire import PATIENCE, Following, following, numbers, until


async def usage(client: Client, **query: str) -> list[dict]:
    return (await client.get("/api/usage", params=query, headers=bearer(ADMIN))).raise_for_status().json()["rows"]


async def take(stream: Following, count: int) -> int:
    """The bytes of so many records on the wire."""
    return sum(len(f"id: {event.id}\ndata: {event.data}\n\n".encode()) for event in await stream.take(count))


async def test_streams_are_metered(tmp_path: Path):
    async with serving(tmp_path / "data", stream_connections=3) as client:
        await numbers(client, 1, 3)
        async with following(client, tail="3") as late, following(client) as live, following(client, fields="n") as few:
            size = await take(late, 3)
            await numbers(client, 4, 5)
            for stream in (late, live, few):
                size += await take(stream, 2)
            async with following(client) as turned_away:
                assert (await turned_away.next()).event == "throttled"
        assert await usage(client) == [], "not written down yet"
    async with serving(tmp_path / "data", "") as client:
        [row] = await usage(client)
        assert (row["pipeline_slug"], row["sink"], row["sink_name"]) == ("weather", None, None)
        assert (row["streams"], row["events"], row["bytes"]) == (3, 9, size)
        assert row["deliveries"] == row["records"] == 0
        assert await usage(client, pipeline="weather") == [row]
        assert await usage(client, pipeline="other") == await usage(client, sink="billing") == []
        text = (await client.get("/api/usage.csv", headers=bearer(ADMIN))).text.splitlines()
        assert text[1].endswith(",3,9") and text[0].endswith(",streams,events")
        await client.request("DELETE", "/api/dashboards/weather", headers=bearer(ADMIN))
        await client.request("DELETE", "/api/pipelines/weather", headers=bearer(ADMIN))
        [left] = await usage(client)
        assert left == row | {"pipeline_slug": None}


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "METER_SECONDS", 0.02)


async def test_a_running_server_writes_it_down(often: None, client: Client):
    async with following(client):
        await until(client, "livedash_streams", 1)
        await numbers(client, 1, 1)
        async with asyncio.timeout(PATIENCE):
            while not (rows := await usage(client)) or not rows[0]["events"]:
                await asyncio.sleep(0.02)
