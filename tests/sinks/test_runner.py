"""Sinks run while they are configured, each on its own."""

import asyncio
from dataclasses import replace

import pytest

from livedash.model.errors import NotFound
from livedash.sinks import runner
from tests.sinks.endpoint import BAD, NEVER, OK, settings
from tests.sinks.house import ONE, TWO, House
from tests.sinks.support import WEATHER, until


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


async def test_a_pause_of_the_pipeline_restarts_nothing(house: House):
    house.world.configure(ONE)
    await house.world.append(2)
    await house.idle(ONE, 2)
    house.world.configure(ONE, TWO, pipelines=[replace(WEATHER, paused=True)])
    await house.idle(TWO, 2)  # the change has come through
    assert [each.name for each in house.made] == ["one", "two"]
    assert house.endpoints["two"].offsets == [[1, 2]], "what the log holds is delivered meanwhile"


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


async def test_a_deleted_pipeline_takes_its_sinks_along(house: House):
    house.world.configure(ONE)
    await house.idle(ONE, 0)
    house.world.configure(pipelines=())
    await until(lambda: not house.sinks._running)
    assert not house.server.health.failing


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


async def test_one_that_cannot_start_keeps_no_other_from_it(house: House):
    del house.endpoints["one"]
    house.world.configure(ONE, TWO)
    await house.world.append(3)
    await house.idle(TWO, 3)
    assert list(house.server.health.failing) == ["sink weather/one"]
    house.world.configure(TWO)
    await until(lambda: not house.server.health.failing)
