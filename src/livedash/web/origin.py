"""Whether a browser asks from one of our own pages. Another site can make it send our cookie along, and may not have
anything done in that name."""

from urllib.parse import urlsplit

from starlette.types import Scope

from livedash.model.errors import Denied
from livedash.web.http import text_header

SAFE = ("GET", "HEAD", "OPTIONS")


def check_origin(scope: Scope) -> None:
    """Raises Denied for a request that may change something and was not begun here. Browsers say so by Sec-Fetch-Site,
    over plain HTTP only by Origin."""
    if scope["method"] in SAFE:
        return
    site = text_header(scope, b"sec-fetch-site")
    if not (is_own_origin(scope) if site is None else site in ("same-origin", "none")):
        raise Denied("this was not sent by a page of this Livedash; open the page here and try again")


def is_own_origin(scope: Scope) -> bool:
    origin, host = text_header(scope, b"origin"), text_header(scope, b"host")
    return bool(origin and host) and urlsplit(str(origin)).netloc.lower() == str(host).lower()
