"""What a stream carries of a pipeline's records, and the bytes of it. Streams of one shape share all work."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from livedash.base import expression, limits
from livedash.model import Cursor, Page, Record
from livedash.stream import frames
from livedash.stream.channel import Frame
from livedash.stream.selection import Selection

KEEPALIVE = b":keepalive\n\n"


@dataclass(frozen=True)
class Shape:
    """The records for which `where` (CEL) holds, with only `fields` of them; all of either when empty. With `pings`
    silence is said by an event, since a browser's script does not hear comments. Callable, so that a page keeps its
    frames. Raises Invalid."""

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
        """Whether it is every record as it is, which costs nothing of its own."""
        return not self.fields and not self.where

    def parts(self, page: Page) -> tuple[Page, ...]:
        """The page in pieces, each to be encoded in one turn of the event loop."""
        return (page,) if self.plain else page.encoded(_pieces)

    def __call__(self, page: Page) -> tuple[Frame, ...]:
        """A page as Server-Sent Events: its gap, if any, then its records. A frame is at most `limits.FRAME_BYTES`, or
        one record, so that no client holds much more than that."""
        return tuple(self._frames(page))

    def silence(self, cursor: Cursor, now: int) -> bytes:
        """What is said after a while of nothing; `now` in µs. The id of a ping moves clients on past records that do
        not match: else they would resume from far behind, or find a gap where nothing was for them."""
        return ping(cursor, now) if self.pings or self.where else KEEPALIVE

    def _frames(self, page: Page) -> Iterator[Frame]:
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


def ping(cursor: Cursor, now: int) -> bytes:
    """Says that the stream lives, and where it is; `now` in µs."""
    return frames.event("ping", {"now": now // 1000, "cursor": str(cursor)}, cursor)


def _pieces(page: Page) -> tuple[Page, ...]:
    """The first has the gap."""
    step, records = limits.SHAPE_RECORDS, page.records
    if len(records) <= step:
        return (page,)
    return tuple(
        replace(
            page,
            after=records[start].offset - 1,
            records=records[start : start + step],
            gap=None if start else page.gap,
        )
        for start in range(0, len(records), step)
    )
