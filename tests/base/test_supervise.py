"""Work that fails is started again, later each time, and what fails is said while it does.

Time is the loop's own, and passes at once when nothing else is to be done."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from selectors import SelectSelector
from typing import Any

import pytest

from livedash.base.metrics import Metrics
from livedash.base.supervise import LONGEST_WAIT, Health, supervise

Run = Callable[[], Awaitable[None]]


class _Jump(SelectSelector):
    """Waits for nothing: what would be waited for has passed."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        self.now += timeout or 0
        return super().select(0)


class QuickLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now


def quickly(work: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=QuickLoop) as runner:
        return runner.run(work)


class Fails:
    """Fails `times` times, each after `seconds`, then waits until it is cancelled."""

    def __init__(self, times: int, seconds: float = 0) -> None:
        self.times = times
        self.seconds = seconds
        self.starts: list[float] = []
        self.runs = asyncio.Event()

    async def __call__(self) -> None:
        self.starts.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.seconds)
        if len(self.starts) <= self.times:
            raise OSError(f"failure {len(self.starts)}")
        self.runs.set()
        await asyncio.Event().wait()

    def waits(self) -> list[float]:
        between = zip(self.starts, self.starts[1:], strict=False)
        return [round(later - sooner - self.seconds, 3) for sooner, later in between]


def start(run: Run, health: Health, metrics: Metrics | None = None) -> "asyncio.Task[None]":
    return asyncio.create_task(supervise("work", run, health=health, metrics=metrics or Metrics(), backoff=0.5))


async def end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_it_waits_twice_as_long_each_time_up_to_a_bound() -> None:
    async def story() -> None:
        run, health = Fails(9), Health()
        task = start(run, health)
        await run.runs.wait()
        assert run.waits() == [0.5, 1, 2, 4, 8, 16, LONGEST_WAIT, LONGEST_WAIT, LONGEST_WAIT]
        await end(task)

    quickly(story())


def test_health_says_what_fails_and_forgets_it_when_it_runs_again() -> None:
    async def story() -> None:
        run, health, metrics = Fails(2), Health(), Metrics()
        task = start(run, health, metrics)
        await asyncio.sleep(0.1)
        assert health.failing == {"work": "failure 1"}
        await run.runs.wait()
        assert health.failing == {"work": "failure 2"}  # it has only just begun
        await asyncio.sleep(LONGEST_WAIT + 5)
        assert health.failing == {}
        assert b'livedash_failures_total{name="work"} 2.0' in metrics.text()
        await end(task)

    quickly(story())


def test_what_keeps_failing_never_looks_well() -> None:
    async def story() -> None:
        run, health = Fails(30), Health()
        task = start(run, health)
        await asyncio.sleep(0.1)
        while not run.runs.is_set():
            assert "work" in health.failing
            await asyncio.sleep(0.5)
        await end(task)

    quickly(story())


def test_after_a_long_run_the_wait_is_short_again() -> None:
    async def story() -> None:
        run = Fails(6, seconds=LONGEST_WAIT + 1)
        task = start(run, Health())
        await run.runs.wait()
        assert run.waits() == [0.5] * 6
        await end(task)

    quickly(story())


def test_what_returns_is_done() -> None:
    async def story() -> None:
        health, runs = Health(), []

        async def once() -> None:
            runs.append(1)
            if len(runs) == 1:
                raise ValueError

        await start(once, health)
        assert (len(runs), health.failing) == (2, {})

    quickly(story())


@pytest.mark.parametrize("after", [0.1, 1000])
def test_cancelled_it_ends_at_once_and_leaves_nothing(after: float) -> None:
    """While it waits to start again, and while it runs."""

    async def story() -> None:
        run, health = Fails(1 if after > 1 else 100), Health()
        task = start(run, health)
        await asyncio.sleep(after)
        starts = len(run.starts)
        await end(task)
        assert health.failing == {}
        await asyncio.sleep(LONGEST_WAIT * 3)
        assert (len(run.starts), health.failing) == (starts, {})

    quickly(story())


def test_one_that_fails_leaves_its_siblings_alone() -> None:
    async def story() -> None:
        well, ill = Fails(0), Fails(1000)
        health = Health()
        tasks = [
            asyncio.create_task(supervise(name, run, health=health, metrics=Metrics()))
            for name, run in (("well", well), ("ill", ill))
        ]
        await asyncio.sleep(500)
        assert (len(well.starts), len(ill.starts) > 10, list(health.failing)) == (1, True, ["ill"])
        for task in tasks:
            await end(task)

    quickly(story())


def test_an_error_without_words_has_its_name() -> None:
    async def story() -> None:
        async def fails() -> None:
            raise KeyError

        health = Health()
        task = start(fails, health)
        await asyncio.sleep(0.1)
        assert health.failing == {"work": "KeyError"}
        await end(task)

    quickly(story())
