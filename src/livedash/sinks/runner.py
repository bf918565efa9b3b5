"""Runs the sinks: one supervised follower for each. People see and steer them through here."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import structlog

from livedash.base.supervise import Health, supervise
from livedash.catalog.directory import Directory
from livedash.catalog.entries import Pipeline
from livedash.catalog.entries import Sink as Entry
from livedash.log import Bounds, Forget
from livedash.model import Cursor
from livedash.model.errors import CursorExpired, Invalid, NotFound, StorageError
from livedash.sinks.follower import Follower
from livedash.sinks.means import Means
from livedash.sinks.memory import DELIVERED, FAILED
from livedash.sinks.report import Report, behind, report
from livedash.sinks.sink import Sink
from livedash.sinks.state import Status
from livedash.sinks.steering import dropped, paused, replayed, resumed, retried
from livedash.stream.tail import Tail

_log = structlog.get_logger("livedash.sinks")
_FAREWELL = 1.0  # seconds for attempts under way when a sink ends or changes; what is cut off is delivered again
_PATIENCE = 5.0  # seconds that a sink has to read what is stored of it
_PREFIX = "sk_"  # of the readers that are sinks


class Sinks:
    """Starts, restarts and ends sinks as they come, change and go. Methods that take a catalog's sink raise NotFound
    when it went meanwhile, StorageError when the log fails."""

    def __init__(self, directory: Directory, sink_of: Callable[[Entry], Sink], means: Means, *, health: Health) -> None:
        self._directory = directory
        self._sink_of = sink_of
        self._means = means
        self._health = health
        self._running: dict[str, tuple[Follower, asyncio.Task[None]]] = {}
        self._broken: list[str] = []  # names of those that could not start
        self._adjusting = asyncio.Lock()

    async def run(self) -> None:
        """Until cancelled; ends its sinks then."""
        try:
            while True:
                revision = self._directory.revision
                await self._adjust()
                await self._forget_deleted()
                await self._directory.changed(revision)
        finally:
            await self._end(list(self._running))

    async def report(self, sink: Entry) -> Report:
        """How it is doing."""
        follower = await self._follower(sink)
        return await report(follower, await self._tail(follower), self._means.clock())

    async def attempts(self, sink: Entry, outcome: str | None = None) -> list[dict[str, Any]]:
        """The attempts kept, newest first; only those that were `delivered`, or that `failed`."""
        kinds = (DELIVERED, FAILED) if outcome is None else (outcome,)
        return await (await self._follower(sink)).journal.attempts(kinds)

    async def parked(self, sink: Entry) -> list[dict[str, Any]]:
        """The parked deliveries, oldest first."""
        follower = await self._follower(sink)
        return await follower.journal.parked(follower.memory.state)

    async def test(self, sink: Entry) -> dict[str, Any]:
        """Send a test now, whatever the state, and answer with how it went."""
        follower = await self._follower(sink)
        return await follower.test((await self._tail(follower)).records[-1:])

    async def pause(self, sink: Entry) -> None:
        """No more attempts until it is resumed."""
        follower = await self._follower(sink)
        await follower.change(lambda state: paused(state, self._means.clock()))

    async def resume(self, sink: Entry, start: str | None = None) -> None:
        """Deliver again: from the checkpoint, from `now`, or from a cursor. Raises BadCursor, CursorExpired and
        Invalid."""
        follower = await self._follower(sink)
        cursor = None if start is None else _cursor(await self._bounds(follower), start)
        await follower.change(lambda state: resumed(state, self._means.clock(), anew=cursor is not None), cursor)

    async def replay(self, sink: Entry, first: int, last: int) -> int:
        """Deliver the records `first` to `last` once more, beside what is new; the replay's number. Raises Invalid
        for what does not exist, Busy when too many wait."""
        follower = await self._follower(sink)
        bounds = await self._bounds(follower)
        if not bounds.first <= first <= last <= bounds.last:
            there = f"records {bounds.first} to {bounds.last}" if bounds.last >= bounds.first else "no records"
            raise Invalid(f"there are {there}, so {first} to {last} cannot be delivered again")
        return (await follower.change(lambda state: replayed(state, bounds.epoch, first, last))).replay

    async def retry(self, sink: Entry, number: int | None = None) -> int:
        """Retry a parked delivery, or all; how many retries wait now. Raises NotFound."""
        follower = await self._follower(sink)
        numbers = follower.memory.numbers if number is None else [_known(number, follower.memory.numbers)]
        return len((await follower.change(lambda state: retried(state, numbers))).retries)

    async def drop(self, sink: Entry, number: int) -> None:
        """Give a parked delivery up. Raises NotFound."""
        follower = await self._follower(sink)
        _known(number, follower.memory.numbers)
        await follower.change(lambda state: dropped(state, number), writes=[follower.journal.forget(number)])

    async def observe(self) -> None:
        """Bring what `/metrics` tells of sinks up to date. Raises StorageError."""
        metrics = self._means.metrics
        for gauge in (metrics.sink_disabled, metrics.sink_lag, metrics.sink_parked):
            gauge.clear()
        for follower in [running for running, _ in self._running.values() if running.ready.is_set()]:
            follower.journal.count()
            labels, memory = (follower.pipeline.slug, follower.entry.name), follower.memory
            tail = await self._tail(follower)
            metrics.sink_disabled.labels(*labels).set(memory.state.status is Status.DISABLED)
            metrics.sink_lag.labels(*labels).set(behind(memory.position, tail))
            metrics.sink_parked.labels(*labels).set(memory.state.parked)

    async def _follower(self, sink: Entry) -> Follower:
        if sink.id not in self._running:  # made a moment ago
            await self._adjust()
        try:
            follower, _ = self._running[sink.id]
        except KeyError:
            raise NotFound(f"there is no sink {sink.name!r}") from None
        try:
            async with asyncio.timeout(_PATIENCE):
                await follower.ready.wait()
        except TimeoutError:
            raise StorageError(f"what is stored of the sink {sink.name!r} cannot be read now") from None
        return follower

    async def _tail(self, follower: Follower) -> Tail:
        return await self._means.tails.of(follower.pipeline)

    async def _bounds(self, follower: Follower) -> Bounds:
        return await (await self._tail(follower)).log.bounds(follower.pipeline.id)

    async def _adjust(self) -> None:
        async with self._adjusting:
            wanted = {each.id: each for each in self._directory.sinks()}
            # a pause is no reason to start anew
            pipelines = {each.id: replace(each, paused=False) for each in self._directory.pipelines()}
            await self._end([
                id for id, (running, _) in self._running.items()
                if wanted.get(id) != running.entry or pipelines[running.entry.pipeline] != running.pipeline
            ])  # fmt: skip
            while self._broken:  # they have another try, if they are still there
                self._health.failing.pop(self._broken.pop(), None)
            for id, entry in wanted.items():
                if id not in self._running:
                    self._start(entry, pipelines[entry.pipeline])

    def _start(self, entry: Entry, pipeline: Pipeline) -> None:
        name = f"sink {pipeline.slug}/{entry.name}"
        try:
            follower = Follower(entry, pipeline, self._sink_of(entry), self._means)
        except Exception as error:  # as by a newer version: it must not keep the others from starting
            _log.exception("a sink cannot start", sink=name)
            self._health.failing[name] = str(error)
            self._broken.append(name)
            return
        work = supervise(name, follower.run, health=self._health, metrics=self._means.metrics)
        self._running[entry.id] = follower, asyncio.create_task(work, name=name)

    async def _end(self, ids: list[str]) -> None:
        """Let attempts under way come to their end, for a moment."""
        ended = [self._running.pop(id) for id in ids]
        for follower, _ in ended:
            follower.stop()
        tasks = [task for _, task in ended]
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=_FAREWELL)
        finally:  # nobody else knows them any more
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for follower, _ in ended:
                follower.journal.count()

    async def _forget_deleted(self) -> None:
        """What is kept of sinks that are gone. The log is asked each time: a crash between the deletion and this
        leaves nothing behind. Meters stay: what was delivered is to be paid for."""
        readers = await self._means.log.readers()
        kept = {each.id for each in self._directory.sinks()}  # asked last: one made meanwhile is among them
        for each in readers:
            if each.startswith(_PREFIX) and each not in kept:
                await self._means.gate.commit(each, Forget(each))  # behind what it had to store itself


def _cursor(bounds: Bounds, text: str) -> Cursor:
    """What `now` or a cursor stands for in the log as it is. Raises BadCursor, CursorExpired, Invalid."""
    if text == "now":
        return Cursor(bounds.epoch, bounds.last)
    cursor = Cursor.parse(text)
    if cursor.epoch != bounds.epoch:
        raise CursorExpired(str(Cursor(bounds.epoch, bounds.first - 1)))
    if cursor.offset > bounds.last:
        raise Invalid(f"the newest cursor is {Cursor(bounds.epoch, bounds.last)}")
    return cursor


def _known(number: int, numbers: Collection[int]) -> int:
    if number not in numbers:
        raise NotFound(f"no delivery is parked here as {number}")
    return number
