"""Subscriptions: every record once and in order, from where a cursor says, and an end that says why."""

from livedash.log import Restart
from tests.server import ADMIN, Client
from tests.web.graphql.wire import EVENTS, begun
from tests.wire import numbers, trim


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


async def test_a_source_that_is_left_out_is_told(client: Client):
    query = """subscription($p: ID!, $no: Boolean!) { pipelineEvents(pipelineId: $p) @skip(if: $no) { offset } }"""
    async with begun(client) as socket:
        [error] = await socket.of(await socket.start(query, p="weather", no=True), "error")
        assert error["extensions"]["code"] != "INTERNAL_SERVER_ERROR"


async def test_a_log_that_is_trimmed_ends_who_is_behind_it(client: Client):
    """A slow client whose next record is gone is told, and does not get the one after the hole for it."""
    async with begun(client, ADMIN) as socket:
        id = await socket.start('{ pipeline(id: "weather") { log { epoch } } }')
        epoch = (await socket.of(id))["data"]["pipeline"]["log"]["epoch"]
        first = await trim(client)
        [error] = await socket.of(await socket.start(EVENTS, p="weather", after=f"{epoch}-5"), "error")
        assert error["extensions"] == {"code": "CURSOR_EXPIRED", "cursor": f"{epoch}-{first - 1}"}
        again = await socket.start(EVENTS, p="weather", after=error["extensions"]["cursor"])
        assert await socket.offsets(again, 1) == [first]


async def test_a_log_that_begins_anew_ends_its_subscriptions(client: Client):
    async with begun(client, ADMIN) as socket:
        id = await socket.follow()
        await numbers(client, 1, 2)
        assert await socket.offsets(id, 2) == [1, 2]
        pipeline = client.app.catalog.directory.pipeline("weather")
        assert pipeline is not None
        await client.app.logs.durable.commit([Restart(pipeline.id)])
        await numbers(client, 1, 1)
        [error] = await socket.of(id, "error")
        assert error["extensions"]["code"] == "CURSOR_EXPIRED" and error["extensions"]["cursor"].endswith("-0")
        again = await socket.start(EVENTS, p="weather", after=error["extensions"]["cursor"])
        assert await socket.offsets(again, 1) == [1]
