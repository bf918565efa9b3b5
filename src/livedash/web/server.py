"""uvicorn as Livedash runs it: our signals, our logs, and streams that end before the server waits for them."""

import errno
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from livedash.base import limits
from livedash.base.config import Settings
from livedash.model.errors import Conflict
from livedash.web.lines import Protocol

DRAIN_SECONDS = 1  # for requests under way at a stop; streams are told first and end at once
BACKLOG = 4096  # connections that wait to be accepted, as when many clients come back at once
KEEP_ALIVE_SECONDS = 75  # longer than the idle time of common proxies, so that they close first


def listen(settings: Settings) -> socket.socket:
    """A socket bound to the host and port of the settings. Raises Conflict when the port is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # said by name, or asyncio leaves Nagle's algorithm on and every second answer waits 40 ms for the client's ACK
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; what is accepted inherits it, and no stream pays for a call
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, limits.UNACKED_SECONDS * 1000)
    try:
        sock.bind((settings.host, settings.port))
        sock.listen(BACKLOG)  # from here on who connects waits instead of being refused
    except OSError as error:
        sock.close()
        other = "--port" if error.errno == errno.EADDRINUSE else "--host"
        raise Conflict(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}; try {other}") from None
    return sock


class Server(uvicorn.Server):
    """Calls `before_stop` when a stop begins: uvicorn itself waits for open responses."""

    def __init__(self, app: ASGIApp, settings: Settings, before_stop: Callable[[], Awaitable[None]]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=list(settings.trusted_proxies),
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=DRAIN_SECONDS,
                backlog=BACKLOG,
            )
        )
        self._before_stop = before_stop

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn raises the signal again once it has stopped, which would end the process before the log is closed."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._before_stop()
        await super().shutdown(sockets)
