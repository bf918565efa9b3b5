"""When an attempt is made again."""

import asyncio

from livedash.sinks.state import Status
from tests.sinks.endpoint import BAD, NO, Endpoint, answer, offsets, settings
from tests.sinks.support import DAY, HOUR, SECOND, TROUBLE, Server, World, done, until


async def test_it_waits_as_the_schedule_says_and_keeps_the_order(server: Server):
    endpoint = Endpoint(settings(records=1), [BAD] * 6 + [NO] * 4)
    await server.world.append(3)
    follower = server.follow(endpoint)
    await done(follower, 3)
    assert endpoint.offsets == [[1]] * 10 + [[2], [3]]
    assert server.world.time.slept == [*TROUBLE[:6], 5, 60, 300]
    assert len({each.id for each in endpoint.parcels[:10]}) == 1
    assert list(await follower.memory.parked()) == [1]


async def test_an_attempt_is_not_made_before_its_time(server: Server):
    time = server.world.time
    time.held = True
    endpoint = Endpoint(answers=[answer("trouble", retry_after=600.0)])
    await server.world.append(1)
    follower = server.follow(endpoint)
    await until(lambda: time.slept)
    time.set(time.now + 599 * SECOND)
    await asyncio.sleep(0.01)
    assert len(endpoint.parcels) == 1
    time.set(time.now + HOUR)
    await done(follower, 1)


async def test_the_wait_goes_on_after_a_restart(world: World):
    world.time.held = True
    endpoint = Endpoint(answers=[BAD, BAD])
    await world.append(1)
    for life in range(2):
        server = Server(world)
        follower = server.follow(endpoint)
        await until(lambda: follower.memory.state.failures == 1 and follower._waiting)  # noqa: B023
        assert len(endpoint.parcels) == 1, life
        await server.kill()
    world.time.set(world.time.now + 6 * SECOND)
    server = Server(world)
    follower = server.follow(endpoint)
    await until(lambda: follower.memory.state.failures == 2)
    assert follower.memory.state.delivery is not None and follower.memory.state.delivery.attempts == 2
    await server.kill()


async def test_nothing_but_failure_for_days_disables(server: Server):
    endpoint = Endpoint(always=BAD)
    await server.world.append(1)
    follower = server.follow(endpoint)
    await until(lambda: follower.memory.state.status is Status.DISABLED)
    assert server.world.time.slept[: len(TROUBLE)] == list(TROUBLE)
    assert 5 * DAY <= server.world.time.now - 20_500 * DAY < 6 * DAY + HOUR
    state, offset = await server.world.state()
    assert (offset, state.delivery is not None) == (0, True)  # nothing is lost by it


async def test_every_parcel_of_a_batch_that_is_read_again_is_the_same(world: World):
    endpoint = Endpoint(settings(records=3), [BAD])
    await world.append(3)
    world.time.held = True
    server = Server(world)
    follower = server.follow(endpoint)
    await until(lambda: follower.memory.state.failures)
    await server.kill()
    world.time.set(world.time.now + HOUR)
    await world.append(3)
    server = Server(world)
    follower = server.follow(endpoint)
    await done(follower, 6)
    first, again, after = endpoint.parcels
    assert (first.id, offsets(first), first.records) == (again.id, offsets(again), again.records)
    assert offsets(after) == [4, 5, 6]
    await server.kill()
