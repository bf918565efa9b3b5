"""Which log holds a pipeline."""

from dataclasses import dataclass

from livedash.catalog.entries import Pipeline
from livedash.log import Log
from livedash.model import Cursor


@dataclass(frozen=True, slots=True)
class Logs:
    """`durable` holds what persists; `volatile` keeps only the newest records, in memory (`persist: false`)."""

    durable: Log
    volatile: Log

    def of(self, pipeline: Pipeline) -> Log:
        return self.durable if pipeline.persist else self.volatile

    async def head(self, pipeline: Pipeline) -> Cursor:
        """The place behind its newest record. Raises StorageError."""
        bounds = await self.of(pipeline).bounds(pipeline.id)
        return Cursor(bounds.epoch, bounds.last)
