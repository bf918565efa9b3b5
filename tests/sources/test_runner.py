"""Sources run while their pipelines are there, with the settings that these have now."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from livedash.base.metrics import Metrics
from livedash.base.supervise import Health
from livedash.catalog.directory import Directory
from livedash.catalog.entries import Pipeline, Snapshot
from livedash.sources.runner import Runner
from tests.stream.conftest import a_pipeline


@dataclass
class Source:
    """Says when it starts and ends; fails when its pipeline's settings say so."""

    running: dict[str, Any] = field(default_factory=dict)
    starts: list[str] = field(default_factory=list)
    doors: set[object] = field(default_factory=set)

    async def run(self, pipeline: Pipeline, door: object) -> None:
        self.starts.append(pipeline.slug)
        self.doors.add(door)
        if pipeline.source.get("fails"):
            raise OSError("no such host")
        self.running[pipeline.slug] = pipeline.source
        try:
            await asyncio.Event().wait()
        finally:
            del self.running[pipeline.slug]


def poll(slug: str, revision: int = 1, **source: object) -> Pipeline:
    return replace(a_pipeline(slug), source={"type": "poll", **source}, revision=revision)


class House:
    def __init__(self) -> None:
        self.directory = Directory(Snapshot(1, (), (), (), (), (), {}))
        self.source, self.health, self.door = Source(), Health(), object()

    def configure(self, *pipelines: Pipeline) -> None:
        self.directory.refresh(Snapshot(self.directory.revision + 1, (), pipelines, (), (), (), {}))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        def source_of(pipeline: Pipeline) -> Source | None:
            return self.source if pipeline.source["type"] == "poll" else None

        runner = Runner(self.directory, self.door, source_of, health=self.health, metrics=Metrics())  # type: ignore[arg-type]
        task = asyncio.create_task(runner.run())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def until(self, **running: object) -> None:
        """Until just these sources run, with these settings."""
        wanted = {slug: {"type": "poll", **settings} for slug, settings in running.items()}  # type: ignore[dict-item]
        async with asyncio.timeout(5):
            while self.source.running != wanted:
                await asyncio.sleep(0)


@pytest.fixture
def house() -> House:
    return House()


async def test_sources_come_and_go_with_their_pipelines(house: House) -> None:
    house.configure(poll("a"), a_pipeline("pushed"))
    async with house.running():
        await house.until(a={})
        house.configure(poll("a"), poll("b"))
        await house.until(a={}, b={})
        house.configure(poll("b"))
        await house.until(b={})
        house.configure()
        await house.until()
    assert house.source.starts == ["a", "b"]  # and each was started once
    assert house.source.doors == {house.door}


async def test_a_change_restarts_only_what_changed(house: House) -> None:
    house.configure(poll("a", every=1), poll("b"))
    async with house.running():
        await house.until(a={"every": 1}, b={})
        house.configure(poll("a", 2, every=5), poll("b"))
        await house.until(a={"every": 5}, b={})
    assert sorted(house.source.starts) == ["a", "a", "b"]


async def test_a_paused_pipeline_has_no_source_until_it_is_resumed(house: House) -> None:
    paused = replace(poll("a"), paused=True)
    house.configure(poll("a"), poll("b"))
    async with house.running():
        await house.until(a={}, b={})
        house.configure(paused, poll("b"))
        await house.until(b={})
        house.configure(replace(paused, name="A", revision=2), poll("b"), poll("c"))
        await house.until(b={}, c={})
        house.configure(poll("a", 2), poll("b"), poll("c"))
        await house.until(a={}, b={}, c={})
    assert sorted(house.source.starts) == ["a", "a", "b", "c"]


async def test_a_pipeline_that_is_pushed_to_from_now_on_polls_no_more(house: House) -> None:
    house.configure(poll("a"))
    async with house.running():
        await house.until(a={})
        house.configure(replace(a_pipeline("a"), revision=2))
        await house.until()


async def test_one_that_fails_is_reported_and_leaves_the_others_alone(house: House) -> None:
    house.configure(poll("ill", fails=True), poll("well"))
    async with house.running():
        await house.until(well={})
        async with asyncio.timeout(5):
            while not house.health.failing:
                await asyncio.sleep(0)
        assert house.health.failing == {"source ill": "no such host"}
        house.configure(poll("well"))
        async with asyncio.timeout(5):
            while house.health.failing:  # what is gone does not fail any more
                await asyncio.sleep(0)
        await house.until(well={})


async def test_it_ends_its_sources_when_it_ends(house: House) -> None:
    house.configure(poll("a"), poll("b"))
    async with house.running():
        await house.until(a={}, b={})
    assert house.source.running == {}
