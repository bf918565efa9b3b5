"""How many streams were opened and what was sent to them, counted for each pipeline and day."""

import asyncio
from collections import Counter
from datetime import UTC, datetime

import structlog

from livedash.base import limits
from livedash.catalog.entries import Pipeline
from livedash.log import Count, Together
from livedash.model import Clock
from livedash.model.errors import LivedashError
from livedash.stream.gate import Gate

_log = structlog.get_logger("livedash.meter")
_QUEUE = "stream meter"


class StreamMeter:
    """Counts in memory, and now and then in the log: a commit for each frame would cost more than the frame. A crash
    loses what was counted since the last time, at most `limits.METER_SECONDS` of it."""

    def __init__(self, gate: Gate, clock: Clock) -> None:
        self._gate = gate
        self._clock = clock
        self._counts: Counter[tuple[str, str, str, str]] = Counter()  # by meter, pipeline, day and team

    def opened(self, pipeline: Pipeline) -> None:
        """A stream was opened."""
        self._count(pipeline, streams=1)

    def sent(self, pipeline: Pipeline, records: int, size: int) -> None:
        """So many records, in so many bytes, were written to clients."""
        self._count(pipeline, events=records, bytes=size)

    async def run(self) -> None:
        """Write down what was counted, until cancelled. Raises StorageError; what was counted is kept then."""
        while True:
            await asyncio.sleep(limits.METER_SECONDS)
            await self._write()

    async def close(self) -> None:
        """Write down the rest."""
        try:
            await self._write()
        except LivedashError as error:
            _log.error("usage of streams is lost", error=str(error), counted=sum(self._counts.values()))

    def _count(self, pipeline: Pipeline, **amounts: int) -> None:
        """On the day it is: what is written down later, after midnight or when the disk is back, is not of that day."""
        day = datetime.fromtimestamp(self._clock() / 1_000_000, UTC).date().isoformat()
        for name, amount in amounts.items():
            self._counts[name, pipeline.id, day, pipeline.team] += amount

    async def _write(self) -> None:
        counts, self._counts = self._counts, Counter()
        writes = [Count(*key[:3], amount, key[3], "") for key, amount in counts.items() if amount]
        if not writes:
            return
        try:
            await self._gate.commit(_QUEUE, Together(tuple(writes)), len(writes))
        except LivedashError:
            self._counts.update(counts)
            raise
