"""The log fails, endpoints hang, things change at the wrong moment."""

import asyncio
from dataclasses import replace

import pytest

from livedash.model.errors import Busy, StorageError
from livedash.sinks import runner
from livedash.sinks.steering import paused
from tests.sinks.endpoint import Endpoint, settings
from tests.sinks.house import ONE, TWO, House
from tests.sinks.support import World, a_sink, serving, stored, until


async def test_one_that_is_made_meanwhile_is_not_forgotten(house: House):
    """Who is gone is decided after the log was asked."""
    house.world.configure(ONE)
    await house.idle(ONE, 0)
    asked, go, readers = 0, asyncio.Event(), house.world.log.log.readers

    async def slowly() -> object:
        nonlocal asked
        asked += 1
        await go.wait()
        return await readers()

    house.world.log.log.readers = slowly  # type: ignore[method-assign, assignment]
    house.world.configure(ONE, a_sink("two", revision=2))
    await until(lambda: asked == 1)
    await house.world.append(2)
    three = a_sink("three")
    house.endpoints["three"] = Endpoint()
    house.world.configure(ONE, TWO, three)
    await house.idle(three, 2)
    go.set()
    await until(lambda: asked == 2)
    assert (await house.world.state(three.id))[1] == 2


async def test_one_that_hangs_delays_no_other(house: House):
    house.endpoints["one"].free.clear()
    house.world.configure(ONE, TWO)
    for _ in range(3):
        await house.server.append({})
        await until(lambda: house.endpoints["one"].parcels)
    await house.idle(TWO, 3)
    assert len(house.endpoints["one"].parcels) == 1
    house.endpoints["one"].free.set()
    await house.idle(ONE, 3)


async def test_a_log_that_fails_for_a_while(house: House):
    endpoint = house.endpoints["one"]
    endpoint.settings = settings(records=1)
    house.world.configure(ONE)
    await house.world.append(1)
    await house.idle(ONE, 1)
    endpoint.free.clear()
    await house.server.append({})
    await until(lambda: len(endpoint.parcels) == 2)
    house.world.log.failing = True
    endpoint.free.set()
    await until(lambda: house.server.health.failing)
    assert house.server.health.failing == {"sink weather/one": "the disk is gone"}
    with pytest.raises(StorageError):
        await house.sinks.pause(ONE)
    house.world.log.failing = False
    await house.idle(ONE, 2)
    assert endpoint.offsets == [[1], [2], [2]]
    assert len(endpoint.taken) == 2
    assert (await house.world.meters(ONE.id))["deliveries"] == 2  # of the answer that was lost nothing is known


async def test_what_people_want_while_it_is_down_is_not_lost(house: House):
    """It fails for another reason than its memory, and begins again."""
    endpoint = house.endpoints["one"]

    async def bug(_: object) -> None:
        raise ValueError("a bug")

    endpoint.on_attempt = bug
    house.world.configure(ONE)
    await house.world.append(1)
    await until(lambda: house.server.health.failing)
    await house.sinks.pause(ONE)
    endpoint.on_attempt = None
    await asyncio.sleep(0.7)  # it begins again after half a second
    assert endpoint.parcels == []
    await house.sinks.resume(ONE)
    await house.idle(ONE, 1)


async def test_what_people_want_while_it_begins_again_is_not_lost(house: House):
    endpoint, go, checkpoint = house.endpoints["one"], asyncio.Event(), house.world.log.log.checkpoint
    tries: list[str] = []

    async def bug(_: object) -> None:
        tries.append("attempt")
        raise ValueError("a bug")

    async def slowly(*args: str) -> object:
        found = await checkpoint(*args)
        tries.append("load")
        await go.wait()
        return found

    endpoint.on_attempt = bug
    house.world.configure(ONE)
    await house.world.append(1)
    await until(lambda: house.server.health.failing)
    house.world.log.log.checkpoint = slowly  # type: ignore[method-assign, assignment]
    await until(lambda: len(tries) == 2)
    await house.sinks.pause(ONE)
    go.set()
    await house.server.append({})
    await stored(house.sinks._running[ONE.id][0])
    assert (await house.sinks.report(ONE)).state == "paused"


async def test_the_next_one_waits_for_what_the_last_one_stores(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runner, "_FAREWELL", 0.01)
    endpoint, go = house.endpoints["one"], asyncio.Event()
    endpoint.free.clear()
    house.world.configure(ONE)
    await house.world.append(2)
    await until(lambda: endpoint.parcels)
    house.world.log.around = go.wait  # the disk takes its time
    endpoint.free.set()
    await until(lambda: house.sinks._running[ONE.id][0].memory.position.offset == 2)
    changed = replace(ONE, revision=2)
    house.world.configure(changed)
    await until(lambda: len(house.made) == 2)
    await asyncio.sleep(0.02)
    house.world.log.around = None
    go.set()
    await house.idle(changed, 2)
    assert len(endpoint.parcels) == 1
    assert (await house.world.meters(ONE.id))["deliveries"] == 1


async def test_who_holds_an_old_one_is_told_so(house: House):
    """Else what it remembers would be stored over what the new one does."""
    house.world.configure(ONE)
    await house.idle(ONE, 0)
    old = house.sinks._running[ONE.id][0]
    changed = replace(ONE, revision=2)
    house.world.configure(changed)
    await until(lambda: house.sinks._running.get(ONE.id, (old,))[0] is not old)
    with pytest.raises(Busy):
        await old.change(lambda state: paused(state, 0))
    await old.test(())
    await stored(old)
    assert (await house.world.state(ONE.id))[0].attempts == 0
    await house.server.append({})
    await house.idle(changed, 1)
    assert (await house.world.state(ONE.id))[0].attempts == 1


async def test_it_ends_with_all_of_its_sinks(world: World):
    async with serving(world) as server:
        house = House(server)
        house.endpoints["one"].free.clear()
        world.configure(ONE, TWO)
        await world.append(1)
        await until(lambda: house.endpoints["one"].parcels)
        task = server._tasks[-1]
        task.cancel()
        asyncio.get_running_loop().call_later(0.02, house.endpoints["one"].free.set)
        await asyncio.gather(task, return_exceptions=True)
        assert not [each for each in asyncio.all_tasks() if each.get_name().startswith("sink ")]
        assert (await world.state(ONE.id))[1] == 1  # what was under way came to its end


async def test_it_ends_also_while_it_waits_for_one(world: World):
    async with serving(world) as server:
        house = House(server)
        house.endpoints["one"].free.clear()
        world.configure(ONE)
        await world.append(1)
        await until(lambda: house.endpoints["one"].parcels)
        world.configure()
        await until(lambda: not house.sinks._running)
        server._tasks[-1].cancel()
        await asyncio.gather(server._tasks[-1], return_exceptions=True)
        assert not [each for each in asyncio.all_tasks() if each.get_name().startswith("sink ")]
