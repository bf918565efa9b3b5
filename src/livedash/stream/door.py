"""The one way in for records: map, check, encode, append. Returns when they are on disk."""

import asyncio
import time
from collections.abc import Callable, Iterable
from itertools import islice

from livedash.base import limits
from livedash.base.metrics import Metrics
from livedash.catalog.entries import Pipeline
from livedash.log import Append, Appended
from livedash.mapping import Refused
from livedash.model import Clock, Draft, Json, Refusal
from livedash.model.errors import Conflict
from livedash.stream.gate import Gates
from livedash.stream.intake import Map, Unreadable, refusal, take


class Door:
    """Everything that becomes a record passes here."""

    def __init__(self, gates: Gates, mapping_of: Callable[[Pipeline], Map], *, clock: Clock, metrics: Metrics) -> None:
        self._gates = gates
        self._mapping_of = mapping_of
        self._clock = clock
        self._metrics = metrics

    async def append(self, pipeline: Pipeline, items: Iterable[Json | Unreadable], key: str | None = None) -> Appended:
        """Map, check, encode and append `items` in order; what cannot be taken is refused alone and kept with its
        reason. Returns when the outcome is as durable as the pipeline. With `key`, a repetition within 24 h stores
        nothing and gets the first outcome. Raises Conflict while the pipeline is paused, Busy when too much is waiting,
        StorageError, StorageFull."""
        if pipeline.paused:
            raise Conflict(f"{pipeline.slug} is paused; resume it to append")
        gate = self._gates.of(pipeline)
        gate.check(pipeline.id)
        started = time.perf_counter()
        drafts, refusals = await self._encode(pipeline, items)
        self._metrics.encode.observe(time.perf_counter() - started)
        outcome = await gate.commit(pipeline.id, Append(pipeline.id, drafts, refusals, key), size=max(len(drafts), 1))
        self._metrics.accepted.labels(pipeline.slug).inc(outcome.accepted)
        if outcome.errors:
            self._metrics.refused.labels(pipeline.slug).inc(len(outcome.errors))
        return outcome

    async def _encode(
        self, pipeline: Pipeline, items: Iterable[Json | Unreadable]
    ) -> tuple[list[Draft], list[Refusal]]:
        mapping, arrival = self._mapping_of(pipeline), self._clock()
        drafts: list[Draft] = []
        refusals: list[Refusal] = []
        numbered = enumerate(items)
        while part := list(islice(numbered, limits.ENCODE_SLICE)):
            for index, item in part:
                try:
                    drafts.append(take(item, mapping, arrival))
                except Refused as error:
                    refusals.append(refusal(index, item, str(error)))
            if len(part) == limits.ENCODE_SLICE:
                await asyncio.sleep(0)  # others get their turn between slices of a large request
        return drafts, refusals
