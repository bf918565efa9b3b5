"""Sinks run while they are configured, each on its own."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from livedash.catalog.entries import Sink as Entry
from livedash.model.errors import Busy, NotFound, StorageError
from livedash.sinks import runner
from livedash.sinks.runner import Sinks
from livedash.sinks.steering import paused
from tests.sinks.support import BAD, NEVER, OK, Endpoint, Server, World, a_sink, done, serving, settings, until

ONE, TWO = a_sink("one"), a_sink("two")


class House:
    def __init__(self, server: Server) -> None:
        self.server, self.world = server, server.world
        self.endpoints: dict[str, Endpoint] = {"one": Endpoint(), "two": Endpoint()}
        self.made: list[Entry] = []
        self.sinks: Sinks = server.sinks(self._make)

    def _make(self, entry: Entry) -> Endpoint:
        self.made.append(entry)
        return self.endpoints[entry.name]

    async def idle(self, entry: Entry, last: int) -> None:
        await self.sinks.report(entry)
        await done(self.sinks._running[entry.id][0], last)


@pytest.fixture
async def house(world: World) -> AsyncIterator[House]:
    async with serving(world) as server:
        yield House(server)


async def test_each_gets_everything(house: House):
    house.world.configure(ONE, TWO)
    await house.world.append(3)
    for each in (ONE, TWO):
        await house.idle(each, 3)
    assert [each.offsets for each in house.endpoints.values()] == [[[1, 2, 3]]] * 2
    ids = [each.parcels[0].id for each in house.endpoints.values()]
    assert ids[0] != ids[1]


async def test_a_changed_one_goes_on_where_it_was(house: House):
    house.world.configure(ONE, TWO)
    await house.world.append(2)
    await house.idle(ONE, 2)
    house.world.configure(replace(ONE, revision=2, settings={"new": True}), TWO)
    await house.server.append({})
    await until(lambda: len(house.endpoints["one"].parcels) == 2)
    assert house.endpoints["one"].offsets == [[1, 2], [3]]
    assert [each.name for each in house.made] == ["one", "two", "one"]
    assert house.made[-1].settings == {"new": True}


async def test_an_attempt_under_way_ends_before_the_change(house: House):
    endpoint = house.endpoints["one"]
    endpoint.free.clear()
    house.world.configure(ONE)
    await house.world.append(2)
    await until(lambda: endpoint.parcels)
    changed = replace(ONE, revision=2)
    house.world.configure(changed)
    await asyncio.sleep(0.01)
    endpoint.free.set()
    await house.idle(changed, 2)
    assert len(endpoint.parcels) == 1  # it was remembered that it went well
    assert (await house.world.meters(ONE.id))["deliveries"] == 1


async def test_one_that_takes_longer_is_tried_again_as_it_was(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runner, "_FAREWELL", 0.01)
    endpoint = house.endpoints["one"]
    endpoint.free.clear()
    house.world.configure(ONE)
    await house.world.append(2)
    await until(lambda: endpoint.parcels)
    house.world.configure(replace(ONE, revision=2))
    await until(lambda: len(endpoint.parcels) == 2)
    endpoint.free.set()
    await house.idle(replace(ONE, revision=2), 2)
    assert endpoint.parcels[0].id == endpoint.parcels[1].id
    assert (await house.world.meters(ONE.id))["deliveries"] == 1


async def test_a_deleted_one_is_forgotten_but_not_its_meters(house: House):
    house.endpoints["one"].answers.extend([BAD, NEVER])
    house.world.configure(ONE, TWO)
    await house.world.append(1)
    await house.idle(ONE, 1)
    await house.idle(TWO, 1)
    meters = await house.world.meters(ONE.id)
    house.world.configure(TWO)
    async with asyncio.timeout(5):
        while ONE.id in await house.world.log.readers():
            await asyncio.sleep(0.001)
    for kind in ("delivered", "failed", "parked"):
        assert await house.world.log.notes(ONE.id, kind) == []
    assert await house.world.meters(ONE.id) == meters
    with pytest.raises(NotFound):
        await house.sinks.report(ONE)
    assert (await house.world.state(TWO.id))[1] == 1


async def test_one_that_is_made_meanwhile_is_not_forgotten(house: House):
    """Who is gone is decided after the log was asked."""
    house.world.configure(ONE)
    await house.idle(ONE, 0)
    asked, go, readers = asyncio.Event(), asyncio.Event(), house.world.log.log.readers

    async def slowly() -> object:
        asked.set()
        await go.wait()
        return await readers()

    house.world.log.readers = slowly  # type: ignore[attr-defined]
    house.world.configure(ONE, a_sink("two", revision=2))
    await asked.wait()
    await house.world.append(2)
    house.endpoints["three"] = Endpoint()
    three = a_sink("three")
    house.world.configure(ONE, TWO, three)
    await house.idle(three, 0)
    del house.world.log.readers  # type: ignore[attr-defined]
    go.set()
    await house.server.append({})
    await until(lambda: house.endpoints["three"].parcels)
    await house.idle(three, 3)
    assert (await house.world.state(three.id))[1] == 3


async def test_a_deleted_pipeline_takes_its_sinks_along(house: House):
    house.world.configure(ONE)
    await house.idle(ONE, 0)
    house.world.configure(pipelines=())
    await until(lambda: not house.sinks._running)
    assert not house.server.health.failing


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


async def test_metrics_tell_how_they_are(house: House):
    house.endpoints["one"].answers.extend([OK, NEVER])
    house.endpoints["one"].settings = settings(records=2)
    house.endpoints["two"].free.clear()
    house.world.configure(ONE, TWO)
    await house.world.append(5)
    await house.idle(ONE, 5)
    await house.sinks.observe()
    metrics = house.server.metrics

    def value(gauge: object, name: str) -> float:
        return gauge.labels("weather", name)._value.get()  # type: ignore[attr-defined, no-any-return]

    assert [value(metrics.sink_lag, each) for each in ("one", "two")] == [0, 5]
    assert [value(metrics.sink_parked, each) for each in ("one", "two")] == [1, 0]
    assert [value(metrics.sink_disabled, each) for each in ("one", "two")] == [0, 0]
    house.endpoints["two"].free.set()
    await house.idle(TWO, 5)


async def test_attempts_are_counted_also_of_one_that_went(house: House):
    house.world.configure(ONE)
    await house.world.append(1)
    await house.idle(ONE, 1)
    house.world.configure()
    attempts = house.server.metrics.sink_attempts.labels("weather", "one", "delivered")
    await until(lambda: attempts._value.get() == 1)
