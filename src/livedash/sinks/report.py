"""How a sink is doing, in numbers for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from livedash.model import Cursor, Json
from livedash.model.record import iso
from livedash.sinks.follower import Follower
from livedash.sinks.state import Delivery, Status
from livedash.stream.tail import Tail


@dataclass(frozen=True, slots=True)
class Report:
    """`state` is running, failing, paused or disabled. `lag` are the records that were not looked at yet, and the
    seconds that the oldest of them waits. Rates and percentiles are of the last `samples` attempts."""

    state: str
    reason: str
    since: str | None
    cursor: str | None
    lag: dict[str, float]
    parked: int
    delivery: dict[str, Json] | None
    replays: list[dict[str, int]]
    success_rate: float | None
    latency_ms: dict[str, float] | None
    samples: int

    def json(self) -> dict[str, Json]:
        return {name: getattr(self, name) for name in self.__slots__}


async def report(follower: Follower, tail: Tail, now: int) -> Report:
    """`tail` is up to date with its log. Raises StorageError."""
    state, cursor, journal = follower.memory.state, follower.memory.position, follower.journal
    failing = state.status is Status.RUNNING and state.delivery is not None and bool(state.delivery.reason)
    samples = list(journal.samples)
    return Report(
        state="failing" if failing else state.status.value,
        reason=state.delivery.reason if failing and state.delivery else state.reason,
        since=_moment(state.failing if failing else state.since),
        cursor=str(cursor),
        lag=await _lag(cursor, tail, journal.caught_up, now),
        parked=state.parked,
        delivery=None if state.delivery is None else _delivery(state.delivery, follower.entry.id),
        replays=[{"number": each.number, "next": each.next, "last": each.last} for each in state.replays],
        success_rate=round(sum(ok for _, ok in samples) / len(samples), 4) if samples else None,
        latency_ms=_percentiles([ms for ms, _ in samples]) if samples else None,
        samples=len(samples),
    )


def behind(cursor: Cursor, tail: Tail) -> int:
    """How many records come after `cursor`."""
    return max(tail.last - (cursor.offset if cursor.epoch == tail.epoch else 0), 0)


async def _lag(cursor: Cursor, tail: Tail, caught_up: int, now: int) -> dict[str, float]:
    records = behind(cursor, tail)
    if not records:
        return {"records": 0, "seconds": 0.0}
    after = cursor.offset if cursor.epoch == tail.epoch else 0
    page = tail.page(after) or await tail.log.read(tail.pipeline, after, 1)
    # a record's own timestamp may be years old: it cannot have waited longer than since nothing was left
    waits = now - max(page.records[0].timestamp if page.records else now, caught_up)
    return {"records": records, "seconds": round(max(waits, 0) / 1_000_000, 3)}


def _delivery(delivery: Delivery, sink: str) -> dict[str, Any]:
    return {
        "id": delivery.id(sink),
        "kind": delivery.kind,
        "first": delivery.first,
        "last": delivery.last,
        "attempts": delivery.attempts,
        "next_attempt": _moment(delivery.due),
        "reason": delivery.reason,
    }


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {f"p{share}": ordered[min(len(ordered) * share // 100, len(ordered) - 1)] for share in (50, 95, 99)}


def _moment(micros: int | None) -> str | None:
    return iso(micros) if micros else None
