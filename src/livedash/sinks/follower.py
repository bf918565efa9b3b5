"""One sink at work: it follows its pipeline, delivers batch after batch in order, and remembers what came of it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import structlog

from livedash.base import limits
from livedash.catalog.entries import Pipeline
from livedash.catalog.entries import Sink as Entry
from livedash.log import Single
from livedash.model import Cursor, Gap, Record
from livedash.model.errors import Busy, StorageError
from livedash.model.record import iso
from livedash.sinks.batches import Batch, Gone
from livedash.sinks.course import Settled, counted, settle, skipped
from livedash.sinks.journal import Journal
from livedash.sinks.means import Means
from livedash.sinks.memory import Memory
from livedash.sinks.sink import Answer, Outcome, Parcel, Sink
from livedash.sinks.state import Delivery, State, Status
from livedash.sinks.supply import Supply
from livedash.stream.tail import Tail

T = TypeVar("T")
_log = structlog.get_logger("livedash.sinks")
_IDLE = 60.0  # seconds until an idle sink looks around


class Follower:
    """`run` delivers until it is stopped. `change` is how it is steered meanwhile."""

    def __init__(self, entry: Entry, pipeline: Pipeline, sink: Sink, means: Means) -> None:
        self.entry = entry
        self.pipeline = pipeline
        self.sink = sink
        self.memory = Memory(entry, pipeline, means.gate, means.log)
        self.journal = Journal(entry, pipeline, self.memory, means)
        self.ready = asyncio.Event()
        self._means = means
        self._supply: Supply
        self._hand: Batch | None = None  # what was read for the next attempt
        self._waiting: asyncio.Future[Any] | None = None
        self._saved = 0  # µs
        self._steered = 0  # times
        self._stopping = False

    async def run(self) -> None:
        """Until `stop` or cancelled. Raises StorageError; a new run goes on where the last one stored."""
        await self._load()
        self.ready.set()
        while not self._stopping:
            if self.memory.failed:
                raise self.memory.failed
            await self._tell()
            await self._step()

    def stop(self) -> None:
        """End after the attempt that is under way."""
        self._stopping = True
        self._steer()

    async def change(
        self, decide: Callable[[State], State], cursor: Cursor | None = None, writes: Sequence[Single] = ()
    ) -> State:
        """Have the state, and with `cursor` the place to go on from, as people want it; the state then. Raises what
        `decide` raises, StorageError, and Busy when another follower takes over."""
        if self._stopping:
            raise Busy("this sink was changed a moment ago", retry_after=1)
        state = decide(self.memory.state)
        self._steer()
        if cursor is not None:
            self._supply.rewind()
        try:
            await self._put(state, cursor or self.memory.position, writes)
        except BaseException:
            self._steer()  # `run` loads what is stored
            raise
        return state

    async def test(self, records: tuple[Record, ...]) -> dict[str, Any]:
        """One attempt at a test, outside of the order of deliveries."""
        moment = self._means.clock()
        parcel = Parcel(f"{self.entry.id}_test_{moment}", "test", self.pipeline.slug, moment, records)
        answer = await self.sink.deliver(parcel)
        state = counted(self.memory.state, answer)
        told, write = self.journal.tested(state, parcel, answer, self._means.clock())
        if not self._stopping:  # else another follower remembers by now
            await self._put(state, self.memory.position, [write])
        return told

    def _steer(self) -> None:
        self._steered += 1
        if self._waiting is not None:
            self._waiting.cancel()

    async def _load(self) -> None:
        self._hand = None
        tail = await self._means.tails.of(self.pipeline)
        if self.memory.failed or not self.ready.is_set():  # else what people wanted meanwhile would be lost
            await self.memory.load()
            if self.memory.cursor is None:
                now = self._means.clock()
                await self.memory.put(State(since=now, caught_up=now), self._start(tail))
            await self.journal.load()
        self._supply = Supply(tail, self.memory, self.sink.settings)

    def _start(self, tail: Tail) -> Cursor:
        start = Cursor(tail.epoch, 0) if self.entry.start is None else Cursor.parse(self.entry.start)
        if start.epoch == tail.epoch:  # the log may be of an older backup than the catalog
            return Cursor(start.epoch, min(start.offset, tail.last))
        return start

    async def _tell(self) -> None:
        """Operators of what happened; each is told once, whatever breaks off in between."""
        if told := self.memory.state.news:
            for each in told:
                about = {"pipeline": self.pipeline.slug, "sink": self.entry.name, "reason": each.reason}
                event = {"type": each.type, **about, "at": iso(each.at)}
                _log.warning("a sink needs a look", event_type=each.type, **about)
                # not in its own pipeline: it would be told of the news that it refuses
                await self._means.operations.tell(f"{self.entry.id}-{each.number}", event, besides=self.pipeline.id)
            left = tuple(each for each in self.memory.state.news if each not in told)
            await self._put(replace(self.memory.state, news=left), self.memory.position)

    async def _step(self) -> None:
        state = self.memory.state
        if state.status is not Status.RUNNING:
            await self._wait(asyncio.Event().wait())
        elif state.delivery is None:
            await self._begin()
        elif (left := state.delivery.due - self._means.clock()) > 0:
            await self._wait(self._means.sleep(left / 1_000_000))
        else:
            await self._attempt(state.delivery)

    async def _wait(self, what: Awaitable[T]) -> T | None:
        """Wait for it, or until it is steered: then None."""
        self._waiting = waiting = asyncio.ensure_future(what)
        try:
            return await waiting
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return None
        finally:
            self._waiting = None

    async def _begin(self) -> None:
        """Take the next batch and store its bounds, before its first attempt."""
        steered = self._steered
        batch = await self._supply.next(wait=0)
        if batch is None and steered == self._steered and self._supply.exhausted:
            self.journal.caught_up = self._means.clock()
            wait = _IDLE if self._supply.cursor == self.memory.position else limits.SKIPPED_SECONDS
            batch = await self._wait(self._supply.next(wait=wait))
        if steered != self._steered:
            self._supply.rewind()
        elif batch is not None:
            await self._put(*self._begun(self.memory.state, self.memory.position, batch))
        elif self._means.clock() - self._saved > limits.SKIPPED_SECONDS * 1_000_000:
            await self._put(self.memory.state, self._supply.cursor)
        else:
            await asyncio.sleep(0)  # others get their turn while a filter passes over a lot

    def _begun(self, state: State, cursor: Cursor, batch: Batch) -> tuple[State, Cursor]:
        """State and cursor with `batch` on its way."""
        delivery = batch.delivery
        if delivery.gap is not None and not delivery.moment:
            delivery = replace(delivery, moment=self._means.clock())
            self._means.metrics.gaps.inc()
        elif delivery.following:
            cursor = Cursor(delivery.epoch, delivery.first - 1)  # behind what the filter passed over
        self._hand = batch if batch.records else None
        return replace(state, delivery=delivery, caught_up=self.journal.caught_up), cursor

    async def _attempt(self, delivery: Delivery) -> None:
        steered = self._steered
        hand, self._hand = self._hand, None
        try:
            records = hand.records if hand else await self._supply.records(delivery)
        except Gone as gone:
            return await self._gone(delivery, gone.gap)
        if steered != self._steered:
            return  # while it was read: it may be paused or given up
        if delivery.kind == "records" and not records:
            return await self._settle(skipped(self.memory.state), delivery, [])
        parcel = self._parcel(delivery, records)
        answer = await self.sink.deliver(parcel)
        await self._after(delivery, parcel, answer, steered)

    def _parcel(self, delivery: Delivery, records: tuple[Record, ...]) -> Parcel:
        moment = records[-1].timestamp if records else delivery.moment
        id = delivery.id(self.entry.id)
        return Parcel(id, delivery.kind, self.pipeline.slug, moment, records, delivery.gap)

    async def _after(self, delivery: Delivery, parcel: Parcel, answer: Answer, steered: int) -> None:
        """Store what came of an attempt, and with it the bounds of what arrived meanwhile."""
        ahead = await self._ahead(delivery, answer, steered)
        now, state = self._means.clock(), self.memory.state
        if delivery.same(state.delivery):
            settled = settle(state, answer, self._means.schedule, now, self._means.chance())
        else:  # given up meanwhile: it counts, and nothing follows from it
            settled = Settled(counted(state, answer), over=False)
        writes = self.journal.writes(delivery, parcel, answer, settled, now)
        await self._settle(settled, delivery, writes, ahead)

    async def _ahead(self, delivery: Delivery, answer: Answer, steered: int) -> Batch | None:
        """The batch that follows if this one is over, when it is there already and nobody steers."""
        state = self.memory.state
        plain = delivery.following and not (state.replays or state.retries)
        if answer.outcome is not Outcome.DELIVERED or answer.directive or not plain:
            return None
        try:
            batch = await self._supply.next(wait=0)
        except StorageError:  # what came of the attempt is to be stored all the same, if that can be
            self._supply.rewind()
            return None
        if batch is None and self._supply.exhausted:
            self.journal.caught_up = self._means.clock()
        if batch is not None and steered != self._steered:
            self._supply.rewind()
            return None
        return batch

    async def _settle(
        self, settled: Settled, delivery: Delivery, writes: Sequence[Single], ahead: Batch | None = None
    ) -> None:
        state, cursor = settled.state, self.memory.position
        if settled.over and delivery.following:
            cursor = delivery.cursor
        if ahead is not None:
            state, cursor = self._begun(state, cursor, ahead)
        await self._put(state, cursor, writes)

    async def _gone(self, delivery: Delivery, gap: Gap) -> None:
        """Retention overtook it: what is missing is told as a gap, and what is left is delivered after that."""
        state = self.memory.state
        if state.delivery != delivery:
            return
        if delivery.parked is None:  # read anew, what is read begins with the gap
            self._supply.rewind()
            return await self._put(replace(state, delivery=None), self.memory.position)
        await self._put(*self.journal.split(state, delivery, gap, self._means.clock()))

    async def _put(self, state: State, cursor: Cursor, writes: Sequence[Single] = ()) -> None:
        self._saved = self._means.clock()
        await self.memory.put(state, cursor, writes)
