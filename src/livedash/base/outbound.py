"""Every request that Livedash makes to others goes through here: only to addresses that may be reached, without
redirects, cookies and proxies, and so that one host that hangs holds up no other."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from livedash.base.addresses import Guard
from livedash.base.deadline import Deadlines
from livedash.base.lookup import Lookup, Lookups, system_lookup
from livedash.base.slots import Slots
from livedash.model.errors import Forbidden, TimedOut, Unreachable

if TYPE_CHECKING:
    from livedash.base.exchange import Exchange

Headers = Sequence[tuple[str, str]] | Mapping[str, str]
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_OURS = frozenset({"connection", "content-length", "expect", "host", "transfer-encoding", "upgrade"})
_STOPPING = "Livedash is stopping"


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: `headers` in order, with their names as sent; `body` is its beginning, as much as was to be kept."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Outbound:
    """Posts to addresses outside, at most `connections` at the same time and `per_host` to one host and port."""

    def __init__(
        self,
        allow: Sequence[str] = (),
        *,
        connections: int = 1000,
        per_host: int = 100,
        lookup: Lookup = system_lookup,
    ) -> None:
        """`allow` are networks inside that may be reached too. Raises Invalid for what is none. `lookup` blocks."""
        self._guard = Guard(allow)
        self._lookups = Lookups(lookup)
        self._slots = Slots(connections, per_host)
        self._exchange: Exchange | None = None
        self._opening = asyncio.Lock()
        self._deadlines = Deadlines()
        self._closed = False

    async def ready(self) -> None:
        """Have what the first request would wait for, so that nobody takes it for the time of an endpoint."""
        if self._exchange is None:
            await self._open()

    async def post(self, url: str, body: bytes, headers: Headers, *, timeout: float, keep: int) -> Response:  # noqa: ASYNC109
        """The answer, whatever its status, with the first `keep` bytes of its body. `timeout` seconds are for all of
        it, from the look-up of the name to the end of the answer, but not for waiting until others have finished.
        Raises Forbidden (nothing was sent), TimedOut or Unreachable, in words for people and without secrets."""
        pairs = _checked(headers)
        exchange = self._exchange or await self._open()
        target = exchange.target(url)
        host = (target.raw_host, target.port)
        await self._slots.take(host)
        try:
            if self._closed:
                raise Unreachable(_STOPPING)
            with self._deadlines.within(timeout):
                return Response(*await exchange.post(target, body, pairs, keep))
        except TimeoutError:
            raise Unreachable(_STOPPING) if self._closed else TimedOut(f"timed out after {timeout:g} s") from None
        finally:
            self._slots.give(host)

    async def close(self) -> None:
        """Ends what is on its way, with Unreachable, and all that would follow."""
        self._closed = True
        self._deadlines.expire()
        async with self._opening:
            if self._exchange is not None:
                await self._exchange.close()

    async def _open(self) -> "Exchange":
        async with self._opening:
            if self._closed:
                raise Unreachable(_STOPPING)
            if self._exchange is None:
                exchange = await asyncio.to_thread(_imported)  # a tenth of a second that would hold up everybody
                self._exchange = exchange(self._guard, self._lookups)
            return self._exchange


def _imported() -> "type[Exchange]":
    from livedash.base.exchange import Exchange

    return Exchange


def _checked(headers: Headers) -> list[tuple[str, str]]:
    """Raises Forbidden, naming the header, for what could be read as something else than one header."""
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    for name, text in pairs:
        if (fault := _fault(name)) is not None:
            raise Forbidden(fault)
        if not text.isprintable() and _CONTROL.search(text):  # the first is quick, and too strict
            raise Forbidden(f"the header {name} has characters that it must not have")
    return pairs


@lru_cache(maxsize=256)  # the same few names again and again
def _fault(name: str) -> str | None:
    if not _NAME.fullmatch(name):
        return f"{name!r} is no name of a header"
    return f"the header {name} cannot be set" if name.lower() in _OURS else None
