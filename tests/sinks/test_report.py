"""How a sink is doing, in numbers."""

from dataclasses import replace

from livedash.sinks.report import report
from livedash.sinks.sink import Sent
from livedash.sinks.state import Status
from livedash.sinks.steering import paused
from tests.sinks.endpoint import BAD, GONE, OK, Endpoint, answer, settings
from tests.sinks.support import DAY, SECOND, WEATHER, Server, World, done, stored, until


async def told(server: Server, follower):  # type: ignore[no-untyped-def]
    return await report(follower, await server.tails.of(WEATHER), server.world.time())


async def test_nothing_happened_yet(server: Server):
    follower = server.follow(Endpoint())
    await done(follower, 0)
    found = await told(server, follower)
    assert (found.state, found.lag, found.samples) == ("running", {"records": 0, "seconds": 0.0}, 0)
    assert (found.success_rate, found.latency_ms, found.delivery) == (None, None, None)


async def test_rates_and_percentiles(server: Server):
    answers = [answer(seconds=n / 1000) for n in range(1, 91)] + [replace(BAD, seconds=1.0)] * 10
    endpoint = Endpoint(settings(records=1), answers)
    await server.world.append(91)
    follower = server.follow(endpoint)
    await done(follower, 91)
    found = await told(server, follower)
    assert found.latency_ms == {"p50": 50.0, "p95": 1000.0, "p99": 1000.0}
    assert (found.success_rate, found.samples) == (0.901, 101)


async def test_they_outlive_a_restart(world: World):
    endpoint = Endpoint(answers=[BAD])
    await world.append(1)
    for _ in range(2):
        server = Server(world)
        follower = server.follow(endpoint)
        await done(follower, 1)
        found = await told(server, follower)
        assert (found.success_rate, found.samples) == (0.5, 2)
        assert list(follower.journal.samples) == [(10.0, False), (10.0, True)]
        await server.kill()


async def test_failing_and_how_far_behind(server: Server):
    time = server.world.time
    time.held = True
    endpoint = Endpoint(settings(records=2), [replace(OK, sent=Sent(size=1)), BAD])
    await server.world.append(5)
    follower = server.follow(endpoint)
    await until(lambda: time.slept)
    await stored(follower)
    began = time.now
    time.now += 3 * SECOND
    found = await told(server, follower)
    assert (found.state, found.reason) == ("failing", "it was trouble")
    assert found.lag == {"records": 3, "seconds": 3.0}
    assert found.delivery is not None
    assert (found.delivery["first"], found.delivery["last"], found.delivery["attempts"]) == (3, 4, 1)
    assert found.cursor is not None and found.cursor.endswith("-2")
    time.set(began + 6 * SECOND)
    await done(follower, 5)
    found = await told(server, follower)
    assert (found.state, found.reason, found.lag) == ("running", "", {"records": 0, "seconds": 0.0})
    assert set(found.json()) == set(found.__slots__)


async def test_a_record_has_not_waited_for_longer_than_something_was_left(server: Server):
    follower = server.follow(Endpoint())
    await done(follower, 0)
    await follower.change(lambda state: paused(state, server.world.time()))
    caught_up = follower.journal.caught_up
    server.world.time.now -= DAY
    await server.append({"n": 1})  # of yesterday
    server.world.time.now = caught_up
    tail = await server.tails.of(WEATHER)
    await tail.poll()
    server.world.time.now += 5 * SECOND
    found = await told(server, follower)
    assert (found.state, found.lag) == ("paused", {"records": 1, "seconds": 5.0})


async def test_disabled(server: Server):
    endpoint = Endpoint(always=GONE)
    await server.world.append(1)
    follower = server.follow(endpoint)
    await until(lambda: follower.ready.is_set() and follower.memory.state.status is Status.DISABLED)
    found = await told(server, follower)
    assert (found.state, found.lag["records"]) == ("disabled", 1)
    assert "asked for it" in found.reason and found.since is not None
