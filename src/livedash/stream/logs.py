"""Which log holds a pipeline."""

from dataclasses import dataclass

from livedash.catalog.entries import Pipeline
from livedash.log import Log


@dataclass(frozen=True, slots=True)
class Logs:
    """`durable` holds what persists; `volatile` keeps only the newest records, in memory (`persist: false`)."""

    durable: Log
    volatile: Log

    def of(self, pipeline: Pipeline) -> Log:
        return self.durable if pipeline.persist else self.volatile
