"""What a client may ask of a stream: where it begins, and what it carries."""

import asyncio
from typing import Any

import orjson
import pytest

from livedash.base import limits
from tests.server import ADMIN, STREAM, Client, bearer
from tests.web.test_ingest import problem
from tests.wire import PATIENCE, STREAMED, Following, following, numbers, pipeline_of, records, trim


async def offsets(stream: Following, count: int) -> list[int]:
    return [event.json()["offset"] for event in await stream.take(count)]


async def append(client: Client, *all: dict[str, Any]) -> None:
    (await client.append(orjson.dumps(all))).raise_for_status()


@pytest.mark.parametrize("query", [{"tail": "3"}, {"since": "tail=3"}])
async def test_the_newest_records_first(client: Client, query: dict[str, str]):
    await numbers(client, 1, 8)
    async with following(client, **query) as stream:
        assert await offsets(stream, 3) == [6, 7, 8]
        await numbers(client, 9, 9)
        assert await offsets(stream, 1) == [9]
    async with following(client, tail="100") as stream:
        assert await offsets(stream, 9) == list(range(1, 10))


async def test_more_than_there_is_left_is_no_gap(client: Client):
    """Nobody asked for the records that retention took."""
    first = await trim(client)
    for query in ({"tail": "1000000"}, {"since": "2020-01-01"}):
        async with following(client, **query) as stream:
            event = await stream.next()
            assert (event.event, event.json()["offset"]) == ("message", first)


async def test_records_since_a_time(client: Client):
    for day in (1, 2, 3):
        await append(client, {"day": day})
        await asyncio.sleep(0.002)  # timestamps on the wire have milliseconds
    times = [record["timestamp"] for record in await records(client)]
    for since in (times[1], times[1].removesuffix("Z") + "+00:00", times[1].removesuffix("Z")):
        async with following(client, since=since) as stream:
            assert await offsets(stream, 2) == [2, 3]
    async with following(client, since="2999-01-01T00:00:00Z") as stream:
        await numbers(client, 4, 4)
        assert await offsets(stream, 1) == [4]


async def test_a_cursor_wins(client: Client):
    """A browser that comes back asks for the same address, with the header of where it was."""
    await numbers(client, 1, 5)
    epoch = (await pipeline_of(client))["log"]["epoch"]
    for query in ({"tail": "4"}, {"since": "2020-01-01"}):
        headers = bearer(STREAM) | {"Last-Event-ID": f"{epoch}-3"}
        async with client.stream("GET", STREAMED, params=query, headers=headers) as response:
            assert await offsets(Following(response), 2) == [4, 5]


async def test_chosen_fields(client: Client):
    await append(client, {"t": 1.5, "place": {"name": "Bern", "zip": 3000}, "note": "x"})
    async with following(client, tail="1", fields="t,place.name,nothing") as stream:
        record = (await stream.next()).json()
        assert record["data"] == {"t": 1.5, "place": {"name": "Bern"}}
        assert record["metrics"] == {"t": 1.5}
        assert record.keys() == {"offset", "timestamp", "data", "metrics"}
        await append(client, {"t": 2, "note": "y"})
        assert (await stream.next()).json()["data"] == {"t": 2}


async def test_only_records_that_match(client: Client):
    for t in (1, 20, 3, 40):
        await append(client, {"t": t})
    async with following(client, tail="4", where="data.t > 10 && has(data.t)") as stream:
        assert await offsets(stream, 2) == [2, 4]
        await append(client, {"t": 5})
        await append(client, {"s": "not a number"})
        await append(client, {"t": 50})
        event = await stream.next()
        assert (event.json()["offset"], event.id.split("-")[1]) == (7, "7")


async def test_a_filter_that_matches_nothing_is_moved_on(client: Client, monkeypatch: pytest.MonkeyPatch):
    """By pings with an id: who comes back with it does not read the log again, and finds no gap."""
    monkeypatch.setattr(limits, "KEEPALIVE_SECONDS", 0.05)
    async with following(client, where="data.t > 10") as stream:
        last = (await client.append('{"t": 1}')).json()["cursor"]
        async with asyncio.timeout(PATIENCE):
            while (ping := await stream.next()).id != last:
                assert ping.event == "ping"
    assert ping.json().keys() == {"now", "cursor"} and ping.json()["cursor"] == last
    async with following(client, last_event_id=last, where="data.t > 10") as stream:
        await append(client, {"t": 11})
        assert (await stream.until("message")).json()["offset"] == 2


async def test_silence_as_an_event_for_who_asks(client: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "KEEPALIVE_SECONDS", 0.05)
    async with following(client, ping="1") as stream:
        assert [(await stream.next()).event for _ in range(3)] == ["ping"] * 3
        await numbers(client, 1, 1)
        assert (await stream.until("message")).json()["offset"] == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"since": "yesterday"}, "since"),
        ({"since": ""}, "since"),
        ({"since": "tail=many"}, "since"),
        ({"tail": "-1"}, "tail"),
        ({"tail": "1" * 30}, "tail"),
        ({"where": "data.t >"}, "where"),
        ({"where": "data.list.all(x, x > 1)"}, "where"),
        ({"where": "data.t == " + "1" * limits.EXPRESSION_CHARS}, "where"),
        ({"fields": ",".join(f"f{number}" for number in range(limits.STREAM_FIELDS + 1))}, "fields"),
    ],
)
async def test_what_makes_no_sense_is_said(client: Client, query: dict[str, str], field: str):
    answer = await client.get(STREAMED, params=query, headers=bearer(STREAM))
    assert answer.status_code == 422
    assert problem(answer)["errors"][0]["pointer"] == f"/{field}"


async def test_head_answers_as_get_would(client: Client):
    for query, token, status in [
        ({}, STREAM, 200),
        ({}, "nobody-knows-this", 401),
        ({}, "other-stream-token", 404),
        ({"last_event_id": "nonsense"}, STREAM, 400),
        ({"where": "data.t >"}, STREAM, 422),
    ]:
        answer = await client.head(STREAMED, params=query, headers=bearer(token))
        assert (answer.status_code, answer.content) == (status, b"")


async def test_a_log_that_begins_again_is_said_to_open_streams(client: Client):
    """What was kept in memory only is on disk now: another log, with an epoch of its own."""
    await client.append('{"n": 1}', pipeline="volatile", token="volatile-ingest-token")
    path = "/api/pipelines/volatile/stream"
    async with following(client, path, "volatile-stream-token", tail="1") as stream:
        cursor = (await stream.next()).id
        await client.request("PUT", "/api/pipelines/volatile", json={"persist": True}, headers=bearer(ADMIN))
        await stream.farewell()
    async with following(client, path, "volatile-stream-token", last_event_id=cursor) as stream:
        event = await stream.next()
        assert (event.event, event.json()["reason"]) == ("gap", "epoch")
