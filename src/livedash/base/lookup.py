"""Names looked up in threads of our own: uvloop's are four, so a few name servers that hang would hold up everybody.
They are daemons, since a look-up cannot be stopped and must not hold up the end of the process."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Thread

from livedash.base import limits

Lookup = Callable[[str, int], Sequence[str]]


def system_lookup(host: str, port: int) -> list[str]:
    """The addresses of `host`, each once, in the order the system prefers. Raises OSError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except ValueError:  # such as a part between dots that is empty or longer than 63
        raise socket.gaierror(socket.EAI_NONAME, "no such host") from None
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class Lookups:
    """Runs `lookup`, which blocks, without blocking."""

    def __init__(self, lookup: Lookup = system_lookup) -> None:
        self._lookup = lookup
        self._free = asyncio.Semaphore(limits.DNS_THREADS)

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """The addresses of `host`. Raises what `lookup` raises, OSError by default."""
        await self._free.acquire()  # given back by the thread, not by who waits: it goes on when nobody waits any more
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Sequence[str]] = loop.create_future()

        def settle(addresses: Sequence[str], error: Exception | None) -> None:
            self._free.release()
            if found.done():
                return
            if error is None:
                found.set_result(addresses)
            else:
                found.set_exception(error)

        def look() -> None:
            addresses: Sequence[str] = ()
            error: Exception | None = None
            try:
                addresses = self._lookup(host, port)
            except Exception as caught:
                error = caught
            with suppress(RuntimeError):  # the loop has been closed meanwhile
                loop.call_soon_threadsafe(settle, addresses, error)

        Thread(target=look, name="livedash-lookup", daemon=True).start()
        return await found
