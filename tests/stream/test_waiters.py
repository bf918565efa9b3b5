"""Waiters: woken together, or each at its own time."""

import asyncio

from livedash.stream.waiters import Waiters


async def test_all_are_woken():
    waiters, now = Waiters(), asyncio.get_running_loop().time()
    tasks = [asyncio.create_task(waiters.wait(now + wait)) for wait in (60, 3, 20)]
    await asyncio.sleep(0)
    assert waiters
    waiters.wake()
    await asyncio.wait_for(asyncio.gather(*tasks), 1)
    assert not waiters


async def test_each_ends_at_its_time_whatever_the_order():
    waiters, loop, ended = Waiters(), asyncio.get_running_loop(), []

    async def wait(seconds: float) -> None:
        await waiters.wait(loop.time() + seconds)
        ended.append(seconds)

    tasks = [asyncio.create_task(wait(seconds)) for seconds in (0.06, 0.02, 0.04, 60)]
    await asyncio.wait_for(asyncio.gather(*tasks[:3]), 5)
    assert ended == [0.02, 0.04, 0.06]
    tasks[3].cancel()
    await asyncio.gather(tasks[3], return_exceptions=True)
    assert not waiters
