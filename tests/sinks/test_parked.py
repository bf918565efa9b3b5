"""Parked deliveries: retried, dropped, refused again."""

import asyncio

import pytest

from livedash.model.errors import NotFound
from tests.sinks.desk import HOOK, Desk
from tests.sinks.endpoint import NEVER, OK
from tests.sinks.support import stored, until


async def parked(desk: Desk, *answers: object) -> None:
    """Records 1 to 6, of which 3 and 4 are parked."""
    desk.endpoint.answers.extend([OK, NEVER])
    await desk.world.append(6)
    await desk.idle(6)
    desk.endpoint.parcels.clear()


async def test_parked_deliveries_are_retried_as_they_were(desk: Desk):
    await parked(desk)
    (told,) = await desk.sinks.parked(HOOK)
    assert (told["number"], told["first"], told["last"], told["reason"]) == (1, 3, 4, "it was refused")
    assert told["attempt"]["outcome"] == "refused"
    assert await desk.sinks.retry(HOOK) == 1
    await desk.idle(6)
    assert desk.endpoint.offsets == [[3, 4]]
    assert desk.endpoint.parcels[0].id == told["delivery"]
    assert await desk.sinks.parked(HOOK) == []
    assert (await desk.world.state())[0].parked == 0


async def test_a_retry_may_be_refused_again(desk: Desk):
    await parked(desk)
    desk.endpoint.answers.append(NEVER)
    await desk.sinks.retry(HOOK, 1)
    await desk.idle(6)
    (told,) = await desk.sinks.parked(HOOK)
    assert (told["number"], told["retrying"]) == (1, False)
    assert (await desk.world.meters())["parked"] == 1


async def test_dropped(desk: Desk):
    await parked(desk)
    await desk.sinks.drop(HOOK, 1)
    assert await desk.sinks.parked(HOOK) == []
    for _ in range(2):
        with pytest.raises(NotFound):
            await desk.sinks.drop(HOOK, 1)
    with pytest.raises(NotFound):
        await desk.sinks.retry(HOOK, 1)
    assert await desk.sinks.retry(HOOK) == 0
    assert (await desk.world.state())[0].parked == 0


async def test_dropped_while_its_retry_is_on_its_way(desk: Desk):
    await parked(desk)
    desk.endpoint.free.clear()
    await desk.sinks.retry(HOOK, 1)
    await desk.in_flight(1)
    assert (await desk.sinks.report(HOOK)).state == "running"  # it did not fail this time, not yet
    await desk.sinks.drop(HOOK, 1)
    desk.endpoint.free.set()
    await desk.idle(6)
    await until(lambda: desk.follower.memory.state.attempts == 4)
    await stored(desk.follower)
    assert (await desk.world.meters())["deliveries"] == 3  # it was delivered all the same, and counts
    assert ((await desk.world.state())[0].parked, desk.follower.memory.numbers) == (0, set())


async def test_asked_for_in_the_moment_in_which_it_is_done(desk: Desk):
    """Who retries or drops what was taken a moment ago is told that it is not there any more."""
    await parked(desk)
    go = asyncio.Event()
    desk.endpoint.free.clear()
    await desk.sinks.retry(HOOK, 1)
    await desk.in_flight(1)
    desk.world.log.around = go.wait  # the disk takes its time
    desk.endpoint.free.set()
    await until(lambda: desk.follower.memory.state.delivery is None)
    for step in (desk.sinks.drop, desk.sinks.retry):
        with pytest.raises(NotFound):
            await step(HOOK, 1)
    desk.world.log.around = None
    go.set()
    await desk.idle(6)
    assert (await desk.world.state())[0].parked == 0
    assert not desk.server.health.failing


async def test_many_are_retried_oldest_first(desk: Desk):
    desk.endpoint.always = NEVER
    await desk.world.append(20)
    await desk.idle(20)
    desk.endpoint.always = OK
    desk.endpoint.parcels.clear()
    assert await desk.sinks.retry(HOOK) == 10
    await desk.idle(20)
    assert [each[0] for each in desk.endpoint.offsets] == list(range(1, 21, 2))
