"""This host's own metrics: real samples, right rates, on the beat."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import psutil
import pytest

from livedash.model.record import metrics_of
from livedash.sources import host
from livedash.sources.host import HostMeter
from livedash.sources.system import System
from tests.stream.conftest import a_pipeline


class HandTime:
    """Seconds that pass when told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_sample_of_this_host() -> None:
    data = HostMeter().sample()
    cores = {name: value for name, value in data["cpu"].items() if name.startswith("core")}
    assert list(cores) == [f"core{number}" for number in range(psutil.cpu_count() or 1)]
    assert all(0 <= value <= 100 for value in data["cpu"].values())
    assert data["memory"]["total"] == psutil.virtual_memory().total
    for group in ("memory", "disk"):
        assert 0 < data[group]["used"] <= data[group]["total"]
        assert 0 <= data[group]["percent"] <= 100
    assert set(data["load"]) == {"1m", "5m", "15m"}
    assert data["processes"] >= 1
    assert {"sent_per_s", "received_per_s"} <= set(data["network"])


def test_every_number_of_a_sample_can_be_charted() -> None:
    paths = metrics_of(HostMeter().sample())
    assert {"cpu.total", "cpu.core0", "memory.used", "disk.percent", "load.1m", "network.sent_per_s"} <= set(paths)


def sampled(
    monkeypatch: pytest.MonkeyPatch, counted: Sequence[dict[str, float]], seconds: Sequence[float]
) -> list[Any]:
    """Samples with these counters of the host, so many seconds apart."""
    time, rows = HandTime(), iter(counted)
    monkeypatch.setattr(host, "_counters", lambda: next(rows))
    meter, samples = HostMeter(time), []
    for passed in seconds:
        time.now += passed
        samples.append(meter.sample())
    return samples


def test_rates_are_per_second_since_the_sample_before(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = [{"network.sent_per_s": sent, "disk.read_per_s": 7} for sent in (1000, 2000, 2000, 2500)]
    samples = sampled(monkeypatch, counted, (2, 1, 0.5))
    assert [sample["network"]["sent_per_s"] for sample in samples] == [500, 0, 1000]
    assert [sample["disk"]["read_per_s"] for sample in samples] == [0, 0, 0]


def test_a_counter_that_went_back_has_no_rate_this_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when an interface came anew: a rate of minus a gigabyte would stand on every chart."""
    counted = [{"network.sent_per_s": sent, "network.received_per_s": 1} for sent in (5000, 100, 300)]
    first, second = sampled(monkeypatch, counted, (1, 1))
    assert first["network"] == {"received_per_s": 0}
    assert second["network"] == {"received_per_s": 0, "sent_per_s": 200}


def test_a_counter_that_is_new_has_no_rate_yet_and_no_time_is_no_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = [{}, {"network.sent_per_s": 100.0}, {"network.sent_per_s": 200.0}, {"network.sent_per_s": 300.0}]
    samples = sampled(monkeypatch, counted, (1, 0, 1))
    assert [sample.get("network") for sample in samples] == [None, None, {"sent_per_s": 100}]


class Listening:
    """The door as a source sees it: takes records, and says when."""

    def __init__(self, slow: int = -1) -> None:
        self.times: list[float] = []
        self.records: list[dict[str, Any]] = []
        self._slow = slow

    async def append(self, pipeline: object, items: Sequence[dict[str, Any]]) -> None:
        loop = asyncio.get_running_loop()
        self.times.append(loop.time())
        self.records += items
        if len(self.times) - 1 == self._slow:
            await asyncio.sleep(0.25)


async def beats(door: Listening, count: int) -> list[float]:
    """When `count` records came, in beats of a tenth of a second after the first."""
    running = asyncio.create_task(System(every=0.1).run(a_pipeline(), door))  # type: ignore[arg-type]
    async with asyncio.timeout(20):
        while len(door.times) < count:
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return [round((at - door.times[0]) / 0.1, 2) for at in door.times[:count]]


async def test_it_keeps_the_beat() -> None:
    door = Listening()
    found = await beats(door, 8)
    assert 6.5 < found[-1] < 9.5, found  # the time of sampling itself is not added to each
    assert all(sample["cpu"]["total"] is not None for sample in door.records)


async def test_a_slow_moment_is_not_made_up_for_by_a_burst() -> None:
    found = await beats(Listening(slow=2), 6)
    assert all(later - sooner > 0.5 for sooner, later in pairwise(found[3:])), found


@pytest.mark.parametrize("every", [0, 0.05, 3601, "often"])
def test_settings(every: object) -> None:
    with pytest.raises(ValueError, match="every"):
        System.model_validate({"type": "system", "every": every})
