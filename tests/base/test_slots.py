"""Slots are given in order, never more than there are, and are not lost when somebody gives up waiting."""

import asyncio

import pytest

from livedash.base.slots import Slots


async def settled() -> None:
    """Everybody who can go on has gone on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_no_more_than_there_are_and_in_order() -> None:
    slots = Slots(total=3, per_host=2)
    began: list[str] = []

    async def work(name: str) -> None:
        await slots.take(name[0])
        began.append(name)

    tasks = [asyncio.create_task(work(name)) for name in ("a1", "a2", "a3", "b1", "b2", "a4")]
    await settled()
    assert began == ["a1", "a2", "b1"], "a3 waits for its host and holds none of all"
    slots.give("a")
    await settled()
    assert began == ["a1", "a2", "b1", "b2"], "b2 came before a3 had a slot of its host"
    slots.give("b")
    slots.give("a")
    await settled()
    assert began == ["a1", "a2", "b1", "b2", "a3", "a4"]
    for name in ("b", "a", "a"):
        slots.give(name)
    assert not slots._hosts
    await asyncio.gather(*tasks)


@pytest.mark.parametrize(("total", "per_host"), [(1, 2), (2, 1)])
async def test_who_gives_up_waiting_takes_nothing(total: int, per_host: int) -> None:
    slots = Slots(total, per_host)
    await slots.take("a")
    waiting = [asyncio.create_task(slots.take("a")) for _ in range(3)]
    await settled()
    waiting[0].cancel()
    await settled()
    slots.give("a")
    waiting[1].cancel()  # it has its slot already, and does not know
    await asyncio.wait_for(waiting[2], 5)
    slots.give("a")
    assert not slots._hosts
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_who_gives_up_waiting_for_all_gives_its_host_back() -> None:
    slots = Slots(total=1, per_host=1)
    await slots.take("a")
    waiting = [asyncio.create_task(slots.take("b")) for _ in range(2)]
    await settled()
    waiting[0].cancel()
    slots.give("a")
    await asyncio.wait_for(waiting[1], 5)
    slots.give("b")
    await asyncio.gather(*waiting, return_exceptions=True)
