"""How many may do something at the same time, in all and for one host."""

import asyncio
from collections.abc import Hashable


class _Host:
    def __init__(self, slots: int) -> None:
        self.free = asyncio.Semaphore(slots)
        self.users = 0


class Slots:
    """First a slot of the host, then one of all: who waits for a host that hangs holds none that others could use."""

    def __init__(self, total: int, per_host: int) -> None:
        self._all = asyncio.Semaphore(total)
        self._per_host = per_host
        self._hosts: dict[Hashable, _Host] = {}

    async def take(self, name: Hashable) -> None:
        """Waits for its turn, in order of arrival. Whoever took gives back, by `give`."""
        if (host := self._hosts.get(name)) is None:
            host = self._hosts[name] = _Host(self._per_host)
        host.users += 1
        try:
            await host.free.acquire()
            try:
                await self._all.acquire()
            except BaseException:
                host.free.release()
                raise
        except BaseException:
            self._leave(name, host)
            raise

    def give(self, name: Hashable) -> None:
        host = self._hosts[name]
        self._all.release()
        host.free.release()
        self._leave(name, host)

    def _leave(self, name: Hashable, host: _Host) -> None:
        """Forgets a host that nobody uses any more."""
        host.users -= 1
        if not host.users:
            del self._hosts[name]
