"""The first record makes the dashboard: once, whatever happens at the same time, and after a restart too."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from livedash.base.metrics import Metrics
from livedash.bus.local import LocalBus
from livedash.catalog.catalog import Catalog
from livedash.catalog.entries import Pipeline
from livedash.log.sqlite import SqliteLog
from livedash.manage.edit import Editor
from livedash.manage.first import FirstRecords
from livedash.mapping import compile
from livedash.stream.door import Door
from livedash.stream.gate import Gates
from livedash.stream.logs import Logs
from livedash.stream.tail import Tail, Tails

from .support import ADMIN, head_of, now


class Counted(Tails):
    """Tails that count how often they are asked."""

    asked = 0

    async def of(self, pipeline: Pipeline) -> Tail:
        self.asked += 1
        return await super().of(pipeline)


class House:
    def __init__(self, catalog: Catalog, path: Path) -> None:
        self.catalog, self.editor, self.bus = catalog, Editor(catalog, now, head_of), LocalBus()
        self.logs = Logs(SqliteLog(path, clock=now), SqliteLog(":memory:", clock=now, keep=100))
        mapper = compile([])
        metrics = Metrics()
        self.gates = Gates(self.logs, self.bus, metrics)
        self.door = Door(self.gates, lambda _: mapper, clock=now, metrics=metrics)

    async def pipeline(self, slug: str, *, waiting: bool = True) -> Pipeline:
        made = (await self.editor.put_pipeline(ADMIN, slug, {})).pipeline
        if waiting:
            await self.editor.put_dashboard(ADMIN, slug, {"auto": slug})
        return made

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Counted]:
        tails = Counted(self.logs, self.bus, size=100, coalesce=0, metrics=Metrics())
        tasks = [asyncio.create_task(tails.run()), asyncio.create_task(FirstRecords(self.catalog, tails).run())]
        await asyncio.sleep(0)
        yield tails
        assert not tasks[1].done()  # it goes on waiting for others
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def widgets(self, slug: str) -> list[str]:
        found = self.catalog.directory.dashboard(slug)
        return [widget.type for widget in found.widgets] if found else []

    async def until(self, slug: str, widgets: int) -> None:
        async with asyncio.timeout(10):
            while len(self.widgets(slug)) != widgets:
                await asyncio.sleep(0.005)


@pytest.fixture
async def house(catalog: Catalog, tmp_path: Path) -> AsyncIterator[House]:
    house = House(catalog, tmp_path / "log.db")
    yield house
    await house.gates.close()
    await house.logs.durable.close()
    await house.logs.volatile.close()


async def test_the_first_record_makes_the_dashboard(house: House) -> None:
    pipeline, other = await house.pipeline("p"), await house.pipeline("q")
    async with house.running():
        await house.door.append(pipeline, [{"temp": 1}])
        await house.until("p", 2)
        assert house.widgets("p") == ["stat_card", "line_chart"]
        assert house.widgets("q") == []
        await house.door.append(other, [{"city": "Bern"}])
        await house.until("q", 1)


async def test_once(house: House) -> None:
    """What comes later does not make it anew, nor what people took away."""
    pipeline = await house.pipeline("p")
    async with house.running():
        await asyncio.gather(*(house.door.append(pipeline, [{f"n{n}": n}]) for n in range(20)))
        async with asyncio.timeout(10):
            while not house.widgets("p"):
                await asyncio.sleep(0.005)
        revision = house.catalog.directory.revision
        other = await house.pipeline("q")
        await house.door.append(pipeline, [{"more": 1, "text": "x"}])
        await house.door.append(other, [{"a": 1}])
        await house.until("q", 2)
        # the pipeline, its dashboard, and the widgets of the first record there: nothing was written for p
        assert house.catalog.directory.revision == revision + 3


async def test_while_other_things_are_changed(house: House) -> None:
    pipelines = [await house.pipeline(f"p{n}") for n in range(5)]
    async with house.running():
        await asyncio.gather(
            *(house.door.append(pipeline, [{"n": 1}]) for pipeline in pipelines),
            *(house.editor.put_pipeline(ADMIN, f"x{n}", {}) for n in range(10)),
        )
        for number in range(5):
            await house.until(f"p{number}", 2)


async def test_a_record_that_came_before_the_dashboard_counts(house: House) -> None:
    pipeline = await house.pipeline("p", waiting=False)
    await house.door.append(pipeline, [{"n": 1}])
    async with house.running():
        await house.editor.put_dashboard(ADMIN, "p", {"auto": "p"})
        await house.until("p", 2)


async def test_a_crash_between_the_record_and_the_dashboard(house: House) -> None:
    """The record is on disk, nobody made the dashboard: the next start does."""
    pipeline = await house.pipeline("p")
    await house.door.append(pipeline, [{"n": 1}])
    assert house.widgets("p") == []
    async with house.running():
        await house.until("p", 2)
    revision = house.catalog.directory.revision
    async with house.running():  # and the one after that does nothing
        await house.door.append(pipeline, [{"n": 2}])
        await house.pipeline("q")
    assert house.catalog.directory.revision == revision + 2


async def test_a_dashboard_that_goes_meanwhile(house: House) -> None:
    pipeline, other = await house.pipeline("p"), await house.pipeline("q")
    async with house.running():
        await house.editor.delete_dashboard(ADMIN, "p")
        await house.door.append(pipeline, [{"n": 1}])
        await house.door.append(other, [{"n": 1}])
        await house.until("q", 2)
        assert house.catalog.directory.dashboard("p") is None


async def test_a_first_record_without_fields_waits_for_the_next(house: House) -> None:
    """And does not look for it without end: that took a whole core."""
    pipeline = await house.pipeline("p")
    async with house.running() as tails:
        await house.door.append(pipeline, [{}])
        tail = await tails.of(pipeline)
        async with asyncio.timeout(5):
            while not tail.last:
                await asyncio.sleep(0.001)
        before = tails.asked
        for _ in range(500):
            await asyncio.sleep(0)
        assert tails.asked <= before + 1
        await house.door.append(pipeline, [{"n": 1}])
        await house.until("p", 2)
