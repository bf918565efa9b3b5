"""What FastAPI answers: pages, REST and everything else that is neither hot nor stays open."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from livedash import __version__
from livedash.base import limits
from livedash.base.config import Settings
from livedash.base.metrics import Metrics
from livedash.base.supervise import Health
from livedash.boards.boards import Boards
from livedash.catalog.catalog import Catalog
from livedash.model import Json
from livedash.model.errors import Fault, Invalid, LivedashError
from livedash.stream.logs import Logs
from livedash.stream.tail import Tails
from livedash.web import api, operations, pages, records, reference
from livedash.web.access import Access
from livedash.web.html import Templates, next_step
from livedash.web.problem import encoded, headers_of, problem, problem_of
from livedash.web.static import Assets


@dataclass(frozen=True, slots=True)
class Parts:
    """What the routes work with."""

    settings: Settings
    catalog: Catalog
    access: Access
    boards: Boards
    tails: Tails
    logs: Logs
    health: Health
    metrics: Metrics
    shown_tokens: Mapping[str, str]


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
    assets = Assets.load()
    templates = Templates(assets)
    _add_errors(app, templates)
    app.mount("/static", assets)
    app.include_router(records.router(parts.access, parts.tails))
    app.include_router(api.router(parts.access, parts.catalog, parts.logs))
    app.include_router(operations.router(parts.logs, parts.health, parts.metrics))
    app.include_router(
        pages.router(
            parts.access,
            parts.catalog.directory,
            parts.boards,
            templates,
            base_url=parts.settings.base_url,
            shown_tokens=parts.shown_tokens,
        )
    )
    app.include_router(reference.router(app, templates))
    return app


def _add_errors(app: FastAPI, templates: Templates) -> None:
    def answer(request: Request, body: dict[str, Json], headers: Mapping[str, str] | None = None) -> Response:
        """A page for people, a problem for programs."""
        status = body["status"]
        if _wants_page(request):
            context = {**body, "next": next_step(status), "theme": None, "kiosk": False}
            return HTMLResponse(templates.render("error", context), status, headers)
        return Response(encoded(body), status, headers, "application/problem+json")

    @app.exception_handler(LivedashError)
    async def ours(request: Request, error: LivedashError) -> Response:
        return answer(request, problem_of(error), headers_of(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        faults = [Fault(tuple(found["loc"]), found["msg"]) for found in error.errors()]
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
