"""What is stored of one sink: its state and cursor as a checkpoint, its attempts and parked deliveries as notes."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from livedash.catalog.entries import Pipeline, Sink
from livedash.log import Checkpoint, Log, Note, Save, Single, Together
from livedash.model import Cursor
from livedash.model.errors import LivedashError, StorageError
from livedash.sinks.state import Delivery, State, delivery_of
from livedash.stream.gate import Gate

DELIVERED, FAILED, PARKED = "delivered", "failed", "parked"  # kinds of notes: attempts that went well, others


class Memory:
    """`state` and `cursor` are what was last decided, `numbers` those of the parked deliveries; `put` stores them.
    Whoever decides reads them and puts in the same breath, without an await between: so nobody's decision is lost."""

    def __init__(self, sink: Sink, pipeline: Pipeline, gate: Gate, log: Log) -> None:
        self.state = State()
        self.cursor: Cursor | None = None
        self.numbers: set[int] = set()
        self.failed: LivedashError | None = None  # why what is here is not what is stored
        self._sink = sink
        self._pipeline = pipeline
        self._gate = gate
        self._log = log
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        """What was stored; a cursor of None when there is nothing yet. Raises StorageError."""
        await self._gate.commit(self._sink.id, Together(()))  # behind whatever is still on its way for this sink
        stored = await self._log.checkpoint(self._sink.id, self._pipeline.id)
        self.numbers = {number for number, _ in await self._log.notes(self._sink.id, PARKED)}
        self.state, self.cursor = State(), None
        if stored is not None:
            state, self.cursor = State.decode(stored.state), Cursor(stored.epoch, stored.offset)
            retries = tuple(number for number in state.retries if number in self.numbers)
            self.state = replace(state, parked=len(self.numbers), retries=retries)
        self.failed = None

    async def put(self, state: State, cursor: Cursor, more: Sequence[Single] = ()) -> None:
        """Store `state` and `cursor`, and `more`, in one write. Raises StorageError, also when what was decided before
        could not be stored: `load` comes first then."""
        self.state, self.cursor = state, cursor
        self._number(more)
        stored = Checkpoint(self._sink.id, self._pipeline.id, cursor.epoch, cursor.offset, state.encode())
        try:
            async with self._turn:  # else this could be stored, and what it builds on fail
                if self.failed:
                    raise self.failed
                await self._gate.commit(self._sink.id, Together([Save(stored), *more]))
        except LivedashError as error:
            self.failed = error
            raise
        except asyncio.CancelledError:
            self.failed = StorageError("nobody waited for what was to be stored of a sink")
            raise

    def _number(self, writes: Sequence[Single]) -> None:
        for each in writes:
            if isinstance(each, Note) and each.kind == PARKED:
                (self.numbers.discard if each.body is None else self.numbers.add)(each.key)

    @property
    def position(self) -> Cursor:
        """The cursor of a sink that was loaded."""
        assert self.cursor is not None
        return self.cursor

    async def notes(self, kind: str) -> dict[int, dict[str, Any]]:
        """What is kept of that kind, by number."""
        return {key: orjson.loads(body) for key, body in await self._log.notes(self._sink.id, kind)}

    async def parked(self) -> dict[int, tuple[Delivery, dict[str, Any]]]:
        """Parked deliveries by number, oldest first, each with its note."""
        kept = await self.notes(PARKED)
        return {number: (delivery_of(note["delivery"]), note) for number, note in sorted(kept.items())}
