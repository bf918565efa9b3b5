"""The outermost ASGI application: guards, headers, and the plain paths beside FastAPI."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from livedash.base.metrics import Metrics
from livedash.model.errors import LivedashError
from livedash.web.cross_origin import CrossOrigin
from livedash.web.events import Events
from livedash.web.graphql.requests import Requests
from livedash.web.graphql.sockets import Sockets
from livedash.web.hosts import Hosts
from livedash.web.http import JSON, PROBLEM, Disconnected, answer, header, refuse, text_header
from livedash.web.ingest import Ingest
from livedash.web.live import Live
from livedash.web.problem import encoded, problem

_log = structlog.get_logger("livedash.http")
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_SECURITY = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_SHARED = ("stream", "records", "records.csv", "records.ndjson")
Handler = Callable[[Scope, Receive, Send], Awaitable[int | None]]
"""Its status, where it answers past `send`."""


@dataclass(frozen=True, slots=True)
class Plain:
    """The handlers that are plain ASGI because they are hot or stay open."""

    ingest: Ingest
    events: Events
    live: Live
    graphql: Requests
    sockets: Sockets
    cross_origin: CrossOrigin


class Front:
    """Everything that comes in over HTTP passes here once."""

    def __init__(self, plain: Plain, rest: ASGIApp, hosts: Hosts, metrics: Metrics) -> None:
        self._plain = plain
        self._rest = rest
        self._hosts = hosts
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._rest(scope, receive, send)
        if not self._hosts.allow(text_header(scope, b"host")):
            body = problem(421, "this host name is not answered here; set LIVEDASH_ALLOWED_HOSTS to allow it")
            return await answer(send, 421, [PROBLEM], encoded(body))
        if (name := _shared(scope)) is not None:
            send = self._plain.cross_origin.telling(name, scope, send)
        route, handler = self._route(scope)
        if handler is None:
            return await self._rest(_as_get(scope), receive, _secured(send))
        await self._serve(route, handler, scope, receive, send)

    def _route(self, scope: Scope) -> tuple[str, Handler | None]:
        method = scope["method"]
        match scope["path"].split("/"):
            case ["", "api", "pipelines", name, "records"] if method == "POST":
                return "records", partial(self._plain.ingest, name)
            case ["", "api", "pipelines", _, "records"] if method not in ("GET", "HEAD", "OPTIONS"):
                return "records", partial(_not_taken, b"GET, HEAD, OPTIONS, POST")
            case ["", "api", "pipelines", name, last] if method == "OPTIONS" and last in _SHARED:
                return "preflight", partial(self._plain.cross_origin.preflight, name)
            case ["", "api", "pipelines", name, "stream"] if method in ("GET", "HEAD"):
                return "stream", partial(self._plain.events, name)
            case ["", "api", "graphql"] if not _wants_page(scope):
                return ("socket", self._plain.sockets) if _upgrades(scope) else ("graphql", self._plain.graphql)
            case ["", "d", name, "live"] if method == "GET":
                return "live", partial(self._plain.live, name)
            case ["", "healthz"] if method in ("GET", "HEAD"):
                return "healthz", _alive
        return "", None

    async def _serve(self, route: str, handler: Handler, scope: Scope, receive: Receive, send: Send) -> None:
        status = 499  # what a client that left early is counted as

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = time.perf_counter()
        try:
            status = await handler(scope, receive, watched) or status
        except LivedashError as error:
            await refuse(watched, error)
        except Disconnected:
            pass
        finally:
            self._metrics.requests.labels(route, status).inc()
        if status >= 400:
            _log.info(
                "refused",
                method=scope["method"],
                path=scope["path"],  # never the query: it may hold a token
                status=status,
                ms=round((time.perf_counter() - started) * 1000, 1),
                client=(scope.get("client") or ("?",))[0],
                agent=(header(scope, b"user-agent") or b"").decode("latin-1")[:80],
            )


def _shared(scope: Scope) -> str | None:
    """The pipeline of which pages of other origins may read this."""
    match scope["path"].split("/"):
        case ["", "api", "pipelines", name, last] if scope["method"] in ("GET", "HEAD") and last in _SHARED:
            return str(name)
    return None


def _upgrades(scope: Scope) -> bool:
    """Whether it asks for a WebSocket."""
    return (header(scope, b"upgrade") or b"").lower() == b"websocket"


def _wants_page(scope: Scope) -> bool:
    """Whether a person asks for GraphiQL: a query in the address is answered as such."""
    wants = scope["method"] in ("GET", "HEAD") and b"text/html" in (header(scope, b"accept") or b"")
    return wants and not scope["query_string"] and not _upgrades(scope)


async def _alive(scope: Scope, receive: Receive, send: Send) -> None:
    """Liveness: the event loop turns, nothing more."""
    await answer(send, 200, [JSON, (b"cache-control", b"no-store")], b'{"status":"ok"}')


async def _not_taken(allow: bytes, scope: Scope, receive: Receive, send: Send) -> None:
    body = problem(405, "This address does not take that method.")
    await answer(send, 405, [PROBLEM, (b"allow", allow)], encoded(body))


def _as_get(scope: Scope) -> Scope:
    """FastAPI knows no HEAD. It is a GET whose body the server leaves out."""
    return {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope


def _secured(send: Send) -> Send:
    async def secured(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {key.lower() for key, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(pair for pair in _SECURITY if pair[0] not in present)]
        await send(message)

    return secured
