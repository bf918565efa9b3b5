"""A client of a broadcast, as one sees it from inside: a line that remembers what it got."""

import asyncio
import re
from collections.abc import Callable

from livedash.model import Cursor

_ID = re.compile(rb"^id: (\S+)$", re.MULTILINE)


class Client:
    """A line to a client that takes `room` frames and then nothing more until it is `read`."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.received = b""
        self.room = room
        self.ended = False
        self.left: Callable[[], None] = lambda: None
        self._some = asyncio.Event()

    @property
    def behind(self) -> bool:
        return self.room <= 0

    def send(self, data: bytes) -> None:
        assert not self.ended, "nothing comes after the end"
        self.received += data
        self.room -= 1
        self._some.set()

    def end(self, said: bytes = b"") -> None:
        self.received += said
        self.ended = True
        self.left()
        self._some.set()

    @property
    def cursors(self) -> list[Cursor]:
        """The ids of what it got."""
        return [Cursor.parse(found.decode()) for found in _ID.findall(self.received)]

    @property
    def got(self) -> list[int]:
        return [cursor.offset for cursor in self.cursors]

    async def has(self, count: int) -> list[int]:
        """Its offsets, when it has so many."""
        await self.until(lambda: len(self.got) >= count)
        return self.got

    async def until(self, reached: Callable[[], bool]) -> None:
        """Return when what it got has `reached` something, or when it was ended."""
        async with asyncio.timeout(30):
            while not reached() and not self.ended:
                self._some.clear()
                await self._some.wait()
