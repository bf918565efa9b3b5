"""One sink at work: batches, filter, checkpoint."""

import pytest

from livedash.base import limits
from livedash.sinks.sink import Parcel
from tests.sinks.endpoint import BAD, OK, Endpoint, settings
from tests.sinks.support import SECOND, WEATHER, Server, a_sink, done, idle, until


async def test_a_lone_record_is_delivered_at_once(server: Server):
    endpoint = Endpoint()
    follower = server.follow(endpoint)
    await done(follower, 0)
    await server.append({"n": 1})
    await until(lambda: endpoint.parcels, seconds=1)  # the next poll would be later
    parcel = endpoint.parcels[0]
    assert (parcel.kind, parcel.pipeline, parcel.records[0].data) == ("records", "weather", {"n": 1})
    assert parcel.moment == parcel.records[0].timestamp
    assert parcel.id.startswith("sk_hook_1_") and parcel.id.endswith("-1")


async def test_what_arrives_meanwhile_makes_the_next_delivery(server: Server):
    endpoint = Endpoint()
    endpoint.free.clear()
    follower = server.follow(endpoint)
    await server.append({})
    await until(lambda: endpoint.parcels)
    for _ in range(5):
        await server.append({})
    endpoint.free.set()
    await done(follower, 6)
    assert endpoint.offsets == [[1], [2, 3, 4, 5, 6]]


async def test_a_batch_is_bounded_by_records_and_bytes(server: Server):
    endpoint = Endpoint(settings(records=3, bytes=limits.RECORD_BYTES))
    await server.world.append(4)
    await server.world.append(2, size=limits.RECORD_BYTES // 2)
    await server.world.append(1)
    follower = server.follow(endpoint)
    await done(follower, 7)
    assert endpoint.offsets == [[1, 2, 3], [4, 5], [6, 7]]


async def test_one_record_each(server: Server):
    endpoint = Endpoint(settings(records=1))
    await server.world.append(250)  # more than the tail holds
    follower = server.follow(endpoint)
    await done(follower, 250)
    assert endpoint.offsets == [[number] for number in range(1, 251)]
    assert len(endpoint.taken) == 250  # each with an id of its own


async def test_bounds_include_what_the_filter_passed_over(server: Server):
    endpoint = Endpoint(settings(records=2, where="data.n > 0"))
    await server.append(*[{"n": n} for n in (0, 1, 0, 1, 0, 1, 0)])
    follower = server.follow(endpoint)
    await done(follower, 7)
    assert endpoint.offsets == [[2, 4], [6]]
    assert [each.id.split("_", 2)[2].split("_")[0] for each in endpoint.parcels] == ["1", "6"]
    assert [each.id.rsplit("-", 1)[1] for each in endpoint.parcels] == ["5", "7"]


async def test_the_checkpoint_moves_where_the_filter_takes_nothing(server: Server):
    endpoint = Endpoint(settings(where="data.n > 0"))
    await server.append(*[{"n": 0}] * 300)
    follower = server.follow(endpoint)
    await until(lambda: follower.ready.is_set())
    server.world.time.now += 6 * SECOND
    await server.append({"n": 0})
    await done(follower, 301)
    assert (await server.world.state())[1] == 301
    assert endpoint.parcels == []


async def test_it_moves_soon_also_when_nothing_else_comes(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "SKIPPED_SECONDS", 0.05)
    server.world.time.held = True
    follower = server.follow(Endpoint(settings(where="data.n > 0")))
    await done(follower, 0)
    await server.append({"n": 0})
    await done(follower, 1)
    await server.append({"n": 0})  # too soon after the last checkpoint
    await until(lambda: follower._supply.cursor.offset == 2)
    assert follower.memory.position.offset == 1
    server.world.time.now += SECOND
    await until(lambda: idle(follower, 2), seconds=2)


async def test_bounds_are_stored_before_the_first_attempt(server: Server):
    endpoint = Endpoint(settings(records=2), [OK, BAD, OK])
    seen: list[bool] = []

    async def look(parcel: Parcel) -> None:
        state, offset = await server.world.state()
        assert state.delivery is not None
        seen.append(state.delivery.id("sk_hook") == parcel.id and offset == parcel.records[0].offset - 1)

    endpoint.on_attempt = look
    await server.world.append(7)
    follower = server.follow(endpoint)
    await done(follower, 7)
    assert seen == [True] * 5


@pytest.mark.parametrize("start", [None, 0, 2, 5])
async def test_it_begins_where_it_was_told_to(server: Server, start: int | None):
    await server.world.append(5)
    epoch = (await server.tails.of(WEATHER)).epoch
    endpoint = Endpoint()
    follower = server.follow(endpoint, a_sink(start=None if start is None else f"{epoch}-{start}"))
    await done(follower, 5)
    assert [number for each in endpoint.offsets for number in each] == list(range((start or 0) + 1, 6))


async def test_a_start_that_an_older_backup_does_not_reach(server: Server):
    await server.world.append(5)
    epoch = (await server.tails.of(WEATHER)).epoch
    endpoint = Endpoint()
    follower = server.follow(endpoint, a_sink(start=f"{epoch}-9"))
    await done(follower, 5)
    await server.append({})
    await done(follower, 6)
    assert endpoint.offsets == [[6]]
