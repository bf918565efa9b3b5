"""What people want delivered once more."""

import pytest

from livedash.base import limits
from livedash.model.errors import Busy, Invalid
from tests.sinks.desk import HOOK, Desk
from tests.sinks.endpoint import settings


async def test_replayed_beside_what_is_new(desk: Desk):
    await desk.world.append(6)
    await desk.idle(6)
    desk.endpoint.free.clear()
    await desk.server.append({})
    await desk.in_flight(4)
    desk.endpoint.parcels.clear()
    for _ in range(5):
        await desk.server.append({})
    assert await desk.sinks.replay(HOOK, 2, 5) == 1
    desk.endpoint.free.set()
    await desk.idle(12)
    assert desk.endpoint.offsets == [[2, 3], [8, 9], [4, 5], [10, 11], [12]]
    assert ["replay1" in each.id for each in desk.endpoint.parcels] == [True, False, True, False, False]
    assert len(desk.endpoint.taken) == 9  # no id was that of another
    with pytest.raises(Invalid, match="1 to 12"):
        await desk.sinks.replay(HOOK, 2, 13)


async def test_replays_are_bounded(desk: Desk):
    await desk.world.append(1)
    await desk.idle(1)
    await desk.sinks.pause(HOOK)
    for _ in range(limits.REPLAYS_WAITING):
        await desk.sinks.replay(HOOK, 1, 1)
    with pytest.raises(Busy):
        await desk.sinks.replay(HOOK, 1, 1)
    await desk.sinks.resume(HOOK)
    await desk.idle(1)
    assert len(desk.endpoint.parcels) == 1 + limits.REPLAYS_WAITING


async def test_a_filter_leaves_nothing_to_replay(desk: Desk):
    desk.endpoint.settings = settings(where="data.n > 0")
    await desk.server.append({"n": 0}, {"n": 1}, {"n": 0})
    await desk.idle(3)
    desk.endpoint.parcels.clear()
    await desk.sinks.replay(HOOK, 3, 3)
    await desk.idle(3)
    await desk.sinks.replay(HOOK, 1, 3)
    await desk.idle(3)
    assert desk.endpoint.offsets == [[2]]
