"""What FastAPI answers: pages, REST and everything else that is neither hot nor stays open."""

from collections.abc import Mapping

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from livedash import __version__
from livedash.base import limits
from livedash.model import Json
from livedash.model.errors import Fault, Invalid, LivedashError, Unknown, Unsupported
from livedash.web import (
    api,
    graphiql,
    operations,
    pages,
    pipeline_pages,
    records,
    reference,
    sign_in,
    sink_pages,
    sinks_api,
    tokens_api,
    usage_api,
)
from livedash.web.html import Templates, next_step
from livedash.web.http import bearer
from livedash.web.look import Looks
from livedash.web.parts import Parts
from livedash.web.problem import encoded, headers_of, problem, problem_of
from livedash.web.static import Assets


def rest(parts: Parts) -> FastAPI:
    """The FastAPI application."""
    app = FastAPI(
        title="Livedash",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        max_body_size=limits.BODY_BYTES,  # a body is read before anybody asks who sends it
    )
    assets, directory, editor = Assets.load(), parts.directory, parts.editor

    def base_of(request: Request) -> str:
        return (parts.settings.base_url or str(request.base_url)).rstrip("/")

    looks = Looks(Templates(assets), parts.access)
    _add_errors(app, looks)
    app.mount("/static", assets)
    app.include_router(records.router(parts.access, parts.tails))
    app.include_router(api.router(parts.access, parts.catalog, editor, parts.logs))
    app.include_router(tokens_api.router(parts.access, editor))
    app.include_router(sinks_api.router(parts.access, directory, editor, parts.logs, parts.sinks))
    app.include_router(usage_api.router(parts.access, directory, parts.logs))
    app.include_router(operations.router(parts.logs, parts.health, parts.metrics, parts.sinks.observe))
    app.include_router(sign_in.router(directory, parts.sessions, looks))
    app.include_router(sink_pages.router(parts.access, directory, editor, parts.logs, parts.sinks, looks))
    app.include_router(
        pipeline_pages.router(
            parts.access, directory, editor, parts.logs, parts.streams.open_of, looks, base_of=base_of
        )
    )
    app.include_router(
        pages.router(parts.access, directory, parts.boards, looks, base_of=base_of, shown_tokens=parts.shown_tokens)
    )
    app.include_router(reference.router(app, looks))
    app.include_router(graphiql.router(looks))
    return app


def _add_errors(app: FastAPI, looks: Looks) -> None:
    def answer(request: Request, body: dict[str, Json], headers: Mapping[str, str] | None = None) -> Response:
        """A page for people, a problem for programs."""
        status = body["status"]
        if _wants_page(request):
            if "hx-request" in request.headers and status < 500:  # a part of a page that is no more: load the page
                headers = {**(headers or {}), "HX-Refresh": "true"}
            return looks.page("error", request, {**body, "next": next_step(status)}, status, headers)
        return Response(encoded(body), status, headers, "application/problem+json")

    @app.exception_handler(LivedashError)
    async def ours(request: Request, error: LivedashError) -> Response:
        part = "hx-request" in request.headers
        if isinstance(error, Unknown) and _wants_page(request) and bearer(request.scope) is None and not part:
            return sign_in.to_sign_in(request)
        return answer(request, problem_of(error), headers_of(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        faults = [Fault(tuple(found["loc"]), found["msg"]) for found in error.errors()]
        if any(fault.path == ("body",) for fault in faults) and "json" not in request.headers.get("content-type", ""):
            return answer(request, problem_of(Unsupported("send JSON, and say so: Content-Type: application/json")))
        return answer(request, problem_of(Invalid("the request is not valid", faults)))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        return answer(request, problem(error.status_code, _DETAIL.get(error.status_code, error.detail)), error.headers)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        return answer(request, problem(500, "Something went wrong here; the log of the server says what."))


_DETAIL = {404: "There is nothing at this address.", 405: "This address does not take that method."}


def _wants_page(request: Request) -> bool:
    """Whether a person asks: under /api never, elsewhere when HTML is accepted by name."""
    return not request.url.path.startswith("/api") and "text/html" in request.headers.get("accept", "")
