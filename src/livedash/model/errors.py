"""Every error that crosses a floor of the house, as a tree. Adapters translate driver errors into these.

LivedashError
├── Invalid              what was sent cannot be taken as it is
│   ├── TooLarge
│   ├── Unsupported
│   └── Malformed        it cannot even be read
│       ├── BadCursor
│       └── TooSlow
├── Denied               who asks may not
│   └── Unknown          and is not told whether it exists
├── NotFound
├── Conflict
├── CursorExpired
├── Busy
├── Unreachable          an outgoing request got no answer
│   ├── Forbidden        its address is one that must not be reached
│   └── TimedOut
└── StorageError
    ├── StorageFull
    └── StorageClosed
"""

from collections.abc import Sequence
from dataclasses import dataclass


class LivedashError(Exception):
    """Something went wrong that the caller can be told about in plain words."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in what was sent. `path` is where, as keys and indexes; empty for the whole."""

    path: tuple[str | int, ...]
    message: str


class Invalid(LivedashError):
    """What was sent cannot be taken as it is; `faults` say where."""

    def __init__(self, message: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)


class TooLarge(Invalid):
    """It is larger than a named limit allows."""


class Malformed(Invalid):
    """It cannot even be read as what it claims to be; `line` and `column` say where, when that is known."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class TooSlow(Malformed):
    """It did not arrive within the time that a named limit allows."""


class Unsupported(Invalid):
    """Its content type or encoding is none that is understood."""


class BadCursor(Malformed):
    """The cursor is not of the form `epoch-offset`."""


class Denied(LivedashError):
    """Who asks is known and may not do this."""


class Unknown(Denied):
    """Who asks did not say who they are in a way we recognise."""


class NotFound(LivedashError):
    """There is no such thing, or who asks may not learn of it."""


class Conflict(LivedashError):
    """It was changed by somebody else meanwhile, or its name is taken."""


class CursorExpired(LivedashError):
    """The cursor belongs to another life of the log; `first` is the first cursor that still exists."""

    def __init__(self, first: str) -> None:
        super().__init__(f"the log has begun a new epoch; the first cursor that still exists is {first}")
        self.first = first


class Busy(LivedashError):
    """A limit on work in progress is reached; try again after `retry_after` seconds. Nothing was stored."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unreachable(LivedashError):
    """An outgoing request got no answer: no such name, no connection, no TLS, or cut off."""


class Forbidden(Unreachable):
    """It would have gone to an address that must not be reached from here; nothing was sent."""


class TimedOut(Unreachable):
    """The answer did not come in time."""


class StorageError(LivedashError):
    """The log could not do what was asked. Nothing was stored."""


class StorageFull(StorageError):
    """The disk or the quota is full. Nothing was stored; free space or lower the retention."""


class StorageClosed(StorageError):
    """The log has been closed. Nothing was stored."""
