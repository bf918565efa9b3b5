"""What the log's tests share: a clock set by hand, and short ways to write and read."""

from livedash.base.limits import PAGE_RECORDS
from livedash.log import Append, Appended, Log, Outcome, Write
from livedash.model import Draft, Refusal

SECOND = 1_000_000


class HandClock:
    """A clock that moves when told to."""

    def __init__(self, now: int = 1_790_000_000 * SECOND) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def draft(timestamp: int = 0, *, size: int = 0, text: str = "") -> Draft:
    return Draft(timestamp, b',"data":"%b%b"}' % (text.encode(), b"x" * size))


def drafts(number: int, *, start: int = 0, size: int = 0) -> list[Draft]:
    """Timestamps from `start` on, one microsecond apart."""
    return [draft(start + index, size=size) for index in range(number)]


def refusal(index: int, reason: str = "not an object") -> Refusal:
    return Refusal(index, reason, b"%d" % index)


async def one(log: Log, write: Write) -> Outcome:
    (outcome,) = await log.commit([write])
    return outcome


async def append(log: Log, pipeline: str, number: int = 1, *, key: str | None = None, size: int = 0) -> Appended:
    outcome = await one(log, Append(pipeline, drafts(number, size=size), key=key))
    assert isinstance(outcome, Appended), outcome
    return outcome


async def offsets(log: Log, pipeline: str) -> list[int]:
    """Every offset that can be read, page by page."""
    found: list[int] = []
    page = await log.read(pipeline, 0, PAGE_RECORDS)
    while page.records:
        found += [record.offset for record in page.records]
        page = await log.read(pipeline, page.last, PAGE_RECORDS)
    return found


async def sweep_all(log: Log) -> int:
    """Sweep until nothing is left; how many chunks that took."""
    chunks = 1
    while await log.sweep():
        chunks += 1
    return chunks
