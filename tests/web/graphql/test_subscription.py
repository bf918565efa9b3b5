"""Subscriptions: every record once and in order, from where a cursor says, and an end that says why."""

from tests.server import Client
from tests.web.graphql.wire import EVENTS, begun
from tests.wire import numbers


async def test_records_come_as_they_are_appended(client: Client):
    async with begun(client) as socket:
        id = await socket.follow()
        await numbers(client, 1, 3)
        events = await socket.events(id, 3)
        assert [event["offset"] for event in events] == [1, 2, 3]
        first = events[0]
        assert first["data"] == first["metrics"] == {"n": 1}
        assert first["cursor"].endswith("-1") and first["timestamp"].endswith("Z")


async def test_a_cursor_says_where_to_go_on(client: Client):
    await numbers(client, 1, 250)
    async with begun(client) as socket:
        edges = '{ records(pipelineId: "weather", first: 240) { edges { cursor } } }'
        id = await socket.start(edges)
        cursor = (await socket.of(id))["data"]["records"]["edges"][0]["cursor"]
        id = await socket.start(EVENTS, p="weather", after=cursor)
        assert await socket.offsets(id, 239) == list(range(12, 251))
        await numbers(client, 251, 252)
        assert await socket.offsets(id, 2) == [251, 252]


async def test_an_expired_cursor_is_an_error_with_the_first_that_exists(client: Client):
    await numbers(client, 1, 3)
    async with begun(client) as socket:
        id = await socket.start(EVENTS, p="weather", after="otherlife-2")
        [error] = await socket.of(id, "error")
        assert error["extensions"]["code"] == "CURSOR_EXPIRED"
        again = await socket.start(EVENTS, p="weather", after=error["extensions"]["cursor"])
        assert await socket.offsets(again, 3) == [1, 2, 3]
