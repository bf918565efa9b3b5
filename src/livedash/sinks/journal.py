"""What is kept and counted of a sink's attempts: the newest ones, parked deliveries, meters, and how it does lately."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import orjson

from livedash.base import limits
from livedash.catalog.entries import Pipeline
from livedash.catalog.entries import Sink as Entry
from livedash.log import Count, Note, Single
from livedash.model import Cursor, Gap
from livedash.model.record import iso
from livedash.sinks.course import Settled
from livedash.sinks.means import Means
from livedash.sinks.memory import DELIVERED, FAILED, PARKED, Memory
from livedash.sinks.sink import Answer, Outcome, Parcel
from livedash.sinks.state import Delivery, State


class Journal:
    """`samples` are (milliseconds, delivered) of the newest attempts; `caught_up` (µs) is when nothing was left."""

    def __init__(self, entry: Entry, pipeline: Pipeline, memory: Memory, means: Means) -> None:
        self.samples: deque[tuple[float, bool]] = deque(maxlen=limits.SAMPLES_KEPT)
        self.caught_up = 0
        self._entry = entry
        self._pipeline = pipeline
        self._memory = memory
        metrics, labels = means.metrics, (pipeline.slug, entry.name)
        self._attempts = {each: metrics.sink_attempts.labels(*labels, each.value) for each in Outcome}
        self._records = metrics.sink_records.labels(*labels)
        self._seconds = metrics.sink_seconds
        self._uncounted: Counter[Outcome] = Counter()  # since the counters were last looked at: each costs a lock
        self._delivered = 0

    async def load(self) -> None:
        """How it did before the start, as far as attempts are kept."""
        self.caught_up = self._memory.state.caught_up
        self.samples.clear()
        for told in reversed(await self.attempts()):
            self.samples.append((told["ms"], told["outcome"] == Outcome.DELIVERED))

    async def attempts(self, kinds: Sequence[str] = (DELIVERED, FAILED)) -> list[dict[str, Any]]:
        """Those kept, newest first."""
        kept = [told for kind in kinds for told in (await self._memory.notes(kind)).values()]
        return sorted(kept, key=lambda told: int(told["number"]), reverse=True)

    def writes(self, delivery: Delivery, parcel: Parcel, answer: Answer, settled: Settled, now: int) -> list[Single]:
        """What is stored of an attempt beside the state that it led to."""
        told = _told(settled.state.attempts, delivery.attempts + 1, parcel, answer, now)
        newly = settled.parks is not None and delivery.parked is None
        writes: list[Single] = [self._attempt(settled.state, answer, told), *self._counts(parcel, answer, newly, now)]
        if settled.parks is not None:
            number, parked = settled.parks
            writes.append(self._parked(number, parked, now, told))
        if settled.unparks is not None:
            writes.append(self.forget(settled.unparks))
        self._observe(parcel, answer)
        return writes

    def tested(self, state: State, parcel: Parcel, answer: Answer, now: int) -> tuple[dict[str, Any], Single]:
        """What is told of a test, and the write that keeps it; a test is not metered."""
        told = _told(state.attempts, 1, parcel, answer, now)
        return told, self._attempt(state, answer, told)

    async def parked(self, state: State) -> list[dict[str, Any]]:
        """The parked deliveries, oldest first."""
        return [
            {
                "number": number,
                "at": iso(note["at"]),
                "delivery": delivery.id(self._entry.id),
                "kind": delivery.kind,
                "first": delivery.first,
                "last": delivery.last,
                "attempts": delivery.attempts,
                "reason": delivery.reason,
                "retrying": number in state.retries,
                "attempt": note["attempt"],
            }
            for number, (delivery, note) in (await self._memory.parked()).items()
        ]

    def forget(self, number: int) -> Note:
        """The write that forgets a parked delivery."""
        return Note(self._entry.id, PARKED, number, None)

    def split(self, state: State, delivery: Delivery, gap: Gap, now: int) -> tuple[State, Cursor, list[Single]]:
        """A parked delivery whose records are gone, in part or whole: the gap is delivered in its place, and what is
        left becomes a parked delivery of its own, to be retried next."""
        number = delivery.parked
        assert number is not None
        last = delivery.last if gap.last is None else min(gap.last, delivery.last)
        delivery = replace(delivery, refusals=0, due=0)  # both begin anew
        missing = replace(delivery, kind="gap", last=last, gap=Gap(delivery.first, last, gap.reason), moment=now)
        writes: list[Single] = [self._parked(number, replace(missing, parked=None), now, None)]
        retries = state.retries
        if last < delivery.last:
            rest = replace(delivery, first=last + 1, parked=None, attempts=0)
            state = replace(state, parking=state.parking + 1, parked=state.parked + 1)
            retries = (number, state.parking, *(each for each in retries if each != number))
            writes.append(self._parked(state.parking, rest, now, None))
        return replace(state, delivery=missing, retries=retries), self._memory.position, writes

    def count(self) -> None:
        """Bring the counters of `/metrics` up to date."""
        for outcome, number in self._uncounted.items():
            self._attempts[outcome].inc(number)
        self._records.inc(self._delivered)
        self._uncounted.clear()
        self._delivered = 0

    def _attempt(self, state: State, answer: Answer, told: dict[str, Any]) -> Note:
        delivered = answer.outcome is Outcome.DELIVERED
        count = state.attempts - state.failures if delivered else state.failures
        kind = DELIVERED if delivered else FAILED
        return Note(self._entry.id, kind, count % limits.ATTEMPTS_KEPT, orjson.dumps(told))

    def _parked(self, number: int, delivery: Delivery, now: int, attempt: dict[str, Any] | None) -> Note:
        note = {"at": now, "delivery": delivery, "attempt": attempt}
        return Note(self._entry.id, PARKED, number, orjson.dumps(note))

    def _counts(self, parcel: Parcel, answer: Answer, parked: bool, now: int) -> Iterator[Count]:
        amounts = {"attempts": 1}
        if answer.outcome is Outcome.DELIVERED:
            amounts |= {"deliveries": 1, "records": len(parcel.records), "bytes": answer.sent.size}
        else:
            amounts["failed"] = 1
        if parked:
            amounts["parked"] = 1
        day = iso(now)[:10]
        for name, amount in amounts.items():
            yield Count(name, self._pipeline.id, day, amount, self._pipeline.team, self._entry.id)

    def _observe(self, parcel: Parcel, answer: Answer) -> None:
        delivered = answer.outcome is Outcome.DELIVERED
        self.samples.append((answer.seconds * 1000, delivered))
        self._uncounted[answer.outcome] += 1
        self._seconds.observe(answer.seconds)
        if delivered:
            self._delivered += len(parcel.records)


def _told(number: int, attempt: int, parcel: Parcel, answer: Answer, now: int) -> dict[str, Any]:
    return {
        "number": number,
        "at": iso(now),
        "delivery": parcel.id,
        "kind": parcel.kind,
        "attempt": attempt,
        "outcome": answer.outcome,
        "status": answer.status,
        "reason": answer.reason,
        "ms": round(answer.seconds * 1000, 1),
        "records": len(parcel.records),
        "bytes": answer.sent.size,
        "request": {"head": answer.sent.head, "body": answer.sent.body},
        "response": {"head": answer.head, "body": answer.body},
    }
