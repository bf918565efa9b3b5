"""The head of one log in one shape, and everybody who is there."""

import asyncio
from collections.abc import Awaitable, Callable, Sized

import structlog

from livedash.base import limits
from livedash.base.metrics import Metrics
from livedash.model import Clock, Cursor, Page
from livedash.model.errors import StorageError
from livedash.stream.channel import Channel, Frame, Line, Member
from livedash.stream.reader import Reader
from livedash.stream.shape import Shape
from livedash.stream.tail import Tail

_log = structlog.get_logger("livedash.broadcast")
Sent = Callable[[int, int], None]


class LogChannel:
    """A channel, and the task that brings all who are in it on together while there are any."""

    def __init__(
        self,
        tail: Tail,
        shape: Shape[Sized],
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

    def join(self, line: Line, member: Member, cursor: Cursor) -> None:
        if self._task is None or self._task.done():
            self._reader = Reader(self.tail)
            self.lines.cursor = self._reader.cursor
            self._task = asyncio.create_task(self._run(), name=f"broadcast {self.tail.pipeline}")
        self.lines.join(line, member, cursor)

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def count(self, records: int, size: int) -> None:
        """What was written to clients in a frame. Signs of life and gaps are no usage."""
        if records:
            self._metrics.stream_events.inc(records)
            self._sent(records, size)

    def hello(self, cursor: Cursor) -> Sized | None:
        return self.shape.hello(cursor, self._clock())

    def silence(self, cursor: Cursor) -> Sized | None:
        return self.shape.silence(cursor, self._clock())

    def last_words(self, cursor: Cursor, *, unsaid: bool) -> bytes:
        return self.shape.last_words(cursor, self._clock(), unsaid=unsaid)

    def frames(self, page: Page, clients: int) -> tuple[Frame[Sized], ...]:
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
        for line, member in self.lines.everybody().items():
            line.end(member.last_words())

    async def _follow(self) -> None:
        voice = Voice(self)
        while True:
            page = await self._next(voice.breath())
            for part in self.shape.parts(page):
                if frames := voice.frames(part, len(self.lines)):
                    await self._settled()
                await self.lines.write(frames, part.cursor)
                if part is not page:
                    await asyncio.sleep(0)

    async def _next(self, wait: float) -> Page:
        page = await self._reader.next(wait=0)
        if not page.records and page.gap is None:
            await self.lines.write((), page.cursor)  # to look takes a moment: who came in it is not left to wait
            page = await self._reader.next(wait=wait)
        return page


class Voice:
    """The frames of one page after the other, with a sign of life where they would leave too long a silence."""

    def __init__(self, channel: LogChannel) -> None:
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._said = self._loop.time()

    def breath(self) -> float:
        """Seconds that may pass until something must be said."""
        return max(self._said + limits.KEEPALIVE_SECONDS - self._loop.time(), 0)

    def frames(self, page: Page, clients: int) -> tuple[Frame[Sized], ...]:
        frames = self._channel.frames(page, clients)
        if not frames and self.breath():
            return ()
        self._said = self._loop.time()
        if not frames and (said := self._channel.silence(page.cursor)) is not None:
            return (Frame(page.last, said),)
        return frames
