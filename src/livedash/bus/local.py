"""The bus inside one process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from livedash.bus import Head


class LocalBus:
    """Hints to listeners in the same event loop. Hints not yet taken are merged, so a slow listener costs nothing."""

    def __init__(self) -> None:
        self._inboxes: set[_Inbox] = set()

    async def announce(self, pipeline: str, last: int) -> None:
        for inbox in self._inboxes:
            inbox.put(pipeline, last)

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[Head]]:
        inbox = _Inbox()
        self._inboxes.add(inbox)
        try:
            yield inbox
        finally:
            self._inboxes.discard(inbox)


class _Inbox:
    def __init__(self) -> None:
        self._heads: dict[str, int] = {}
        self._some = asyncio.Event()

    def put(self, pipeline: str, last: int) -> None:
        self._heads[pipeline] = last
        self._some.set()

    def __aiter__(self) -> AsyncIterator[Head]:
        return self

    async def __anext__(self) -> Head:
        await self._some.wait()
        pipeline = next(iter(self._heads))
        head = Head(pipeline, self._heads.pop(pipeline))
        if not self._heads:
            self._some.clear()
        return head
