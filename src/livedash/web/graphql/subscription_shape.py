"""Records as the messages of subscriptions."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson

from livedash.base import limits
from livedash.base.expression import Predicate
from livedash.model import Cursor, Page
from livedash.model.errors import CursorExpired
from livedash.stream.channel import Frame
from livedash.stream.shape import pieces
from livedash.web.graphql.messages import Messages
from livedash.web.graphql.records import Row, filter_of
from livedash.web.graphql.refusals import refused_for
from livedash.web.graphql.results import formatted
from livedash.web.graphql.selection import Selection


@dataclass(frozen=True)
class SubscriptionShape:
    """What `selection` makes of the records for which `where` (CEL) holds, of all when it is empty. Raises Invalid."""

    selection: Selection
    where: str = ""
    _matches: Predicate | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_matches", filter_of(self.where) if self.where else None)

    @property
    def plain(self) -> bool:
        return False

    def parts(self, page: Page) -> tuple[Page, ...]:
        return pieces(page)

    def __call__(self, page: Page) -> tuple[Frame[Messages], ...]:
        """A gap ends the subscription: a client must not take the records behind it for those that it asked for."""
        return (_expired(page),) if page.gap is not None else tuple(self._frames(page))

    def hello(self, cursor: Cursor, now: int) -> None:
        """Nothing: a client knows where it began by the cursor that it gave."""

    def silence(self, cursor: Cursor, now: int) -> None:
        """Nothing: sockets have signs of life of their own."""

    def last_words(self, cursor: Cursor, now: int, *, unsaid: bool) -> bytes:
        return b""

    def _frames(self, page: Page) -> Iterator[Frame[Messages]]:
        payloads: list[bytes] = []
        size, last = 0, page.after
        for record in page.records:
            matches = self._matches
            if matches is None or matches(record.data, record.metrics, record.timestamp, record.offset):
                payload = orjson.dumps(formatted(self.selection.answer(Row.of(page.epoch, record))))
                if payloads and size + len(payload) > limits.FRAME_BYTES:
                    yield Frame(last, Messages("next", payloads), len(payloads))
                    payloads, size = [], 0
                payloads.append(payload)
                size += len(payload)
            last = record.offset
        if payloads:
            yield Frame(last, Messages("next", payloads), len(payloads))


def _expired(page: Page) -> Frame[Messages]:
    first = page.records[0].offset - 1 if page.records else page.after
    errors = refused_for(CursorExpired(str(Cursor(page.epoch, first)))).errors
    return Frame(first, Messages("error", [orjson.dumps(errors)], last=True))
