"""`/sign-in`, `/sign-out` and `/setup`: how a browser gets a session. There are no accounts yet: who holds an API
token is the administrator."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from livedash.catalog.directory import Directory
from livedash.catalog.entries import TokenKind
from livedash.web.look import Looks, form
from livedash.web.origin import check_origin
from livedash.web.sessions import Sessions

_WRONG = "This token does not open anything here."
_USED = "This link was used, or is older than 15 minutes."


def router(directory: Directory, sessions: Sessions, looks: Looks) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/sign-in")
    async def ask(request: Request, next: str = "/") -> Response:
        return looks.page("sign_in", request, {"next": local(next), "problem": None})

    @routes.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        check_origin(request.scope)  # else another site could sign somebody in as somebody else
        fields, address = await form(request), _address(request)
        sessions.check(address)
        target = local(fields.get("next", "/"))
        grant = directory.grant(fields.get("token", "").strip())
        if grant is None or grant.kind is not TokenKind.API:
            sessions.failed(address)
            return looks.page("sign_in", request, {"next": target, "problem": _WRONG}, 401)
        return _opened(grant.token, target)

    @routes.get("/setup")
    async def setup(request: Request, token: str = "") -> Response:
        sessions.check(_address(request))
        opened = sessions.accept(token)
        if opened is None:
            sessions.failed(_address(request))
            return looks.page("sign_in", request, {"next": "/", "problem": _USED}, 401)
        return _opened(opened, "/")

    @routes.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        check_origin(request.scope)
        response = RedirectResponse("/", 303)
        sessions.close(request.scope, response)
        return response

    def _opened(token: str, target: str) -> Response:
        response = RedirectResponse(target, 303, {"Cache-Control": "no-store"})
        sessions.open(token, response)
        return response

    return routes


def to_sign_in(request: Request) -> Response:
    """To the sign-in page, and from there back to what was asked for."""
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    target = asked if request.method == "GET" else "/"
    return RedirectResponse(f"/sign-in?{urlencode({'next': target})}", 303, {"Cache-Control": "no-store"})


def local(target: str) -> str:
    """An address of ours, whatever was asked for: nobody is sent elsewhere after signing in."""
    plain = target.isascii() and target.isprintable() and "\\" not in target
    return target if plain and target.startswith("/") and not target.startswith("//") else "/"


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
