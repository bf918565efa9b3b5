"""One request and its answer over aiohttp. Only `outbound` imports this, at the first request: aiohttp takes 0.1 s and
25 MB."""

import errno
import socket
from collections.abc import Sequence
from contextvars import ContextVar
from functools import lru_cache
from http import HTTPStatus
from io import BytesIO

import aiohttp
from aiohttp import client_exceptions as wrong
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from livedash.base import limits
from livedash.base.addresses import Guard
from livedash.base.causes import Refusal, cause
from livedash.base.lookup import Lookups
from livedash.model.errors import Forbidden, Unreachable

HEADERS = {"User-Agent": "Livedash", "Accept-Encoding": "identity"}  # answers are kept as they come, for people to read
KEPT_SECONDS = 30.0  # shorter than most servers keep a connection, so that ours is rarely closed under a request
LOOKUP_SECONDS = 10  # a looked-up name is used again
_AT_ONCE = 1024 * 1024  # bytes; a larger body is written in pieces
_CUT = (wrong.ServerDisconnectedError, wrong.ClientOSError, wrong.ClientConnectionResetError)

Pairs = Sequence[tuple[str, str]]
Answered = tuple[int, str, tuple[tuple[str, str], ...], bytes]


class Course:
    """How one request went so far."""

    def __init__(self) -> None:
        self.connected = False  # for it; otherwise over a connection that was kept
        self.answered = False
        self.refusal: Refusal | None = None


_course: ContextVar[Course] = ContextVar("course")


class Exchange:
    """Connections that are kept for the next request, each checked as it is made."""

    def __init__(self, guard: Guard, lookups: Lookups) -> None:
        self._guard = guard
        self._resolver = _Resolver(guard, lookups)
        self._kept = self._session(keep_alive=KEPT_SECONDS)
        self._fresh = self._session(keep_alive=None)

    @staticmethod
    @lru_cache(maxsize=1000)  # a URL keeps what was found out about it, and the same few come again and again
    def target(url: str) -> URL:
        """Raises Forbidden for what is no http or https URL."""
        try:
            target = URL(url)
            port = target.port
        except ValueError:
            raise Forbidden("this is no URL") from None
        if target.scheme not in ("http", "https") or not target.raw_host or not port:
            raise Forbidden("only http and https URLs with a host can be reached")
        return target

    async def post(self, url: URL, body: bytes, headers: Pairs, keep: int) -> Answered:
        """Status, reason, headers and the first `keep` bytes of the body. Raises Unreachable."""
        if (url.raw_user or url.raw_password) and any(name.lower() == "authorization" for name, _ in headers):
            raise Forbidden("a URL with a user name and a header Authorization exclude each other")
        course = Course()
        _course.set(course)
        try:
            try:
                return await _once(self._kept, url, body, headers, keep, course)
            except _CUT as error:
                if not _stale(error, course):
                    raise
            return await _once(self._fresh, url, body, headers, keep, course)
        except aiohttp.ClientError as error:
            raise cause(error, url, course.refusal) from None  # its own words may hold the whole URL

    async def close(self) -> None:
        await self._kept.close()
        await self._fresh.close()

    def _session(self, keep_alive: float | None) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=self._resolver,
            socket_factory=self._socket,
            ttl_dns_cache=LOOKUP_SECONDS,
            limit=0,
            force_close=keep_alive is None,
            keepalive_timeout=keep_alive,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=HEADERS,
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(),  # the caller's covers more than aiohttp's would
        )

    def _socket(self, info: tuple[int, int, int, str, tuple[object, ...]]) -> socket.socket:
        """Called with each address right before it is connected to, literal ones too: nothing gets past this."""
        family, kind, protocol, _, address = info
        course = _course.get()
        if (words := self._guard.refusal(str(address[0]))) is not None:
            course.refusal = (str(address[0]), words)
            raise PermissionError(errno.EACCES, words)  # an OSError, so that the next address has its turn
        course.connected = True
        return socket.socket(family, kind, protocol)


class _Resolver(AbstractResolver):
    def __init__(self, guard: Guard, lookups: Lookups) -> None:
        self._guard = guard
        self._lookups = lookups

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses that may be reached. If there are none, those that may not: `_socket` says why."""
        found = await self._lookups.addresses(host, port)
        usable = [address for address in found if self._guard.refusal(address) is None] or found
        newer = [address for address in usable if ":" in address][: limits.ADDRESSES_TRIED]
        older = [address for address in usable if ":" not in address][: limits.ADDRESSES_TRIED]
        return [_result(host, port, address) for address in usable if address in newer or address in older]

    async def close(self) -> None:
        """Nothing is held."""


def _result(host: str, port: int, address: str) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return {"hostname": host, "host": address, "port": port, "family": family, "proto": 0, "flags": 0}


async def _once(
    session: aiohttp.ClientSession, url: URL, body: bytes, headers: Pairs, keep: int, course: Course
) -> Answered:
    data = body if len(body) <= _AT_ONCE else BytesIO(body)
    async with session.post(url, data=data, headers=headers, allow_redirects=False) as response:
        course.answered = True
        if response.status == HTTPStatus.SWITCHING_PROTOCOLS:  # unasked; what would follow is no HTTP
            response.close()
            raise Unreachable("it did not answer in HTTP")
        kept = await _read(response, keep)
        head = tuple(
            (name.decode("utf-8", "replace"), text.decode("utf-8", "replace")) for name, text in response.raw_headers
        )
        return response.status, (response.reason or "").encode("utf-8", "replace").decode(), head, kept


async def _read(response: aiohttp.ClientResponse, keep: int) -> bytes:
    """The first `keep` bytes. An answer that is read to its end leaves the connection for the next request."""
    kept = bytearray()
    size = 0
    while chunk := await response.content.readany():
        kept += chunk[: keep - len(kept)]
        size += len(chunk)
        if size > limits.RESPONSE_BYTES:
            response.close()
            break
    return bytes(kept)


def _stale(error: Exception, course: Course) -> bool:
    """Was it a kept connection that turned out to be closed, with nothing answered? Then a new one may do."""
    begun = isinstance(error, wrong.ServerDisconnectedError) and not isinstance(error.message, str)
    connecting = isinstance(error, wrong.ClientConnectorError)
    return not (course.connected or course.answered or begun or connecting)
