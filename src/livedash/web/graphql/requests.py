"""`/api/graphql` as GraphQL over HTTP."""

from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

from livedash.base import limits
from livedash.model import Json
from livedash.model.errors import LivedashError, Malformed, Unsupported
from livedash.web import cors
from livedash.web.graphql.accept import media_type
from livedash.web.graphql.asked import Asked, malformed
from livedash.web.graphql.askers import Asker, Askers
from livedash.web.graphql.engines import Engines
from livedash.web.graphql.refusals import BAD_REQUEST, Refused, problem, refused_for
from livedash.web.http import answer, body, query, text_header
from livedash.web.problem import headers_of, status_of

_NO_STORE = (b"cache-control", b"no-store")
_METHODS = b"GET, POST, OPTIONS"
_FOLLOWED = "a subscription is followed over a WebSocket, at this address with the protocol graphql-transport-ws"


class Requests:
    """Queries and mutations, each answered at once."""

    def __init__(self, engines: Engines, askers: Askers) -> None:
        self._engines = engines
        self._askers = askers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS":
            headers = cors.preflight(scope, self._askers.origins(), b"GET, POST", b"Authorization, Content-Type")
            return await answer(send, 204, headers, b"")
        asker = self._askers.of(scope)
        headers = [_NO_STORE, *cors.headers(scope, self._askers.origins_for(asker))]
        accepted = media_type(text_header(scope, b"accept"))
        if accepted is None:
            return await _say(send, 406, "application/json", headers, "send Accept: application/graphql-response+json")
        if scope["method"] not in ("GET", "POST"):
            headers.append((b"allow", _METHODS))
            return await _say(send, 405, accepted, headers, "ask by GET or POST")
        try:
            status, told = await self._answered(scope, receive, asker, strict=accepted != "application/json")
        except LivedashError as error:
            more = [(key.encode(), value.encode()) for key, value in headers_of(error).items()]
            return await _tell(send, status_of(error), accepted, headers + more, {"errors": refused_for(error).errors})
        if status == 405:
            headers.append((b"allow", b"POST"))
        await _tell(send, status, accepted, headers, told)

    async def _answered(
        self, scope: Scope, receive: Receive, asker: Asker, *, strict: bool
    ) -> tuple[int, dict[str, Json]]:
        """The status and the answer. `strict`: a request that is not executed has a status that says so."""
        asked = await _asked(scope, receive)
        asker.who()  # a token that nobody knows is refused, whatever is asked with it
        engine = await self._engines.engine()
        try:
            kind = engine.kind(asked)
            if kind.value == "subscription":
                return 400, {"errors": [problem(_FOLLOWED, BAD_REQUEST)]}
            if kind.value == "mutation" and scope["method"] == "GET":
                return 405, {"errors": [problem("a mutation is sent by POST", BAD_REQUEST)]}
            return 200, await engine.answer(asked, asker)
        except Refused as refused:
            return (400 if strict else 200), {"errors": refused.errors}


async def _asked(scope: Scope, receive: Receive) -> Asked:
    payload = await _posted(scope, receive) if scope["method"] == "POST" else _in_address(scope)
    if mistake := malformed(payload):
        raise Malformed(mistake)
    return Asked.of(payload)


async def _posted(scope: Scope, receive: Receive) -> dict[str, Any]:
    kind = (text_header(scope, b"content-type") or "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Unsupported("send JSON, and say so: Content-Type: application/json")
    return _object(await body(scope, receive, limits.MESSAGE_BYTES), "the body")


def _in_address(scope: Scope) -> dict[str, Any]:
    given: dict[str, Any] = dict(query(scope))
    for name in ("variables", "extensions"):
        if text := given.pop(name, None):
            given[name] = _object(text, f"`{name}`")
    return given


def _object(text: bytes | str, what: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"{what} is not JSON: {error.msg}", error.lineno, error.colno) from None
    if not isinstance(found, dict):
        raise Malformed(f"{what} is a JSON object")
    return found


async def _say(send: Send, status: int, kind: str, headers: list[tuple[bytes, bytes]], text: str) -> None:
    await _tell(send, status, kind, headers, {"errors": [problem(text, BAD_REQUEST)]})


async def _tell(send: Send, status: int, kind: str, headers: list[tuple[bytes, bytes]], told: dict[str, Json]) -> None:
    field = (b"content-type", f"{kind}; charset=utf-8".encode())
    await answer(send, status, [field, *headers], orjson.dumps(told))
