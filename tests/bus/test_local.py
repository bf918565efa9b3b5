"""The bus inside one process."""

import asyncio

import pytest

from livedash.bus import Bus, Head
from livedash.bus.local import LocalBus

from .conformance import BusConformance, heard


@pytest.fixture
def bus() -> LocalBus:
    return LocalBus()


class TestLocalBus(BusConformance):
    async def test_hints_not_taken_are_merged_to_one(self, bus: Bus) -> None:
        async with bus.listen() as heads:
            for last in range(1, 101):
                await bus.announce("p", last)
                await bus.announce("q", last)
            assert await heard(heads, Head("q", 100)) == [Head("p", 100), Head("q", 100)]

    async def test_a_hint_cancelled_on_its_way_is_still_there(self, bus: Bus) -> None:
        """Cancelled in the very moment in which it was woken."""
        async with bus.listen() as heads:
            waiting = asyncio.ensure_future(anext(heads))
            await asyncio.sleep(0)
            await bus.announce("p", 1)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            assert await heard(heads, Head("p", 1)) == [Head("p", 1)]
