"""Lines that get the same frames in the same order, each frame written to all of them in one go.

A client is a cursor, not a queue: who falls behind leaves, and has nothing here until it has caught up.
"""

import asyncio
from collections.abc import Callable, Sequence, Sized
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from livedash.base import limits
from livedash.model import Cursor

Data = TypeVar("Data", bound=Sized, covariant=True)


class Frame(NamedTuple, Generic[Data]):
    """What every line gets, the offset that a client has seen with it, and how many records it is. `data` is bytes, or
    what each line makes its own bytes of; its length is what is counted."""

    last: int
    data: Data
    records: int = 0


class Line(Protocol):
    """The way to one client. Whoever holds it is told when it has caught up after it was `behind`."""

    @property
    def send(self) -> Callable[[Any], object]:
        """Sends or keeps what a frame holds, without waiting."""
        ...

    @property
    def behind(self) -> bool:
        """Whether the client is to get nothing more for now: it has not taken what it got."""
        ...

    def end(self, said: bytes = b"") -> None:
        """End it with what is `said`, and with the wish that the client comes back."""
        ...


class Member(Protocol):
    """Who is on a line."""

    def fell_behind(self, cursor: Cursor) -> None:
        """It was let go, with what it had then."""
        ...

    def last_words(self) -> bytes:
        """What the client must know to come back, before its line is ended by us."""
        ...

    def catch_up(self, cursor: Cursor) -> None:
        """It came while others were written to, and has not what they have."""
        ...


class Channel:
    """Who is at one place of one sequence, and is brought on together."""

    def __init__(self, cursor: Cursor, sent: Callable[[int, int], None]) -> None:
        """`cursor` is what everybody here has. `sent(records, bytes)` counts what was written."""
        self.cursor = cursor
        self._sent = sent
        self._members: dict[Line, Member] = {}
        self._waiting: dict[Line, tuple[Member, Cursor]] = {}
        self._writing = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._members) + len(self._waiting)

    def __contains__(self, line: Line) -> bool:
        """Whether it is written to, and has what is up to `cursor`."""
        return line in self._members

    def quiet(self) -> AbstractAsyncContextManager[None]:
        """Nobody is being written to meanwhile."""
        return self._writing

    def everybody(self) -> dict[Line, Member]:
        """Who is here, and who waits to be."""
        return self._members | {line: member for line, (member, _) in self._waiting.items()}

    def join(self, line: Line, member: Member, cursor: Cursor) -> None:
        """Take somebody who has everything up to `cursor`: at once, or when what is being written has been."""
        if cursor == self.cursor and not self._writing.locked():
            self._members[line] = member
        else:
            self._waiting[line] = (member, cursor)

    def leave(self, line: Line) -> None:
        self._members.pop(line, None)
        self._waiting.pop(line, None)

    async def write(self, frames: Sequence[Frame[Sized]], cursor: Cursor) -> None:
        """Bring everybody to `cursor` by `frames`, in order, in slices between which others get a turn."""
        async with self._writing:
            for frame in frames:
                await self._write(frame, cursor.epoch)
            self.cursor = cursor
        self._admit()

    async def _write(self, frame: Frame[Sized], epoch: str) -> None:
        lines, data, sent = list(self._members), frame.data, 0
        for start in range(0, len(lines), limits.BROADCAST_SLICE):
            chunk, behind = lines[start : start + limits.BROADCAST_SLICE], []
            if start:
                await asyncio.sleep(0)
                chunk = [line for line in chunk if line in self._members]  # others have left meanwhile
            for line in chunk:
                line.send(data)
                if line.behind:
                    behind.append(line)
            for line in behind:
                if member := self._members.pop(line, None):
                    member.fell_behind(Cursor(epoch, frame.last))
            sent += len(chunk)
        self._sent(frame.records * sent, len(data) * sent)

    def _admit(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for line, (member, cursor) in waiting.items():
            if cursor == self.cursor:
                self._members[line] = member
            elif cursor.epoch == self.cursor.epoch and cursor.offset > self.cursor.offset:
                self._waiting[line] = (member, cursor)  # the log is further than we have written
            else:
                member.catch_up(cursor)
