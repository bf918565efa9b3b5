"""Forgets what is out of date: by age and size of each pipeline, and what deleted pipelines left behind."""

import asyncio

import structlog

from livedash.base.metrics import Metrics
from livedash.catalog.directory import Directory
from livedash.catalog.entries import Pipeline
from livedash.log import Log, Restart, Trim
from livedash.model import Clock
from livedash.stream.logs import Logs
from livedash.stream.tail import Tails

_log = structlog.get_logger("livedash.retention")
ROUND_SECONDS = 30.0  # between two rounds: retention is told in days, so nobody sees the difference
SWEEP_PAUSE = 0.02  # between two chunks: ingest gets most of the writer
_DAY = 86_400_000_000  # µs


class Retention:
    """One round after the other, in small chunks, beside everything else."""

    def __init__(self, directory: Directory, logs: Logs, tails: Tails, *, clock: Clock, metrics: Metrics) -> None:
        self._directory = directory
        self._logs = logs
        self._tails = tails
        self._clock = clock
        self._metrics = metrics

    async def run(self) -> None:
        """Until cancelled. A change of the catalog begins a round at once. Raises StorageError."""
        while True:
            revision = self._directory.revision
            await self.round()
            try:
                async with asyncio.timeout(ROUND_SECONDS):
                    await self._directory.changed(revision)
            except TimeoutError:
                pass

    async def round(self) -> None:
        """Trim what is out of date and free what was trimmed."""
        await self._forget_deleted()
        for pipeline in self._directory.pipelines():
            if pipeline.persist:
                await self._trim(pipeline)
        await self._sweep(self._logs.durable)
        self._metrics.log_bytes.set(await self._logs.durable.used())

    async def _forget_deleted(self) -> None:
        """What was deleted, or changed between persisting and not, loses its records on the side it left. The logs
        are asked each time: a crash between the deletion and this leaves nothing behind."""
        for log in (self._logs.durable, self._logs.volatile):
            for id in await log.pipelines():
                pipeline = self._directory.pipeline(id)
                if pipeline is None or self._logs.of(pipeline) is not log:
                    await log.commit([Restart(id)])
                    self._tails.forget(id, log)
                    _log.info("records of a pipeline are forgotten", pipeline=id)

    async def _trim(self, pipeline: Pipeline) -> None:
        days, size = pipeline.retention.days, pipeline.retention.bytes
        before = None if days is None else self._clock() - int(days * _DAY)
        through = await self._logs.durable.expired(pipeline.id, before=before, over=size)
        if through:
            await self._logs.durable.commit([Trim(pipeline.id, through)])
            self._tails.forget(pipeline.id, self._logs.durable, through)
            _log.info("trimmed", pipeline=pipeline.slug, through=through)

    async def _sweep(self, log: Log) -> None:
        while await log.sweep():  # noqa: ASYNC110 a pause between chunks, not a wait for something
            await asyncio.sleep(SWEEP_PAUSE)
