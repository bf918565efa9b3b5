"""A server process from start to stop."""

import gc
import sys
from collections.abc import Awaitable, Callable, Mapping

import structlog
import uvloop

from livedash.app import App, running
from livedash.base import logs
from livedash.base.config import Settings
from livedash.catalog.directory import ADMIN
from livedash.cli.open_files import allow_open_files
from livedash.web.server import Server, listen

# The log's threads wait for the interpreter after each SQLite step; with the default of 5 ms a commit beside a busy
# event loop takes many times longer.
SWITCH_INTERVAL = 0.0005
# Nearly nothing here is garbage in cycles, and a full collection stops everybody: look for it less often.
GC_THRESHOLDS = (20_000, 50, 100)

OPEN_FILES = 4_096  # below it a server that many follow is soon full; Linux usually lets a process have far more

_log = structlog.get_logger("livedash.server")
Prepare = Callable[[App, str], Awaitable[None]]
ShownTokens = Callable[[], Mapping[str, str]]


def run(settings: Settings, prepare: Prepare, shown_tokens: ShownTokens = dict) -> None:
    """Serve until a signal says stop. `prepare(app, url)` is awaited once everything runs, before the first request
    is answered; `shown_tokens` is asked once the port is ours. Raises Conflict when the port or the data folder is
    taken, Invalid, StorageError."""
    logs.configure(settings.log_level, settings.log_format)
    if (most := allow_open_files()) < OPEN_FILES:
        _log.warning("few files and connections may be open at the same time", most=most)
    sys.setswitchinterval(SWITCH_INTERVAL)
    gc.set_threshold(*GC_THRESHOLDS)
    uvloop.run(_serve(settings, prepare, shown_tokens))


async def _serve(settings: Settings, prepare: Prepare, shown_tokens: ShownTokens) -> None:
    sock = listen(settings)
    try:
        async with running(settings, shown_tokens()) as app:
            await prepare(app, url_of(settings, sock.getsockname()[1]))
            gc.freeze()  # what was made at start stays: no need to look at it again
            await Server(app.asgi, settings, app.stop).serve(sockets=[sock])
    finally:
        sock.close()


def setup_link(app: App, url: str) -> str:
    """A link that signs one browser in as the administrator: once, and within 15 minutes."""
    return f"{url}/setup?token={app.sessions.invite(ADMIN)}"


def url_of(settings: Settings, port: int) -> str:
    """Where people reach it."""
    if settings.base_url:
        return settings.base_url.rstrip("/")
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)
    return f"http://[{host}]:{port}" if ":" in host and not host.startswith("[") else f"http://{host}:{port}"
