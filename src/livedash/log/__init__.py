"""The port of the log: append-only records per pipeline, with checkpoints and meters beside them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from livedash.model import Draft, Page, Refusal
from livedash.model.errors import LivedashError


@dataclass(frozen=True, slots=True)
class Append:
    """One request: the drafts to append, in order, and the refusals to keep beside them.

    With `key`, a request whose key was committed in the last 24 h stores nothing and gets the first outcome again.
    """

    pipeline: str
    drafts: Sequence[Draft]
    refusals: Sequence[Refusal] = ()
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far `reader` has come in `pipeline`, with its own small `state` (at most 64 KiB)."""

    reader: str
    pipeline: str
    epoch: str
    offset: int
    state: bytes = b""


@dataclass(frozen=True, slots=True)
class Save:
    """Store a checkpoint; the newest wins."""

    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Count:
    """Add `amount` to the meter `name` of `pipeline` on `day` (ISO date). `team` pays for it; `subject` is what of the
    pipeline is counted (the id of a sink; "" for the pipeline itself). Meters outlive what they counted."""

    name: str
    pipeline: str
    day: str
    amount: int
    team: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Keep `body` (at most 64 KiB) under `key` among the notes of one `kind` that belong to `reader`, in place of what
    was there; None forgets that one."""

    reader: str
    kind: str
    key: int
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Forget:
    """Forget the checkpoints and notes of `reader`."""

    reader: str


@dataclass(frozen=True, slots=True)
class Trim:
    """Forget every record up to and including `through`. Takes effect at once; space is freed in chunks by `sweep`."""

    pipeline: str
    through: int


@dataclass(frozen=True, slots=True)
class Restart:
    """Begin a new life of the log: a new epoch, empty, offsets from 1 again; refusals go too."""

    pipeline: str


@dataclass(frozen=True, slots=True)
class Together:
    """All of `writes` or none: the first that fails undoes its siblings."""

    writes: Sequence["Single"]


Single = Append | Save | Count | Note | Forget | Trim | Restart
Write = Single | Together
Writes = Sequence[Write] | Callable[[], Sequence[Write]]


@dataclass(frozen=True, slots=True)
class Appended:
    """`first` and `last` are None when nothing was accepted. `errors` are (index, reason) of what was refused."""

    epoch: str
    first: int | None
    last: int | None
    accepted: int
    errors: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """What is not an Append was stored. `parts` are the outcomes of a Together's writes."""

    parts: tuple["Appended | Done", ...] = ()


Outcome = Appended | Done | LivedashError


@dataclass(frozen=True, slots=True)
class Bounds:
    """What exists of a pipeline: offsets `first` to `last` (`first == last + 1` when empty) and their stored bytes."""

    epoch: str
    first: int
    last: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Total:
    """What was counted by one meter on one day."""

    team: str
    pipeline: str
    subject: str
    day: str
    name: str
    total: int


class Log(Protocol):
    """Append-only records per pipeline. One commit is one transaction and may carry many writes; each has its own
    outcome, so one bad write never fails its neighbours. Offsets are dense and in commit order. A pipeline begins
    to exist, with an epoch of its own, when it is first named. Every call raises StorageError when the store fails.
    """

    async def commit(self, writes: Writes) -> Sequence[Outcome]:
        """Store the writes in order. A callable is asked for them when their transaction is about to begin, in whatever
        thread: so what waits for the one before can still come along. When it returns they are as durable as the log
        is. Raises StorageFull or StorageError when the transaction as a whole failed: then nothing was stored. A write
        that fails alone (a Trim beyond the last offset, a state too large, a Save ahead of the log) has its error as
        outcome."""
        ...

    async def read(self, pipeline: str, after: int, limit: int) -> Page:
        """At most `limit` records after offset `after`, oldest first, and at most `limits.PAGE_BYTES` of them (one
        at least). Where `after` was trimmed the page has a gap and goes on from the first that exists. `after`
        beyond the last offset gives an empty page at the last offset."""
        ...

    async def find(self, pipeline: str, since: int) -> int:
        """The first existing offset whose timestamp (µs) is at or after `since`; `last + 1` when there is none."""
        ...

    async def bounds(self, pipeline: str) -> Bounds: ...

    async def bounds_of(self, pipelines: Sequence[str]) -> Sequence[Bounds]:
        """Those of each, in the same order, in one question."""
        ...

    async def pipelines(self) -> Sequence[str]:
        """Those with records or refusals, or that had some in their present life; in no order."""
        ...

    async def checkpoint(self, reader: str, pipeline: str) -> Checkpoint | None: ...

    async def notes(self, reader: str, kind: str) -> Sequence[tuple[int, bytes]]:
        """Every note of that kind, by key. Who writes them bounds their number."""
        ...

    async def readers(self) -> Sequence[str]:
        """Those with checkpoints or notes; in no order."""
        ...

    async def refused(self, pipeline: str, limit: int) -> Sequence[tuple[int, Refusal]]:
        """The newest refusals kept, newest first, each with its moment (µs)."""
        ...

    async def meters(self, first: str, last: str) -> Sequence[Total]:
        """What was counted from day `first` to day `last` (both included), by day, team, pipeline, subject and name."""
        ...

    async def expired(self, pipeline: str, *, before: int | None, over: int | None) -> int:
        """How far a Trim must go so that no record stays that arrived before `before` (µs; to the minute), and at most
        `over` bytes of them; 0 when all may stay. A record's own timestamp does not count: who imports the
        measurements of ten years ago wants to keep them."""
        ...

    async def sweep(self) -> bool:
        """Free one chunk of what was trimmed or restarted, and what else is out of date. True when more is left."""
        ...

    async def used(self) -> int:
        """Bytes that the log's records and indexes take in its store, without what is free for reuse."""
        ...

    async def close(self) -> None: ...
