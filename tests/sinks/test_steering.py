"""People steer a sink, also while an attempt is on its way: nothing is lost that was not given up by name."""

import asyncio

import pytest

from livedash.model.errors import CursorExpired, Invalid
from livedash.sinks.state import Status
from tests.sinks.desk import HOOK, Desk
from tests.sinks.endpoint import BAD, GONE, OK, offsets
from tests.sinks.support import HOUR, WEATHER, stored, until


async def test_paused_and_resumed(desk: Desk):
    await desk.idle(0)
    await desk.sinks.pause(HOOK)
    await desk.server.append({}, {}, {})
    await asyncio.sleep(0.01)
    assert desk.endpoint.parcels == []
    assert (await desk.world.state())[0].status is Status.PAUSED
    await desk.sinks.resume(HOOK)
    await desk.idle(3)
    assert desk.endpoint.offsets == [[1, 2], [3]]


async def test_paused_while_an_attempt_is_on_its_way(desk: Desk):
    desk.endpoint.free.clear()
    await desk.world.append(6)
    await desk.in_flight(1)
    await desk.sinks.pause(HOOK)
    desk.endpoint.free.set()
    await until(lambda: desk.follower.memory.position.offset == 2)  # what it took counts
    await stored(desk.follower)
    assert (await desk.world.state())[0].delivery is None
    assert len(desk.endpoint.parcels) == 1
    await desk.sinks.resume(HOOK)
    await desk.idle(6)
    assert desk.endpoint.offsets == [[1, 2], [3, 4], [5, 6]]


async def test_resumed_at_once_while_it_waits(desk: Desk):
    desk.world.time.held = True
    desk.endpoint.answers.append(BAD)
    await desk.world.append(1)
    await until(lambda: desk.world.time.slept)
    await desk.sinks.resume(HOOK)
    await desk.idle(1)
    assert (desk.endpoint.offsets, desk.endpoint.parcels[0].id) == ([[1], [1]], desk.endpoint.parcels[1].id)


async def test_resumed_while_a_second_attempt_is_on_its_way(desk: Desk):
    desk.endpoint.answers.append(BAD)
    desk.world.time.held = True
    await desk.world.append(1)
    await until(lambda: desk.world.time.slept)
    desk.endpoint.free.clear()
    desk.world.time.set(desk.world.time.now + HOUR)
    await desk.in_flight(2)
    await desk.sinks.resume(HOOK)
    desk.endpoint.free.set()
    await desk.idle(1)
    assert len(desk.endpoint.parcels) == 2  # its answer is not forgotten: else it were delivered and paid for twice
    assert (await desk.world.meters())["deliveries"] == 1


async def test_enabled_again_from_the_checkpoint(desk: Desk):
    desk.endpoint.answers.extend([OK, GONE])
    await desk.world.append(5)
    await until(lambda: desk.endpoint.parcels and desk.follower.memory.state.status is Status.DISABLED)
    await desk.sinks.pause(HOOK)  # it stays said why
    assert desk.follower.memory.state.status is Status.DISABLED
    await desk.sinks.resume(HOOK)
    await desk.idle(5)
    assert desk.endpoint.offsets == [[1, 2], [3, 4], [3, 4], [5]]
    assert desk.follower.memory.state.failing is None


async def test_resumed_from_now(desk: Desk):
    desk.endpoint.always = GONE
    await desk.world.append(5)
    await until(lambda: desk.endpoint.parcels and desk.follower.memory.state.status is Status.DISABLED)
    desk.endpoint.always = OK
    await desk.sinks.resume(HOOK, "now")
    await desk.idle(5)
    await desk.server.append({})
    await desk.idle(6)
    assert desk.endpoint.offsets == [[1, 2], [6]]


@pytest.mark.parametrize("held", [True, False])
async def test_resumed_from_a_cursor(desk: Desk, held: bool):
    """Also while the answer to what was given up is still to come."""
    if held:
        desk.endpoint.free.clear()
    await desk.world.append(9)
    await (desk.in_flight(1) if held else desk.idle(9))
    epoch = (await desk.server.tails.of(WEATHER)).epoch
    desk.endpoint.parcels.clear()
    await desk.sinks.resume(HOOK, f"{epoch}-4")
    desk.endpoint.free.set()
    await desk.idle(9)
    assert desk.endpoint.offsets == [[5, 6], [7, 8], [9]]
    assert (await desk.world.meters())["attempts"] == (4 if held else 8)


async def test_no_cursor_that_does_not_exist(desk: Desk):
    await desk.world.append(2)
    await desk.idle(2)
    epoch = (await desk.server.tails.of(WEATHER)).epoch
    with pytest.raises(Invalid, match=f"{epoch}-2"):
        await desk.sinks.resume(HOOK, f"{epoch}-3")
    with pytest.raises(CursorExpired):
        await desk.sinks.resume(HOOK, "other-1")


async def test_a_test_is_sent_in_every_state(desk: Desk):
    await desk.world.append(3)
    desk.endpoint.answers.append(GONE)
    await until(lambda: desk.endpoint.parcels and desk.follower.memory.state.status is Status.DISABLED)
    told = await desk.sinks.test(HOOK)
    assert (told["kind"], told["outcome"]) == ("test", "delivered")
    assert (desk.endpoint.parcels[-1].kind, offsets(desk.endpoint.parcels[-1])) == ("test", [3])
    assert [each["kind"] for each in await desk.sinks.attempts(HOOK)] == ["test", "records"]
    assert (await desk.world.meters())["attempts"] == 1  # a test is not paid for
    assert desk.follower.memory.state.status is Status.DISABLED


async def test_a_test_while_an_attempt_is_on_its_way(desk: Desk):
    desk.endpoint.free.clear()
    await desk.world.append(1)
    await desk.in_flight(1)
    test = asyncio.create_task(desk.sinks.test(HOOK))
    await desk.in_flight(2)
    desk.endpoint.free.set()
    await test
    await desk.idle(1)
    assert sorted(each["number"] for each in await desk.sinks.attempts(HOOK)) == [1, 2]
