"""`/api/openapi.json`, and the same for people at `/api/docs`, from our own templates: nothing comes from elsewhere."""

import re
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from markupsafe import Markup, escape

from livedash.web.look import Looks
from livedash.web.openapi import merged
from livedash.web.problem import encoded


def router(app: FastAPI, looks: Looks) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/api/openapi.json")
    async def openapi() -> Response:
        return Response(encoded(merged(app.openapi())), media_type="application/json")

    @routes.get("/api/docs")
    async def docs(request: Request) -> Response:
        document = merged(app.openapi())
        return looks.page("reference", request, {"title": document["info"]["title"], "calls": _calls(document)})

    return routes


def _calls(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Every call as (method, path, …), by path."""
    return [
        {
            "method": method.upper(),
            "path": path,
            "summary": call.get("summary", ""),
            "description": _with_code(call.get("description", "")),
            "parameters": call.get("parameters", []),
            "responses": call.get("responses", {}),
        }
        for path, methods in document["paths"].items()
        for method, call in methods.items()
    ]


def _with_code(text: str) -> Markup:
    """Escaped, with `this` as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))
