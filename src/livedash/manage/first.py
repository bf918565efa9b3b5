"""Waits for the first record of pipelines that a dashboard waits for, and has the dashboard made of it."""

import asyncio

from livedash.catalog.catalog import Catalog
from livedash.catalog.entries import Pipeline
from livedash.manage.auto import fill, waits
from livedash.model import Cursor
from livedash.stream.reader import Reader
from livedash.stream.tail import Tails

_WAIT_SECONDS = 60.0


class FirstRecords:
    """One waiting task for each such pipeline, for as long as a dashboard waits."""

    def __init__(self, catalog: Catalog, tails: Tails) -> None:
        self._catalog = catalog
        self._tails = tails

    async def run(self) -> None:
        """Until cancelled. Raises StorageError."""
        directory = self._catalog.directory
        while True:
            revision = directory.revision
            waiting = [each for each in directory.pipelines() if waits(self._catalog, each)]
            changed = asyncio.create_task(directory.changed(revision))
            tasks: list[asyncio.Task[None]] = [asyncio.create_task(self._first(pipeline)) for pipeline in waiting]
            try:
                done, _ = await asyncio.wait((changed, *tasks), return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in (changed, *tasks):
                    task.cancel()
                await asyncio.gather(changed, *tasks, return_exceptions=True)

    async def _first(self, pipeline: Pipeline) -> None:
        tail = await self._tails.of(pipeline)
        reader = Reader(tail, Cursor(tail.epoch, 0))
        while waits(self._catalog, pipeline):  # the first records may have no fields to show
            page = await reader.next(wait=_WAIT_SECONDS)
            await fill(self._catalog, pipeline, page.records)
