"""What happens to Livedash itself, told as records: pipelines whose source is `operations` carry it to dashboards, and
by sinks of their own to whoever has to know."""

from livedash.catalog.directory import Directory
from livedash.model import Json
from livedash.stream.door import Door


class Operations:
    """The way for what happens into the pipelines that want to hear of it."""

    def __init__(self, directory: Directory, door: Door) -> None:
        self._directory = directory
        self._door = door

    async def tell(self, key: str, event: dict[str, Json], *, besides: str = "") -> None:
        """Append `event` to every pipeline of operations that is not paused, but not to the one with the id `besides`;
        with the same `key` once a day. Raises Busy, StorageError."""
        for pipeline in self._directory.pipelines():
            listens = pipeline.source["type"] == "operations" and not pipeline.paused
            if listens and pipeline.id != besides:
                await self._door.append(pipeline, [event], key=key)
