"""The port of the bus: "pipeline X reached offset N"."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol


class Head(NamedTuple):
    """The pipeline's log has reached offset `last`."""

    pipeline: str
    last: int


class Bus(Protocol):
    """Hints that a pipeline grew. May lose, repeat or merge them; never carries records.
    A lost hint costs a reader one poll interval."""

    async def announce(self, pipeline: str, last: int) -> None:
        """Tell every listener. Never blocks on a slow one."""
        ...

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[Head]]:
        """Hear every hint announced while the context is open."""
        ...
