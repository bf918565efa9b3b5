"""What does not exist any more is told as a gap, once, in its place."""

from livedash.model import Gap
from livedash.sinks.steering import replayed as asked
from livedash.sinks.steering import retried
from tests.sinks.endpoint import BAD, NEVER, OK, Endpoint, settings
from tests.sinks.support import HOUR, WEATHER, Server, done, idle, until


def told(endpoint: Endpoint) -> list[object]:
    """Of each attempt the offsets, or the gap."""
    return [found or each.gap for found, each in zip(endpoint.offsets, endpoint.parcels, strict=True)]


async def trimmed(server: Server, through: int) -> None:
    await server.world.trim(through)
    server.tails.forget(WEATHER.id, server.world.log, through)  # type: ignore[arg-type]


async def test_trimmed_before_it_began(server: Server):
    endpoint = Endpoint(settings(records=2))
    await server.world.append(6)
    await server.world.trim(3)
    follower = server.follow(endpoint)
    await done(follower, 6)
    assert told(endpoint) == [Gap(1, 3, "trimmed"), [4, 5], [6]]
    assert endpoint.parcels[0].kind == "gap" and "_gap_1_" in endpoint.parcels[0].id
    assert endpoint.parcels[0].moment == server.world.time.now
    assert (await server.world.meters())["records"] == 3


async def test_trimmed_while_the_endpoint_was_dead(server: Server):
    """Also what was on its way: its id was for more than is left."""
    server.world.time.held = True
    endpoint = Endpoint(settings(records=4), [OK, BAD])
    await server.world.append(9)
    follower = server.follow(endpoint)
    await until(lambda: server.world.time.slept)
    await trimmed(server, 6)
    server.world.time.set(server.world.time.now + HOUR)
    await done(follower, 9)
    assert told(endpoint) == [[1, 2, 3, 4], [5, 6, 7, 8], Gap(5, 6, "trimmed"), [7, 8, 9]]


async def test_the_same_gap_is_told_until_it_is_taken(server: Server):
    endpoint = Endpoint(answers=[BAD, BAD])
    await server.world.append(2)
    await server.world.trim(1)
    follower = server.follow(endpoint)
    await done(follower, 2)
    assert told(endpoint) == [Gap(1, 1, "trimmed")] * 3 + [[2]]
    assert len({(each.id, each.moment) for each in endpoint.parcels}) == 2


async def test_a_new_epoch(server: Server):
    endpoint = Endpoint()
    await server.world.append(3)
    follower = server.follow(endpoint)
    await done(follower, 3)
    await server.world.restart()
    await server.append({})
    await until(lambda: len(endpoint.parcels) == 3)
    await until(lambda: idle(follower, 1))
    assert told(endpoint) == [[1, 2, 3], Gap(4, None, "epoch"), [1]]
    assert len(endpoint.taken) == 3


async def test_a_new_epoch_ends_what_is_on_its_way(server: Server):
    server.world.time.held = True
    endpoint = Endpoint(answers=[BAD])
    await server.world.append(3)
    follower = server.follow(endpoint)
    await until(lambda: server.world.time.slept)
    await server.world.restart()
    await server.append({}, {})
    await (await server.tails.of(WEATHER)).poll()
    server.world.time.set(server.world.time.now + HOUR)
    await until(lambda: len(endpoint.parcels) == 3)
    await done(follower, 2)
    assert told(endpoint) == [[1, 2, 3], Gap(1, None, "epoch"), [1, 2]]


async def test_a_parked_delivery_whose_records_are_gone(server: Server):
    endpoint = Endpoint(settings(records=3), [NEVER, NEVER])
    await server.world.append(8)
    follower = server.follow(endpoint)
    await done(follower, 8)
    endpoint.parcels.clear()
    await trimmed(server, 5)  # the first wholly, the second in part
    await follower.change(lambda state: retried(state, follower.memory.numbers))
    await done(follower, 8)
    assert told(endpoint) == [Gap(1, 3, "trimmed"), Gap(4, 5, "trimmed"), [6]]
    state, _ = await server.world.state()
    assert (state.parked, await follower.memory.parked()) == (0, {})


async def test_what_is_left_of_it_is_parked_on_its_own(server: Server):
    endpoint = Endpoint(settings(records=3), [NEVER])
    await server.world.append(3)
    follower = server.follow(endpoint)
    await done(follower, 3)
    await trimmed(server, 1)
    endpoint.parcels.clear()
    endpoint.answers.extend([BAD, OK, NEVER])
    await follower.change(lambda state: retried(state, [1]))
    await done(follower, 3)
    assert told(endpoint) == [Gap(1, 1, "trimmed")] * 2 + [[2, 3]]
    kept = await follower.memory.parked()
    assert {number: (each.first, each.last, each.parked) for number, (each, _) in kept.items()} == {2: (2, 3, None)}
    assert (await server.world.state())[0].parked == 1


async def test_a_replay_of_what_is_gone(server: Server):
    endpoint = Endpoint(settings(records=2))
    await server.world.append(6)
    follower = server.follow(endpoint)
    await done(follower, 6)
    epoch = (await server.tails.of(WEATHER)).epoch
    await trimmed(server, 3)
    endpoint.parcels.clear()
    await follower.change(lambda state: asked(state, epoch, 2, 5))
    await done(follower, 6)
    assert told(endpoint) == [Gap(2, 3, "trimmed"), [4, 5]]
    await server.world.restart()
    endpoint.parcels.clear()
    await server.append({})
    await follower.change(lambda state: asked(state, epoch, 2, 5))
    await done(follower, 1)
    assert Gap(2, 5, "epoch") in told(endpoint)


async def test_a_replay_is_trimmed_while_it_is_tried(server: Server):
    endpoint = Endpoint(settings(records=2))
    await server.world.append(4)
    follower = server.follow(endpoint)
    await done(follower, 4)
    epoch = (await server.tails.of(WEATHER)).epoch
    endpoint.parcels.clear()
    endpoint.answers.append(BAD)
    server.world.time.held = True
    await follower.change(lambda state: asked(state, epoch, 1, 4))
    await until(lambda: server.world.time.slept)
    await trimmed(server, 3)
    server.world.time.set(server.world.time.now + HOUR)
    await done(follower, 4)
    assert told(endpoint) == [[1, 2], Gap(1, 3, "trimmed"), [4]]


async def test_a_gap_that_is_refused_is_parked_too(server: Server):
    endpoint = Endpoint(answers=[NEVER])
    await server.world.append(2)
    await server.world.trim(1)
    follower = server.follow(endpoint)
    await done(follower, 2)
    await follower.change(lambda state: retried(state, [1]))
    await done(follower, 2)
    assert told(endpoint) == [Gap(1, 1, "trimmed"), [2], Gap(1, 1, "trimmed")]
    assert endpoint.parcels[0] == endpoint.parcels[2]
