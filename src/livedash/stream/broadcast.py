"""One reader for all who follow a log at its head: each page is encoded once and written to everybody in one go.

With a task per client to wake for every page, more than half of the event loop's time went into waking. A client that
is behind has a reader of its own until it has caught up.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple, Protocol

from livedash.base import limits
from livedash.base.metrics import Metrics
from livedash.model import Cursor, Page
from livedash.stream.reader import Reader
from livedash.stream.tail import Tail


class Line(Protocol):
    """The way to one client."""

    def write(self, frame: bytes) -> bool:
        """Send or buffer `frame`, without waiting. False when the client has fallen behind."""
        ...


class Broadcast:
    """The channels of this process, one for each tail that somebody follows at its head."""

    def __init__(self, frame: Callable[[Page], bytes], revision: Callable[[], int], metrics: Metrics) -> None:
        """`frame(page)`, also of an empty page, is what each line gets. When `revision()` changes everybody is let go
        before the next frame, so that who may not read any more gets no more."""
        self._frame = frame
        self._revision = revision
        self._metrics = metrics
        self._channels: dict[Tail, _Channel] = {}

    async def follow(self, reader: Reader, line: Line) -> bool:
        """Carry `line` along from where `reader` is, and bring `reader` to where it was let go: it fell behind, or
        `revision()` changed. False at once when `reader` is not at the head of the log. Raises StorageError. Safe to
        cancel, but then the reader is not moved."""
        tail = reader.tail
        if reader.cursor != Cursor(tail.epoch, tail.last):
            return False
        channel = self._channels.get(tail)
        if channel is None or channel.ended:
            channel = _Channel(Reader(tail, reader.cursor), self._frame, self._revision, self._metrics)
            self._channels[tail] = channel
        try:
            reader.cursor = await channel.join(line, reader.cursor)
        finally:
            if channel.leave(line) and self._channels.get(tail) is channel:
                del self._channels[tail]
        return True


class _Place(NamedTuple):
    since: Cursor  # what the line had when it joined
    left: "asyncio.Future[Cursor]"  # what it had when it was let go


class _Channel:
    """Lines at the head of one log, and the task that brings them on together."""

    def __init__(
        self, reader: Reader, frame: Callable[[Page], bytes], revision: Callable[[], int], metrics: Metrics
    ) -> None:
        self._reader = reader
        self._frame = frame
        self._revision = revision
        self._began_at = revision()
        self._metrics = metrics
        self._places: dict[Line, _Place] = {}
        self._task = asyncio.create_task(self._run(), name="broadcast")

    @property
    def ended(self) -> bool:
        return self._task.done()

    def join(self, line: Line, since: Cursor) -> "asyncio.Future[Cursor]":
        """Done when the line is let go, with what it had then."""
        place = self._places[line] = _Place(since, asyncio.get_running_loop().create_future())
        return place.left

    def leave(self, line: Line) -> bool:
        """True when nobody is left, which ends the channel."""
        self._places.pop(line, None)
        if not self._places:
            self._task.cancel()
        return not self._places

    async def _run(self) -> None:
        try:
            while True:
                before = self._reader.cursor
                page = await self._reader.next(wait=limits.KEEPALIVE_SECONDS)
                if self._revision() != self._began_at:
                    break
                await self._write(page)
        except Exception as error:
            for place in self._waiting():
                place.left.set_exception(error)
        else:
            for place in self._waiting():
                place.left.set_result(_later(place.since, before))

    def _waiting(self) -> list[_Place]:
        return [place for place in self._places.values() if not place.left.done()]

    async def _write(self, page: Page) -> None:
        frame = self._frame(page)
        places = list(self._places.items())
        for start in range(0, len(places), limits.BROADCAST_SLICE):
            if start:
                await asyncio.sleep(0)
            for line, (since, left) in places[start : start + limits.BROADCAST_SLICE]:
                if left.done():
                    continue
                if since.offset > page.after and since.epoch == page.epoch:
                    if since.offset < page.last:  # it joined ahead of us and has a part of this page
                        left.set_result(since)
                elif not line.write(frame):
                    left.set_result(page.cursor)
        self._metrics.stream_events.inc(len(page.records) * len(places))
        if page.gap is not None:
            self._metrics.gaps.inc(len(places))


def _later(since: Cursor, before: Cursor) -> Cursor:
    return since if since.epoch == before.epoch and since.offset > before.offset else before
