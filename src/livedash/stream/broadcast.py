"""One reader for all who follow a log at its head: each page is encoded once and written to everybody in one go.

With a task per client to wake for every page, more than half of the event loop's time went into waking. A client that
is behind has a task and a reader of its own until it has caught up; while it takes nothing it has neither.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from livedash.base import limits
from livedash.base.metrics import Metrics
from livedash.model import Clock, Cursor, Page
from livedash.model.errors import StorageError
from livedash.stream.channel import Channel, Frame, Line
from livedash.stream.reader import Reader
from livedash.stream.shape import Shape
from livedash.stream.tail import Tail

_log = structlog.get_logger("livedash.broadcast")
Sent = Callable[[int, int], None]


class Broadcast:
    """The channels of this process, one for each tail and shape that somebody follows."""

    def __init__(self, settled: Callable[[], Awaitable[None]], clock: Clock, metrics: Metrics) -> None:
        """`settled()` returns when those who may not follow any more have been let go: nothing is written before."""
        self._settled = settled
        self._clock = clock
        self._metrics = metrics
        self._channels: dict[tuple[Tail, Shape], _LogChannel] = {}

    def has_room(self, tail: Tail, shape: Shape) -> bool:
        """Whether one more may follow in this shape. Only shapes that cost something are counted."""
        if shape.plain or (tail, shape) in self._channels:
            return True
        return sum(each is tail and not other.plain for each, other in self._channels) < limits.STREAM_SHAPES

    def follow(self, tail: Tail, shape: Shape, cursor: Cursor, sent: Sent) -> "Follower":
        """Somebody who has what is up to `cursor`; nothing begins before its `start`. `sent(records, bytes)` counts."""
        key = (tail, shape)
        channel = self._channels.get(key)
        if channel is None:
            channel = self._channels[key] = _LogChannel(tail, shape, sent, self._settled, self._clock, self._metrics)
        return Follower(channel, cursor, lambda: self._left(key, channel))

    def _left(self, key: tuple[Tail, Shape], channel: "_LogChannel") -> None:
        if not channel.followers:
            channel.close()
            self._channels.pop(key, None)


class _LogChannel:
    """The head of one log in one shape, and the task that brings everybody there on together."""

    def __init__(
        self,
        tail: Tail,
        shape: Shape,
        sent: Sent,
        settled: Callable[[], Awaitable[None]],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self.tail = tail
        self.shape = shape
        self.followers = 0
        self._reader = Reader(tail)
        self.lines = Channel(self._reader.cursor, self.count)
        self._sent = sent
        self._settled = settled
        self._clock = clock
        self._metrics = metrics
        self._task: asyncio.Task[None] | None = None

    def join(self, line: Line, follower: "Follower", cursor: Cursor) -> None:
        if self._task is None or self._task.done():
            self._reader = Reader(self.tail)
            self.lines.cursor = self._reader.cursor
            self._task = asyncio.create_task(self._run(), name=f"broadcast {self.tail.pipeline}")
        self.lines.join(line, follower, cursor)

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def count(self, records: int, size: int) -> None:
        """What was written to clients."""
        self._metrics.stream_events.inc(records)
        self._sent(records, size)

    def silence(self, cursor: Cursor) -> bytes:
        return self.shape.silence(cursor, self._clock())

    def frames(self, page: Page, clients: int) -> tuple[Frame, ...]:
        """What so many clients get of a page."""
        if page.gap is not None:
            self._metrics.gaps.inc(clients)
        return page.encoded(self.shape) if clients else ()

    async def _run(self) -> None:
        try:
            await self._follow()
        except StorageError as error:
            _log.warning("streams end early", pipeline=self.tail.pipeline, error=str(error))
        except Exception:
            _log.exception("streams end early", pipeline=self.tail.pipeline)
        for line in self.lines.lines:
            line.end()

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        said = loop.time()
        while True:
            page = await self._reader.next(wait=max(said + limits.KEEPALIVE_SECONDS - loop.time(), 0))
            frames = self.frames(page, len(self.lines))
            if not frames and loop.time() - said >= limits.KEEPALIVE_SECONDS:
                frames = (Frame(page.last, self.silence(page.cursor)),)
            if frames:
                said = loop.time()
                await self._settled()
            await self.lines.write(frames, page.cursor)


class Follower:
    """One client of one log: a cursor. It is among the others at the head, on its way there, or waits until the client
    has taken what it got."""

    __slots__ = ("_channel", "_cursor", "_left", "_line", "_task")

    def __init__(self, channel: _LogChannel, cursor: Cursor, left: Callable[[], None]) -> None:
        channel.followers += 1
        self._channel = channel
        self._cursor = cursor
        self._left = left
        self._line: Line
        self._task: asyncio.Task[None] | None = None

    def start(self, line: Line) -> None:
        """Write to `line` from now on."""
        self._line = line
        if self._channel.shape.pings:  # else who loses it before the first record does not know where it began
            line.send(self._channel.silence(self._cursor))
        self.resume()

    def resume(self) -> None:
        """The client has taken what it got: go on."""
        self.catch_up(self._cursor)

    def stop(self) -> None:
        """Nothing more. To be called once."""
        if self._task is not None:
            self._task.cancel()
        self._channel.lines.leave(self._line)
        self._channel.followers -= 1
        self._left()

    def fell_behind(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def catch_up(self, cursor: Cursor) -> None:
        tail = self._channel.tail
        if cursor == Cursor(tail.epoch, tail.last):
            self._channel.join(self._line, self, cursor)
        else:
            self._cursor = cursor
            self._task = asyncio.create_task(self._catch_up(), name=f"catch up {tail.pipeline}")

    async def _catch_up(self) -> None:
        try:
            if await self._read():
                self._channel.join(self._line, self, self._cursor)
        except StorageError as error:
            _log.warning("a stream ends early", pipeline=self._channel.tail.pipeline, error=str(error))
            self._line.end()

    async def _read(self) -> bool:
        """Write what is missing. False when the client fell behind meanwhile."""
        reader = Reader(self._channel.tail, self._cursor)
        while not self._line.behind:
            page = await reader.next(wait=0)
            if not page.records and page.gap is None:
                return True
            if not self._write(self._channel.frames(page, 1), page.epoch):
                break
            self._cursor = page.cursor
            await asyncio.sleep(0)  # who reads a long way back does not hold up the others
        return False

    def _write(self, frames: tuple[Frame, ...], epoch: str) -> bool:
        records = size = 0
        for frame in frames:
            self._line.send(frame.data)
            self._cursor = Cursor(epoch, frame.last)
            records, size = records + frame.records, size + len(frame.data)
            if self._line.behind:
                break
        self._channel.count(records, size)
        return not self._line.behind
