"""What every adapter of the Bus port must do. An adapter's test gives the fixture `bus` and inherits from
BusConformance; one that may lose hints says so with `loses = True`. Change the suite, not an adapter's test.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest

from livedash.bus import Bus, Head

SECONDS = 10  # for what must come


async def heard(heads: AsyncIterator[Head], until: Head) -> list[Head]:
    """Every hint up to `until`."""
    found: list[Head] = []
    async with asyncio.timeout(SECONDS):
        async for head in heads:
            found.append(head)
            if head == until:
                break
    return found


class BusConformance:
    loses = False

    async def test_a_listener_hears_what_is_announced(self, bus: Bus) -> None:
        async with bus.listen() as heads:
            await bus.announce("p", 7)
            assert await heard(heads, Head("p", 7)) == [Head("p", 7)]

    async def test_a_waiting_listener_wakes(self, bus: Bus) -> None:
        async with bus.listen() as heads:
            waiting = asyncio.create_task(heard(heads, Head("p", 1)))
            await asyncio.sleep(0)
            await bus.announce("p", 1)
            assert (await waiting)[-1] == Head("p", 1)

    async def test_many_listeners_hear_the_same(self, bus: Bus) -> None:
        async with bus.listen() as one, bus.listen() as two, bus.listen() as three:
            await bus.announce("p", 1)
            for heads in (one, two, three):
                assert (await heard(heads, Head("p", 1)))[-1] == Head("p", 1)

    async def test_every_pipeline_is_heard_of(self, bus: Bus) -> None:
        """However many grew before the listener looks; the newest offset of each is enough."""
        async with bus.listen() as heads:
            for last in (1, 2, 3):
                for number in range(500):
                    await bus.announce(f"p{number}", last)
            newest = dict(await heard(heads, Head("p499", 3)))
            missed = {f"p{number}" for number in range(500) if newest.get(f"p{number}") != 3}
            assert self.loses or not missed

    async def test_a_slow_listener_holds_up_nobody(self, bus: Bus) -> None:
        async with bus.listen() as slow, bus.listen() as quick:
            for last in range(1, 10_001):
                await asyncio.wait_for(bus.announce("p", last), SECONDS)
            assert (await heard(quick, Head("p", 10_000)))[-1].last == 10_000
            assert (await heard(slow, Head("p", 10_000)))[-1].last == 10_000

    async def test_hints_that_nobody_took_are_few(self, bus: Bus) -> None:
        """A listener that was away finds what is so, not all that was: 10,000 hints are not 10,000 looks."""
        async with bus.listen() as heads:
            for last in range(1, 10_001):
                await bus.announce("p", last)
            assert len(await heard(heads, Head("p", 10_000))) <= 1_000

    async def test_offsets_of_a_pipeline_go_forward(self, bus: Bus) -> None:
        async with bus.listen() as heads:
            listening = asyncio.create_task(heard(heads, Head("p", 300)))
            for last in range(1, 301):
                await bus.announce("p", last)
                if last % 50 == 0:
                    await asyncio.sleep(0)
            offsets = [head.last for head in await listening]
            assert offsets == sorted(offsets)

    async def test_who_is_gone_is_not_told(self, bus: Bus) -> None:
        async with bus.listen() as stays:
            async with bus.listen():
                pass
            with pytest.raises(RuntimeError, match="gone"):
                async with bus.listen():
                    raise RuntimeError("gone")
            await bus.announce("p", 1)
            assert (await heard(stays, Head("p", 1)))[-1] == Head("p", 1)

    async def test_a_cancelled_wait_loses_nothing(self, bus: Bus) -> None:
        async with bus.listen() as heads:
            waiting = asyncio.ensure_future(anext(heads))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            await bus.announce("p", 1)
            assert (await heard(heads, Head("p", 1)))[-1] == Head("p", 1)

    async def test_nobody_listens(self, bus: Bus) -> None:
        await bus.announce("p", 1)
        async with bus.listen() as heads:
            await bus.announce("q", 1)
            assert Head("q", 1) in await heard(heads, Head("q", 1))
