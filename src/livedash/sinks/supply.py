"""What a sink delivers next: what is new, in turn with what people want delivered once more."""

from dataclasses import replace

from livedash.model import Cursor, Record
from livedash.sinks.batches import Batch, Batches, Cutter, loaded, replayed
from livedash.sinks.memory import Memory
from livedash.sinks.sink import SinkSettings
from livedash.sinks.state import Delivery, State
from livedash.stream.reader import Reader
from livedash.stream.tail import Tail


class Supply:
    """Reads for one sink. What was read ahead is thrown away by `rewind` and read again from what memory says."""

    def __init__(self, tail: Tail, memory: Memory, settings: SinkSettings) -> None:
        self._tail = tail
        self._memory = memory
        self._cutter = Cutter(settings)
        self._batches: Batches | None = None
        self._parked: dict[int, Delivery] = {}

    @property
    def cursor(self) -> Cursor:
        """Behind all that was cut or passed over by the filter."""
        return self._new.cursor

    @property
    def exhausted(self) -> bool:
        """Whether nothing new is left to look at, as far as the tail knows."""
        return self.cursor.epoch == self._tail.epoch and self.cursor.offset >= self._tail.last

    def rewind(self) -> None:
        """The cursor was changed, or a batch was not used."""
        self._batches = None

    async def next(self, *, wait: float) -> Batch | None:
        """The next batch; None when nothing came within `wait` seconds, or the filter took nothing of a page. A retry
        comes without records. Safe to cancel. Raises StorageError."""
        state = self._memory.state
        asked = bool(state.replays or state.retries)
        if state.turn and asked:
            return await self._again(state)
        batch = await self._new.next(wait=0 if asked else wait)
        return await self._again(state) if batch is None and asked and self.exhausted else batch

    async def records(self, delivery: Delivery) -> tuple[Record, ...]:
        """What is to be delivered, read again by its bounds. Raises Gone, StorageError."""
        return await loaded(self._tail.log, self._tail.pipeline, delivery, self._cutter)

    @property
    def _new(self) -> Batches:
        if self._batches is None:
            start, delivery = self._memory.position, self._memory.state.delivery
            if delivery is not None and delivery.following:
                start = delivery.cursor
            self._batches = Batches(Reader(self._tail, start), self._cutter)
        return self._batches

    async def _again(self, state: State) -> Batch | None:
        """A parked delivery that is retried, or else the next batch of a replay."""
        if state.retries:
            number = state.retries[0]
            if number not in self._parked:
                self._parked = {number: kept for number, (kept, _) in (await self._memory.parked()).items()}
            if (parked := self._parked.pop(number, None)) is None:
                return None  # dropped while it was read
            return Batch(replace(parked, parked=number, attempts=0, reason=""), ())
        return await replayed(self._tail.log, self._tail.pipeline, state.replays[0], self._cutter)
