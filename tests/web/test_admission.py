"""How many streams are let in: exactly as many as the settings say, and whoever is not comes back by itself."""

import asyncio
import time
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash.base.config import Settings
from livedash.base.metrics import Metrics
from livedash.web.admission import SPREAD_MS, Admission

NONE = {"stream_opens_per_minute": 0, "stream_connections": 0, "stream_connections_per_address": 0}
COME = st.tuples(st.just("come"), st.sampled_from("pqr"), st.sampled_from("ab"), st.booleans())
GO = st.tuples(st.just("go"), st.integers(0, 20))


def admission(**settings: int) -> Admission:
    """With no limits but these."""
    return Admission(Settings(**{**NONE, **settings}), Metrics())


async def reason(admission: Admission, pipeline: str = "p", address: str = "a", *, resumed: bool = False) -> str:
    throttled = await admission.admit(pipeline, address, resumed=resumed)
    return throttled.reason if throttled else ""


@given(st.lists(COME | GO, max_size=40), st.integers(0, 4), st.integers(0, 4))
def test_whatever_the_order_the_counts_are_exact(steps: list[Any], most: int, most_of_address: int) -> None:
    asyncio.run(counts_are_exact(steps, most, most_of_address))


async def counts_are_exact(steps: list[Any], most: int, most_of_address: int) -> None:
    metrics = Metrics()
    limited = {**NONE, "stream_connections": most, "stream_connections_per_address": most_of_address}
    admission = Admission(Settings(**limited), metrics)
    there: list[tuple[str, str]] = []
    refused: Counter[str] = Counter()
    for kind, *rest in steps:
        if kind == "go":
            if there:
                admission.leave(*there.pop(rest[0] % len(there)))
            continue
        pipeline, address, resumed = rest
        said = await reason(admission, pipeline, address, resumed=resumed)
        if most and sum(of == pipeline for of, _ in there) >= most:
            assert said == "connections"
        elif most_of_address and sum(by == address for _, by in there) >= most_of_address:
            assert said == "address"
        else:
            assert said == ""
            there.append((pipeline, address))
        refused[said] += 1
    for each in there:
        admission.leave(*each)
    assert not admission._of_pipeline and not admission._of_address, "nothing is kept of who has gone"
    for name in ("connections", "address"):
        assert metrics.throttled.labels(name)._value.get() == refused[name]


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0  # where a minute begins

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock


async def test_so_many_a_minute_for_each_pipeline(clock: Clock) -> None:
    limited = admission(stream_opens_per_minute=5)
    assert [await reason(limited) for _ in range(7)] == [""] * 5 + ["opens"] * 2
    assert await reason(limited, "another") == ""
    assert await reason(limited, resumed=True) == "", "a deploy brings everybody back in the same minute"
    clock.now += 120
    assert await reason(limited) == ""


async def test_the_turn_of_a_minute_does_not_let_in_twice_as_many(clock: Clock) -> None:
    limited = admission(stream_opens_per_minute=1000)
    assert await reason(limited) == ""
    clock.now += 59
    assert [await reason(limited) for _ in range(999)] == [""] * 999
    clock.now += 2
    assert [await reason(limited) for _ in range(1000)].count("") < 20


@pytest.mark.parametrize("second", [0.001, 1, 30.25, 59, 59.9995])
@pytest.mark.parametrize("before", [0, 3, 10])
async def test_there_is_room_when_they_come_back_first(clock: Clock, second: float, before: int) -> None:
    limited = admission(stream_opens_per_minute=10)
    for _ in range(before):
        await limited.admit("p", "a", resumed=False)
    clock.now += 60 + second
    while (throttled := await limited.admit("p", "a", resumed=False)) is None:
        pass
    soonest, latest = throttled.retry_ms
    assert 0 <= soonest <= 66_000 and latest == soonest + SPREAD_MS
    clock.now += soonest / 1000
    assert await reason(limited) == ""


async def test_nobody_else_has_a_turn_while_somebody_is_let_in() -> None:
    """Otherwise more than one would see the last free place."""
    coming = admission(stream_opens_per_minute=10).admit("p", "a", resumed=False)
    with pytest.raises(StopIteration):
        coming.send(None)


async def test_off(clock: Clock) -> None:
    unlimited = admission()
    assert {await reason(unlimited) for _ in range(3000)} == {""}
