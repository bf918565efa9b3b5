"""People steer in the one moment in which it would be missed."""

import asyncio
from dataclasses import replace
from typing import Any

from livedash.log import Note
from livedash.sinks import steering
from livedash.sinks.batches import Batch
from livedash.sinks.state import Delivery, Status
from livedash.sinks.supply import Supply
from tests.sinks.desk import HOOK, Desk
from tests.sinks.endpoint import BAD
from tests.sinks.support import HOUR, WEATHER, done, stored, until


async def test_while_it_looks_for_something_new(desk: Desk):
    """Else it would be heard at the next record, or after a minute."""
    await desk.idle(0)
    follower = desk.follower
    supply: Supply = follower._supply
    looked = supply.next

    async def looking(*, wait: float) -> Batch | None:
        supply.next = looked  # type: ignore[method-assign]
        found = await looked(wait=wait)
        follower.stop()
        return found

    supply.next = looking  # type: ignore[method-assign]
    await desk.sinks.retry(HOOK)  # makes it look
    await until(desk.sinks._running[HOOK.id][1].done, seconds=1)


async def test_what_was_found_before_the_cursor_was_chosen(desk: Desk):
    await desk.idle(0)
    await desk.sinks.pause(HOOK)
    await desk.server.append(*[{}] * 6)
    await (await desk.server.tails.of(WEATHER)).poll()
    follower = desk.follower
    supply: Supply = follower._supply
    supply.rewind()
    looked = supply.next

    async def looking(*, wait: float) -> Batch | None:
        supply.next = looked  # type: ignore[method-assign]
        found = await looked(wait=wait)
        assert found is not None
        chosen = follower.memory.position._replace(offset=4)
        await follower.change(lambda state: steering.resumed(state, 0, anew=True), chosen)
        return found

    supply.next = looking  # type: ignore[method-assign]
    await desk.sinks.resume(HOOK)
    await desk.idle(6)
    assert desk.endpoint.offsets == [[5, 6]]


async def test_while_it_reads_what_it_is_to_deliver(desk: Desk):
    desk.world.time.held = True
    desk.endpoint.answers.append(BAD)
    await desk.world.append(1)
    await until(lambda: desk.world.time.slept)
    follower = desk.follower
    read = follower._supply.records

    async def reading(delivery: Delivery) -> Any:
        follower._supply.records = read
        found = await read(delivery)
        await follower.change(lambda state: steering.paused(state, 0))
        return found

    follower._supply.records = reading
    desk.world.time.set(desk.world.time.now + HOUR)
    await until(lambda: follower.memory.state.status is Status.PAUSED)
    await stored(follower)
    await asyncio.sleep(0.01)
    assert len(desk.endpoint.parcels) == 1
    await desk.sinks.resume(HOOK)
    await done(follower, 1)


async def test_while_it_looks_ahead(desk: Desk):
    """The batch that follows was read, and another one was asked for meanwhile."""
    await desk.idle(0)
    follower = desk.follower
    ahead, epoch = follower._ahead, follower.memory.position.epoch
    supply: Supply = follower._supply
    looked = supply.next

    async def looking(*args: Any) -> Any:
        follower._ahead = ahead
        supply.next = steered  # type: ignore[method-assign]
        return await ahead(*args)

    async def steered(*, wait: float) -> Batch | None:
        supply.next = looked  # type: ignore[method-assign]
        found = await looked(wait=wait)
        await follower.change(lambda state: steering.replayed(state, epoch, 1, 2))
        return found

    follower._ahead = looking
    await desk.world.append(3)
    await (await desk.server.tails.of(WEATHER)).poll()
    await desk.idle(3)
    assert desk.endpoint.offsets == [[1, 2], [1, 2], [3]]


async def test_when_what_it_builds_on_is_not_stored(desk: Desk):
    """Then it is not stored either: what came of the first one would be lost."""
    await desk.idle(0)
    large = Note(HOOK.id, "large", 1, b"x" * 100_000)
    first = desk.follower.change(lambda state: replace(state, parking=77), writes=[large])
    found = await asyncio.gather(first, desk.sinks.pause(HOOK), return_exceptions=True)
    assert all(isinstance(each, Exception) for each in found)
    await until(lambda: desk.follower.memory.failed is None)
    state, _ = await desk.world.state()
    assert (state.parking, state.status) == (0, Status.RUNNING)
    await desk.sinks.pause(HOOK)
    assert (await desk.world.state())[0].status is Status.PAUSED
