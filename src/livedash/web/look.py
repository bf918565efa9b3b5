"""What every page is told about who looks at it, and how."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from livedash.base import limits
from livedash.base.tokens import digest
from livedash.model import Json
from livedash.model.errors import TooLarge
from livedash.web.access import Access
from livedash.web.html import Templates


class Looks:
    """Renders pages with the viewer settings that change the page around its content."""

    def __init__(self, templates: Templates, access: Access) -> None:
        self._templates = templates
        self._access = access

    def page(
        self,
        name: str,
        request: Request,
        context: Mapping[str, Json],
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        look = self._of(request)
        text = self._templates.render(name, {**context, **look})
        # a form's Origin is not told under no-referrer, and over plain HTTP that is all we know it by
        own = {"Referrer-Policy": "same-origin"} if look["signed_in"] or name == "sign_in" else {}
        return HTMLResponse(text, status, {"Cache-Control": "no-store", **own, **(headers or {})})

    def part(self, name: str, context: Mapping[str, Json]) -> Markup:
        """A part of a page."""
        return Markup(self._templates.render(name, context))

    def live(self, name: str, address: str, content: Markup) -> Markup:
        """A part that is asked for again every two seconds, at `address` with its name and what was seen of it."""
        url = f"{address}{'&' if '?' in address else '?'}part={name}&seen={_seen(content)}"
        return self.part("live", {"name": name, "url": url, "content": content})

    def changed(self, name: str, address: str, content: Markup, seen: str) -> Response:
        """The answer to who has seen a part: nothing when it is the same."""
        if seen == _seen(content):
            return Response(status_code=204, headers={"Cache-Control": "no-store"})
        return HTMLResponse(self.live(name, address, content), headers={"Cache-Control": "no-store"})

    def _of(self, request: Request) -> dict[str, Json]:
        theme = request.query_params.get("theme")
        return {
            "theme": theme if theme in ("light", "dark") else None,
            "kiosk": request.query_params.get("kiosk") not in (None, "0"),
            "signed_in": self._access.is_signed_in(request.scope),
        }


def _seen(content: Markup) -> str:
    return digest(content)[:16]


async def form(request: Request) -> dict[str, str]:
    """The fields of a form that one of our pages sent; the last of equal names wins. Raises TooLarge."""
    body = await request.body()
    if len(body) > limits.FORM_BYTES:
        raise TooLarge(f"a form may have {limits.FORM_BYTES // limits.KIB} KiB")
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
