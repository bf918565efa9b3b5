"""Runs the sources that have work of their own to do: one supervised task for each pipeline that has one and is not
paused."""

import asyncio
from collections.abc import Callable
from functools import partial

from livedash.base.metrics import Metrics
from livedash.base.supervise import Health, supervise
from livedash.catalog.directory import Directory
from livedash.catalog.entries import Pipeline
from livedash.sources.source import Source
from livedash.stream.door import Door


class Runner:
    """Starts, restarts and ends sources as pipelines come, change, pause and go."""

    def __init__(
        self,
        directory: Directory,
        door: Door,
        source_of: Callable[[Pipeline], Source | None],
        *,
        health: Health,
        metrics: Metrics,
    ) -> None:
        self._directory = directory
        self._door = door
        self._source_of = source_of
        self._health = health
        self._metrics = metrics
        self._tasks: dict[tuple[str, int], asyncio.Task[None]] = {}  # by pipeline and its revision

    async def run(self) -> None:
        """Until cancelled; ends its sources then."""
        try:
            while True:
                revision = self._directory.revision
                await self._adjust()
                await self._directory.changed(revision)
        finally:
            await self._end(list(self._tasks))

    async def _adjust(self) -> None:
        going = [pipeline for pipeline in self._directory.pipelines() if not pipeline.paused]
        pipelines = {(pipeline.id, pipeline.revision): pipeline for pipeline in going}
        await self._end([key for key in self._tasks if key not in pipelines])
        for key, pipeline in pipelines.items():
            if key not in self._tasks and (source := self._source_of(pipeline)):
                name = f"source {pipeline.slug}"
                run = partial(source.run, pipeline, self._door)
                work = supervise(name, run, health=self._health, metrics=self._metrics)
                self._tasks[key] = asyncio.create_task(work, name=name)

    async def _end(self, keys: list[tuple[str, int]]) -> None:
        tasks = [self._tasks.pop(key) for key in keys]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
