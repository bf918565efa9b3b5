"""Takes tokens out of the catalog when their time is over, so that everybody hears of it as of any other change."""

import asyncio

from livedash.catalog.catalog import Catalog
from livedash.catalog.changes import DropToken
from livedash.catalog.entries import Snapshot
from livedash.model import Clock

_LOOK_SECONDS = 60.0  # at most between two looks: the host's clock may be put right meanwhile


class Expiry:
    """They open nothing from that moment on anyway; what is open on them ends with this."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled. Raises StorageError."""
        while True:
            _, snapshot = await self._catalog.change(self._over)
            try:
                async with asyncio.timeout(self._until_next(snapshot)):
                    await self._catalog.directory.changed(snapshot.revision)
            except TimeoutError:
                pass

    def _over(self, snapshot: Snapshot) -> list[DropToken]:
        now = self._clock()
        return [DropToken(each.id) for each in snapshot.tokens if each.over(now)]

    def _until_next(self, snapshot: Snapshot) -> float:
        """Seconds to the next end."""
        ends = (each.until for each in snapshot.tokens if each.until is not None)
        first = min(ends, default=None)
        return _LOOK_SECONDS if first is None else min(max(first - self._clock(), 0) / 1_000_000, _LOOK_SECONDS)
