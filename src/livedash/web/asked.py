"""What a client asks of a stream, in its address and its headers."""

from collections.abc import Mapping
from datetime import UTC, datetime

from starlette.types import Scope

from livedash.base import limits
from livedash.model import Cursor
from livedash.model.errors import BadCursor, Fault, Invalid
from livedash.model.record import to_micros
from livedash.stream.event_shape import EventShape
from livedash.stream.tail import Tail
from livedash.web.http import query, text_header

_TAIL = "tail="
_DIGITS = 18
_ELSEWHERE = Cursor("0", 0)  # no log has this epoch


class Asked:
    """Where a stream begins and what it carries."""

    def __init__(self, scope: Scope) -> None:
        """Raises BadCursor and Invalid."""
        given = query(scope)
        self.cursor = _cursor(scope, given)
        self._since, self._newest = _since(given)
        self.shape = _shape(given)

    def resumes(self, tail: Tail) -> bool:
        """Whether it goes on in the log as it lives now."""
        return self.cursor is not None and self.cursor.epoch == tail.epoch and self.cursor.offset <= tail.last

    async def begin(self, tail: Tail) -> Cursor:
        """What the client has already, or wants not to have. Raises StorageError."""
        if self.cursor is not None:
            return self.cursor
        if self._since is not None:
            return Cursor(tail.epoch, await tail.log.find(tail.pipeline, self._since) - 1)
        if self._newest:
            first = (await tail.log.bounds(tail.pipeline)).first  # what was trimmed is not missing: nobody asked for it
            return Cursor(tail.epoch, max(tail.last - self._newest, first - 1))
        return Cursor(tail.epoch, tail.last)


def _cursor(scope: Scope, given: Mapping[str, str]) -> Cursor | None:
    """The header of a reconnecting EventSource wins over the address, which stays as it was at the first connect. What
    cannot be read there is the id of another stream: an error would end the EventSource for good, a gap does not."""
    if text := text_header(scope, b"last-event-id"):
        try:
            return Cursor.parse(text)
        except BadCursor:
            return _ELSEWHERE
    text = given.get("last_event_id")
    return Cursor.parse(text) if text else None


def _since(given: Mapping[str, str]) -> tuple[int | None, int]:
    """The time (µs) and the number of newest records asked for."""
    name, text = ("since", given["since"]) if "since" in given else ("tail", _TAIL + given.get("tail", "0"))
    if text.startswith(_TAIL):
        number = text.removeprefix(_TAIL)
        if not (number.isascii() and number.isdigit() and len(number) <= _DIGITS):
            raise _invalid(name, f"the newest records are asked for by their number, not {number[:40]!r}")
        return None, int(number)
    try:
        # a plus that nobody escaped comes as a space
        since = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise _invalid(name, f"a time looks like 2026-11-22T19:00:00Z, not {text[:40]!r}") from None
    return to_micros(since if since.tzinfo else since.replace(tzinfo=UTC)), 0


def _shape(given: Mapping[str, str]) -> EventShape:
    fields = tuple(dict.fromkeys(name for name in given.get("fields", "").split(",") if name))
    if len(fields) > limits.STREAM_FIELDS:
        raise _invalid("fields", f"at most {limits.STREAM_FIELDS} fields can be chosen")
    try:
        return EventShape(fields, given.get("where", "").strip(), given.get("ping", "0") not in ("", "0"))
    except Invalid as error:
        raise _invalid("where", str(error)) from None


def _invalid(name: str, message: str) -> Invalid:
    return Invalid(f"{name}: {message}", [Fault((name,), message)])
