"""Everything that stays open: Server-Sent Events, sockets and what is followed on them."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from livedash.catalog.directory import Directory

SWEEP_SECONDS = 15.0  # rights that end by themselves, as a session's do, are looked at this often
_SWEEP_SLICE = 250  # streams looked at before others get a turn (about 1 ms)


class Open(Protocol):
    """What stays open. `of` is the id of what is followed; of a connection that follows nothing itself it is empty."""

    @property
    def of(self) -> str: ...

    def check(self) -> None:
        """End it when the client may not follow any more."""
        ...

    def dismiss(self) -> None:
        """End it since the server stops."""
        ...


class Streams:
    """Every open stream, so that a stop can end them all, and a change of rights those that it concerns."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._revision = directory.revision
        self._open: set[Open] = set()
        self._count: Counter[str] = Counter()
        self._sweeping = asyncio.Lock()
        self._stopping = False

    def add(self, stream: Open, begin: Callable[[], None]) -> None:
        """Keep an eye on what is open from now on. `begin()` is called before it is looked at."""
        self._open.add(stream)
        self._count[stream.of] += 1
        begin()
        if self._stopping:
            stream.dismiss()
        else:
            stream.check()  # what changed while it was being let in was looked at without it

    def open_of(self, id: str) -> int:
        """How many follow the pipeline or dashboard with this id."""
        return self._count[id]

    def discard(self, stream: Open) -> bool:
        """Forget a stream; whether it was known."""
        if stream not in self._open:
            return False
        self._open.remove(stream)
        self._count[stream.of] -= 1
        if not self._count[stream.of]:
            del self._count[stream.of]
        return True

    async def run(self) -> None:
        """Let go whoever may not follow any more, until cancelled."""
        while True:
            await self._sweep()
            try:
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._directory.changed(self._revision)
            except TimeoutError:
                pass

    async def settled(self) -> None:
        """Return when nobody is left here who may not follow any more by what is configured now."""
        while self._revision != self._directory.revision:
            await self._sweep()

    async def _sweep(self) -> None:
        async with self._sweeping:
            revision, streams = self._directory.revision, list(self._open)
            for start in range(0, len(streams), _SWEEP_SLICE):
                if start:
                    await asyncio.sleep(0)
                for stream in streams[start : start + _SWEEP_SLICE]:
                    stream.check()
            self._revision = revision

    async def stop(self, quiet: Callable[[], AbstractAsyncContextManager[None]]) -> None:
        """End every stream, in a moment when it is `quiet`, so that each can be told where it is; none goes on after
        this."""
        self._stopping = True
        async with quiet():
            for stream in list(self._open):
                stream.dismiss()
