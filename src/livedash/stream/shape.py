"""What a stream carries of a pipeline's records, and how."""

from collections.abc import Hashable, Iterator, Sized
from dataclasses import replace
from typing import Protocol, TypeVar

from livedash.base import limits
from livedash.model import Cursor, Page
from livedash.stream.channel import Frame

Data_co = TypeVar("Data_co", bound=Sized, covariant=True)


class Shape(Hashable, Protocol[Data_co]):
    """Streams whose shapes are equal share all work. What is sent, `Data`, is what their lines take. Callable, so that
    a page keeps its frames. Of `cursor` it is told where the client is, and of `now` the time (µs)."""

    @property
    def plain(self) -> bool:
        """Whether it is every record as it is, which costs nothing of its own."""
        ...

    def parts(self, page: Page) -> tuple[Page, ...]:
        """The page in pieces, each to be made frames of in one turn of the event loop."""
        ...

    def __call__(self, page: Page) -> tuple[Frame[Data_co], ...]:
        """What the clients get of a page: its gap, if any, then its records. A frame is at most `limits.FRAME_BYTES`,
        or one record, so that no client holds much more than that."""
        ...

    def hello(self, cursor: Cursor, now: int) -> Data_co | None:
        """What a client is told at the beginning."""
        ...

    def silence(self, cursor: Cursor, now: int) -> Data_co | None:
        """What is said after a while of nothing."""
        ...

    def last_words(self, cursor: Cursor, now: int, *, unsaid: bool) -> bytes:
        """What a client must know to come back; with `unsaid` it was sent nothing that tells where it is."""
        ...


def pieces(page: Page) -> tuple[Page, ...]:
    """The page in pieces for who does some work for each record. The first has the gap."""
    return page.encoded(_pieces)


def _pieces(page: Page) -> tuple[Page, ...]:
    return tuple(_cut(page)) if len(page.records) > limits.SHAPE_RECORDS else (page,)


def _cut(page: Page) -> Iterator[Page]:
    step = limits.SHAPE_RECORDS
    for start in range(0, len(page.records), step):
        records = page.records[start : start + step]
        yield replace(page, after=records[0].offset - 1, records=records, gap=None if start else page.gap)
