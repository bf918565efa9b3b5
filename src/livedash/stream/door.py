"""The one way in. Gathers concurrent callers into one commit, fair between pipelines; returns when it is on disk."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

import structlog

from livedash.base import limits
from livedash.base.metrics import Metrics
from livedash.bus import Bus
from livedash.catalog.entries import Pipeline
from livedash.log import Append, Appended, Log, Outcome
from livedash.mapping import Refused
from livedash.model import Clock, Draft, Json, Refusal
from livedash.model.errors import Busy, LivedashError, StorageError, StorageFull
from livedash.stream.intake import Map, Unreadable, refusal, take
from livedash.stream.logs import Logs

_log = structlog.get_logger("livedash.door")


@dataclass(slots=True)
class _Pending:
    write: Append
    done: "asyncio.Future[Appended]"

    @property
    def size(self) -> int:
        return max(len(self.write.drafts), 1)


class Door:
    """Everything that becomes a record passes here."""

    def __init__(
        self, logs: Logs, bus: Bus, mapping_of: Callable[[Pipeline], Map], *, clock: Clock, metrics: Metrics
    ) -> None:
        self._logs = logs
        self._gates = [_Gate(log, bus, metrics) for log in (logs.durable, logs.volatile)]
        self._mapping_of = mapping_of
        self._clock = clock
        self._metrics = metrics

    async def append(self, pipeline: Pipeline, items: Iterable[Json | Unreadable], key: str | None = None) -> Appended:
        """Map, check, encode and append `items` in order; what cannot be taken is refused alone and kept with its
        reason. Returns when the outcome is as durable as the pipeline. With `key`, a repetition within 24 h stores
        nothing and gets the first outcome. Raises Busy when too much is waiting, StorageError, StorageFull."""
        gate = self._gates[not pipeline.persist]
        gate.check(pipeline.id)
        started = time.perf_counter()
        drafts, refusals = await self._encode(pipeline, items)
        self._metrics.encode.observe(time.perf_counter() - started)
        outcome = await gate.commit(Append(pipeline.id, drafts, refusals, key))
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

    async def close(self) -> None:
        """Wait for what is under way."""
        for gate in self._gates:
            await gate.close()


class _Gate:
    """Group commit for one log: while a commit is on its way, what arrives waits and makes the next one."""

    def __init__(self, log: Log, bus: Bus, metrics: Metrics) -> None:
        self._log = log
        self._bus = bus
        self._metrics = metrics
        self._queues: dict[str, deque[_Pending]] = {}
        self._waiting: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None

    def check(self, pipeline: str) -> None:
        """Raises Busy when the pipeline has too many records waiting, before any work is put into more."""
        if self._waiting.get(pipeline, 0) >= limits.PENDING_RECORDS:
            self._metrics.busy.inc()
            raise Busy(f"{limits.PENDING_RECORDS} records of this pipeline wait for the disk", retry_after=1)

    async def commit(self, write: Append) -> Appended:
        pending = _Pending(write, asyncio.get_running_loop().create_future())
        self._queues.setdefault(write.pipeline, deque()).append(pending)
        self._waiting[write.pipeline] = self._waiting.get(write.pipeline, 0) + pending.size
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain(), name="door")
        return await pending.done

    async def close(self) -> None:
        if self._task is not None:
            await self._task

    async def _drain(self) -> None:
        while self._queues:
            batch = self._take()
            started = time.perf_counter()
            try:
                outcomes: list[Outcome] = list(await self._log.commit([pending.write for pending in batch]))
            except StorageError as error:
                outcomes = [error] * len(batch)
            except Exception:  # a bug: who waits here must not wait for ever, and the next commit may go well
                _log.exception("a commit failed")
                outcomes = [StorageError("the commit failed; the log of the server says why")] * len(batch)
            self._metrics.commit.observe(time.perf_counter() - started)
            self._metrics.commit_records.observe(sum(len(pending.write.drafts) for pending in batch))
            await self._settle(batch, outcomes)

    def _take(self) -> list[_Pending]:
        """The next commit: each pipeline's share in turn; who was left out or cut short is first the next time."""
        batch: list[_Pending] = []
        room = limits.COMMIT_RECORDS
        for pipeline in list(self._queues):
            if room <= 0:
                break
            queue = self._queues.pop(pipeline)
            share = min(limits.COMMIT_RECORDS_PER_PIPELINE, room)
            while queue and share > 0:
                batch.append(queue.popleft())
                share -= batch[-1].size
                room -= batch[-1].size
            if queue:
                self._queues[pipeline] = queue
        return batch

    async def _settle(self, batch: list[_Pending], outcomes: list[Outcome]) -> None:
        heads: dict[str, int] = {}
        for pending, outcome in zip(batch, outcomes, strict=True):
            pipeline = pending.write.pipeline
            self._waiting[pipeline] -= pending.size
            if not self._waiting[pipeline]:
                del self._waiting[pipeline]
            if isinstance(outcome, Appended) and outcome.last is not None:
                heads[pipeline] = max(outcome.last, heads.get(pipeline, 0))
            if pending.done.done():  # the caller went away; what it sent is stored all the same
                continue
            if isinstance(outcome, LivedashError):
                self._metrics.busy.inc(isinstance(outcome, StorageFull))
                pending.done.set_exception(outcome)
            elif isinstance(outcome, Appended):
                pending.done.set_result(outcome)
        for pipeline, last in heads.items():
            await self._bus.announce(pipeline, last)
