"""Records as Server-Sent Events."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from livedash.base import expression, limits
from livedash.model import Cursor, Page, Record
from livedash.stream import frames
from livedash.stream.channel import Frame
from livedash.stream.selection import Selection
from livedash.stream.shape import pieces

KEEPALIVE = b":keepalive\n\n"


@dataclass(frozen=True)
class EventShape:
    """The records for which `where` (CEL) holds, with only `fields` of them; all of either when empty. With `pings`
    silence is said by an event, since a browser's script does not hear comments. Raises Invalid."""

    fields: tuple[str, ...] = ()
    where: str = ""
    pings: bool = False
    _selection: Selection | None = field(init=False, repr=False, compare=False)
    _matches: expression.Predicate | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_selection", Selection(self.fields) if self.fields else None)
        matches = expression.predicate(self.where, limits.FILTER_VALUES) if self.where else None
        object.__setattr__(self, "_matches", matches)

    @property
    def plain(self) -> bool:
        return not self.fields and not self.where

    def parts(self, page: Page) -> tuple[Page, ...]:
        return (page,) if self.plain else pieces(page)

    def __call__(self, page: Page) -> tuple[Frame[bytes], ...]:
        return tuple(self._frames(page))

    def hello(self, cursor: Cursor, now: int) -> bytes | None:
        """Else who loses it before the first record does not know where it began."""
        return _ping(cursor, now) if self.pings else None

    def silence(self, cursor: Cursor, now: int) -> bytes:
        """The id of a ping moves clients on past records that do not match: else they would resume from far behind, or
        find a gap where nothing was for them."""
        return _ping(cursor, now) if self.pings or self.where else KEEPALIVE

    def last_words(self, cursor: Cursor, now: int, *, unsaid: bool) -> bytes:
        return _ping(cursor, now) if unsaid or self.where else b""

    def _frames(self, page: Page) -> Iterator[Frame[bytes]]:
        epoch, last = page.epoch.encode(), page.after
        parts: list[bytes] = []
        size = 0
        if page.gap is not None:
            # its id is just before the first record that follows: who breaks off after the gap is not told again
            last = page.records[0].offset - 1 if page.records else page.after
            yield Frame(last, frames.event("gap", page.gap.json(), Cursor(page.epoch, last)))
        for record in page.records:
            if self._matches is None or self._match(record):
                part = self._event(epoch, record)
                if parts and size + len(part) > limits.FRAME_BYTES:
                    yield Frame(last, b"".join(parts), len(parts))
                    parts, size = [], 0
                parts.append(part)
                size += len(part)
            last = record.offset
        if parts:
            yield Frame(last, b"".join(parts), len(parts))

    def _match(self, record: Record) -> bool:
        return self._matches is not None and self._matches(record.data, record.metrics, record.timestamp, record.offset)

    def _event(self, epoch: bytes, record: Record) -> bytes:
        if self._selection is None:
            return b'id: %b-%d\ndata: {"offset":%d%b\n\n' % (epoch, record.offset, record.offset, record.body)
        return b"id: %b-%d\ndata: %b\n\n" % (epoch, record.offset, self._selection.json(record))


def _ping(cursor: Cursor, now: int) -> bytes:
    """Says that the stream lives, and where it is."""
    return frames.event("ping", {"now": now // 1000, "cursor": str(cursor)}, cursor)
