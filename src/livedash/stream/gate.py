"""Group commit: gathers concurrent callers into one transaction, fair between queues; returns when it is on disk."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import overload

import structlog

from livedash.base import limits
from livedash.base.metrics import Metrics
from livedash.bus import Bus
from livedash.catalog.entries import Pipeline
from livedash.log import Append, Appended, Done, Log, Outcome, Together, Write
from livedash.model.errors import Busy, LivedashError, StorageError, StorageFull
from livedash.stream.logs import Logs

_log = structlog.get_logger("livedash.gate")
_COMMITS = 2  # asked for at a time: one that runs, one that waits for the thread


@dataclass(slots=True)
class _Pending:
    queue: str
    write: Write
    size: int
    done: "asyncio.Future[Appended | Done]"


@dataclass(slots=True)
class _Batch:
    """What one commit carries, and when that was taken."""

    pending: list[_Pending] = field(default_factory=list)
    taken: float = 0.0


class Gate:
    """The way into one log: while a commit is on its way, what arrives waits and makes the next one.

    Two commits are asked for at a time. The second takes what waits when the first has ended, in the log's own thread:
    that needs no turn of the event loop, which a busy server takes milliseconds to give.
    """

    def __init__(self, log: Log, bus: Bus, metrics: Metrics) -> None:
        self._log = log
        self._bus = bus
        self._metrics = metrics
        self._queues: dict[str, deque[_Pending]] = {}
        self._taking = threading.Lock()
        self._waiting: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = 0  # not the number of tasks: one that has just ended takes nothing any more

    def check(self, queue: str) -> None:
        """Raises Busy when the queue has too many records waiting, before any work is put into more."""
        if self._waiting.get(queue, 0) >= limits.PENDING_RECORDS:
            self._metrics.busy.inc()
            raise Busy(f"{limits.PENDING_RECORDS} records of this pipeline wait for the disk", retry_after=1)

    @overload
    async def commit(self, queue: str, write: Append, size: int = 1) -> Appended: ...
    @overload
    async def commit(self, queue: str, write: Together, size: int = 1) -> Done: ...
    @overload
    async def commit(self, queue: str, write: Write, size: int = 1) -> Appended | Done: ...
    async def commit(self, queue: str, write: Write, size: int = 1) -> Appended | Done:
        """Its outcome, once that is as durable as the log. Writes of one `queue` keep their order, each queue gets its
        turn by `size`, in records. It is stored whether or not the caller waits for the end. Raises the LivedashError
        that is its outcome, StorageError, StorageFull."""
        pending = _Pending(queue, write, size, asyncio.get_running_loop().create_future())
        with self._taking:
            self._queues.setdefault(queue, deque()).append(pending)
        self._waiting[queue] = self._waiting.get(queue, 0) + size
        if self._draining < _COMMITS:
            self._draining += 1
            task = asyncio.create_task(self._drain(), name="gate")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await pending.done

    async def close(self) -> None:
        """Wait for what is under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _drain(self) -> None:
        try:
            while self._queues:
                batch = _Batch()
                outcomes = await self._commit(batch)
                if batch.pending:  # else another commit took it all
                    self._metrics.commit.observe(time.perf_counter() - batch.taken)
                    self._settle(batch.pending, outcomes)
                    await self._announce(batch.pending, outcomes)
        finally:
            self._draining -= 1

    async def _commit(self, batch: _Batch) -> Sequence[Outcome]:
        """The outcomes of what is taken into `batch`."""
        error: Exception
        try:
            return await self._log.commit(partial(self._take, batch))
        except StorageError as failed:
            error = failed
        except Exception:  # a bug: who waits here must not wait for ever, and the next commit may go well
            _log.exception("a commit failed")
            error = StorageError("the commit failed; the log of the server says why")
        if not batch.pending:  # it failed before it took anything
            self._take(batch)
        return [error] * len(batch.pending)

    def _take(self, batch: _Batch) -> Sequence[Write]:
        """The next commit: each queue's share in turn; who was left out or cut short is first the next time."""
        batch.taken, pending = time.perf_counter(), batch.pending
        with self._taking:
            room = limits.COMMIT_RECORDS
            for name in list(self._queues):
                if room <= 0:
                    break
                queue = self._queues.pop(name)
                share = min(limits.COMMIT_RECORDS_PER_PIPELINE, room)
                while queue and share > 0:
                    pending.append(queue.popleft())
                    share -= pending[-1].size
                    room -= pending[-1].size
                if queue:
                    self._queues[name] = queue
        return [each.write for each in pending]

    def _settle(self, batch: Sequence[_Pending], outcomes: Sequence[Outcome]) -> None:
        if appends := [pending.write for pending in batch if isinstance(pending.write, Append)]:
            self._metrics.commit_records.observe(sum(len(append.drafts) for append in appends))
        for pending, outcome in zip(batch, outcomes, strict=True):
            self._waiting[pending.queue] -= pending.size
            if not self._waiting[pending.queue]:
                del self._waiting[pending.queue]
            if pending.done.done():  # the caller went away; what it sent is stored all the same
                continue
            if isinstance(outcome, LivedashError):
                self._metrics.busy.inc(isinstance(outcome, StorageFull) and isinstance(pending.write, Append))
                pending.done.set_exception(outcome)
            else:
                pending.done.set_result(outcome)

    async def _announce(self, batch: Sequence[_Pending], outcomes: Sequence[Outcome]) -> None:
        heads: dict[str, int] = {}
        for pending, outcome in zip(batch, outcomes, strict=True):
            for append, appended in _appended(pending.write, outcome):
                heads[append.pipeline] = max(appended.last or 0, heads.get(append.pipeline, 0))
        for pipeline, last in heads.items():
            if last:
                await self._bus.announce(pipeline, last)


class Gates:
    """One gate for each log, shared by everybody who writes."""

    def __init__(self, logs: Logs, bus: Bus, metrics: Metrics) -> None:
        self.durable = Gate(logs.durable, bus, metrics)
        self._volatile = Gate(logs.volatile, bus, metrics)

    def of(self, pipeline: Pipeline) -> Gate:
        return self.durable if pipeline.persist else self._volatile

    async def close(self) -> None:
        """Wait for what is under way."""
        await self.durable.close()
        await self._volatile.close()


def _appended(write: Write, outcome: Outcome) -> Iterator[tuple[Append, Appended]]:
    """Each Append in `write` that was stored, with its outcome."""
    if isinstance(write, Together) and isinstance(outcome, Done):
        for part, each in zip(write.writes, outcome.parts, strict=True):
            yield from _appended(part, each)
    elif isinstance(write, Append) and isinstance(outcome, Appended):
        yield write, outcome
