"""Time limits end what takes too long, and only that."""

import asyncio

import pytest

from livedash.base.deadline import Deadlines


async def test_what_takes_too_long_ends_and_what_does_not_goes_on() -> None:
    deadlines = Deadlines()

    async def work(seconds: float, until: asyncio.Event) -> str:
        with deadlines.within(seconds):
            await until.wait()
        return "done"

    never, soon = asyncio.Event(), asyncio.Event()
    short = asyncio.create_task(work(0.05, never))
    long = asyncio.create_task(work(30, soon))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(short, 10)
    soon.set()
    assert await long == "done"


async def test_a_limit_set_while_none_runs_holds_too() -> None:
    deadlines = Deadlines()
    for _ in range(3):
        with pytest.raises(TimeoutError), deadlines.within(0.01):
            await asyncio.Event().wait()


async def test_a_limit_that_is_over_is_not_one_any_more() -> None:
    deadlines = Deadlines()
    with deadlines.within(0.01):
        pass
    with pytest.raises(TimeoutError), deadlines.within(0.2):  # the timer has looked at what runs by then
        await asyncio.Event().wait()


async def test_a_task_that_is_cancelled_by_others_is_cancelled() -> None:
    deadlines = Deadlines()

    async def work() -> None:
        with deadlines.within(30):
            await asyncio.Event().wait()

    for also_expired in (False, True):
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        if also_expired:
            deadlines.expire()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()


async def test_all_can_be_ended_at_once() -> None:
    deadlines = Deadlines()

    async def work() -> None:
        with deadlines.within(30):
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(work()) for _ in range(3)]
    await asyncio.sleep(0)
    deadlines.expire()
    deadlines.expire()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(end) for end in ends] == [TimeoutError] * 3
