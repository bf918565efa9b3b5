"""An endpoint that answers as it is told to."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from livedash.sinks import sink
from livedash.sinks.sink import Answer, Batch, Directive, Parcel, Sent, SinkSettings


def settings(records: int = 100, bytes: int = 256 * 1024, where: str | None = None) -> SinkSettings:
    return SinkSettings(batch=Batch(records=records, bytes=bytes), where=where)


def answer(outcome: str = "delivered", **more: Any) -> Answer:
    reason = "" if outcome == "delivered" else f"it was {outcome}"
    return Answer(**{"outcome": sink.Outcome(outcome), "seconds": 0.01, "reason": reason, "sent": Sent(size=10)} | more)


OK, BAD, NO = answer(), answer("trouble"), answer("refused")
GONE = answer("trouble", directive=Directive.DISABLE)
NEVER = answer("refused", directive=Directive.ABORT)


class Endpoint:
    """Gives one answer after the other, then `always`. `parcels` are all attempts; `taken` what it took, by id, in the
    order in which it first did. While `held` an attempt waits."""

    def __init__(self, wanted: SinkSettings | None = None, answers: Iterable[Answer] = (), always: Answer = OK) -> None:
        self.settings = wanted or settings()
        self.answers = deque(answers)
        self.always = always
        self.parcels: list[Parcel] = []
        self.taken: dict[str, Parcel] = {}
        self.on_attempt: Callable[[Parcel], Any] | None = None
        self.free = asyncio.Event()
        self.free.set()

    async def deliver(self, parcel: Parcel) -> Answer:
        if self.on_attempt is not None:
            await self.on_attempt(parcel)
        self.parcels.append(parcel)
        await self.free.wait()
        found = self.answers.popleft() if self.answers else self.always
        if found.outcome is sink.Outcome.DELIVERED:
            self.taken.setdefault(parcel.id, parcel)
        return found

    @property
    def offsets(self) -> list[list[int]]:
        """Of each attempt."""
        return [offsets(each) for each in self.parcels]


def offsets(parcel: Parcel) -> list[int]:
    return [record.offset for record in parcel.records]
