"""What a source with work of its own is. `push` has none: its records come over HTTP."""

from typing import Protocol, runtime_checkable

from livedash.catalog.entries import Pipeline
from livedash.stream.door import Door


@runtime_checkable
class Source(Protocol):
    """A source's settings and its behaviour in one class; supervised, so it may raise."""

    async def run(self, pipeline: Pipeline, door: Door) -> None:
        """Bring records of `pipeline` to the door until cancelled."""
        ...
