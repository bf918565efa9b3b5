"""One client of one log: a cursor. It is among the others at the head, on its way there, or waits until the client has
taken what it got."""

import asyncio
from collections.abc import Callable, Sized

import structlog

from livedash.model import Cursor
from livedash.model.errors import StorageError
from livedash.stream.channel import Frame, Line
from livedash.stream.log_channel import LogChannel, Voice
from livedash.stream.reader import Reader

_log = structlog.get_logger("livedash.broadcast")


class Follower:
    """Its line's member of the channel. While it is at the head it has no task and no reader of its own."""

    __slots__ = ("_begin", "_channel", "_cursor", "_left", "_line", "_parked", "_task")

    def __init__(self, channel: LogChannel, cursor: Cursor, left: Callable[[], None]) -> None:
        channel.followers += 1
        self._channel = channel
        self._begin = self._cursor = cursor
        self._left = left
        self._parked = False  # until the client has taken what it got
        self._line: Line
        self._task: asyncio.Task[None] | None = None

    def start(self, line: Line) -> None:
        """Write to `line` from now on."""
        self._line = line
        if (said := self._channel.hello(self._cursor)) is not None:
            line.send(said)
        if line.behind:
            self._parked = True
        else:
            self.catch_up(self._cursor)

    def last_words(self) -> bytes:
        """Where it is, for a client that was sent nothing yet and does not know. Asked while nothing is sent."""
        lines = self._channel.lines
        cursor = lines.cursor if self._line in lines else self._cursor
        return self._channel.last_words(cursor, unsaid=cursor == self._begin)

    def resume(self) -> None:
        """The client has taken what it got: go on, if that was waited for. Of several on one connection not all fell
        behind."""
        if self._parked:
            self._parked = False
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
        self._parked = True

    def catch_up(self, cursor: Cursor) -> None:
        tail, self._cursor = self._channel.tail, cursor
        if cursor == Cursor(tail.epoch, tail.last):
            self._channel.join(self._line, self, cursor)
        else:
            self._task = asyncio.create_task(self._catch_up(), name=f"catch up {tail.pipeline}")

    async def _catch_up(self) -> None:
        try:
            if await self._read():
                self._channel.join(self._line, self, self._cursor)
            else:
                self._parked = True
            return
        except StorageError as error:
            _log.warning("a stream ends early", pipeline=self._channel.tail.pipeline, error=str(error))
        except Exception:
            _log.exception("a stream ends early", pipeline=self._channel.tail.pipeline)
        self._line.end(self.last_words())

    async def _read(self) -> bool:
        """Write what is missing. False when the client fell behind meanwhile."""
        reader, voice = Reader(self._channel.tail, self._cursor), Voice(self._channel)
        while True:
            page = await reader.next(wait=0)
            if not page.records and page.gap is None:
                return True
            for part in self._channel.shape.parts(page):
                if not self._write(voice.frames(part, 1), part.epoch):
                    return False
                self._cursor = part.cursor
                await asyncio.sleep(0)  # who reads a long way back does not hold up the others

    def _write(self, frames: tuple[Frame[Sized], ...], epoch: str) -> bool:
        for frame in frames:
            self._line.send(frame.data)
            self._cursor = Cursor(epoch, frame.last)
            self._channel.count(frame.records, len(frame.data))
            if self._line.behind:
                return False
        return True
