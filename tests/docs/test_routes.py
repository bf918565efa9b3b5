"""Every call that the docs name exists, and every call is named."""

import re
from collections.abc import Iterator

from starlette.routing import Mount, Route

from livedash.web.front import Front
from livedash.web.openapi import PATHS
from tests.server import Client

from .pages import all_codes, blocks, page

METHODS = "GET|POST|PUT|DELETE|HEAD|OPTIONS|PATCH"
_CALL = re.compile(rf"({METHODS}) (/\S*)")
_ADDRESS = re.compile(r"https?://(?:127\.0\.0\.1|localhost):8765(/[^\s\"'?]*)")
Calls = set[tuple[str, str]]


def calls_of(client: Client) -> Calls:
    """(method, path) of everything that is answered, static files apart."""
    front = client.app.asgi
    assert isinstance(front, Front)
    found = set(_routes(front._rest.routes))  # type: ignore[attr-defined]
    found |= {(method.upper(), path) for path, methods in PATHS.items() for method in methods}
    return found | {("GET", "/d/{slug}/live")}  # plain ASGI, and of the pages rather than of the API


def _routes(routes: list[object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for route in routes:
        if isinstance(route, Mount) and route.path == "/static":
            continue
        if isinstance(route, Route):
            yield from ((method, prefix + route.path) for method in (route.methods or ()) if method != "HEAD")
        elif inner := getattr(route, "original_router", None) or getattr(route, "router", None):
            yield from _routes(inner.routes, prefix)


def _exists(calls: Calls, method: str | None, path: str) -> bool:
    """`path` may be a template of the docs or an address with slugs in it."""
    path = path.split("?")[0]
    for known_method, known in calls:
        pattern = "".join(
            "[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^}]+\})", known)
        )
        if method in (None, known_method) and re.fullmatch(pattern, path):
            return True
    return False


async def test_every_call_is_documented_and_no_other(client: Client) -> None:
    documented = {tuple(call.split(" ")) for call in page("reading").table("Every call", "call").column()}
    assert documented == calls_of(client)


async def test_no_page_names_a_call_that_does_not_exist(client: Client) -> None:
    calls = calls_of(client)
    for where, code in all_codes():
        if where == "docs/roadmap.md":  # speaks of what is to come
            continue
        if match := _CALL.fullmatch(code):
            assert _exists(calls, match[1], match[2]), f"{where} names {code}"
        elif re.match(r"/(api|d|healthz|metrics|hooks|embed|setup)\b", code):
            below = any(known.startswith(f"{code}/") for _, known in calls)
            assert below or _exists(calls, None, code), f"{where} names {code}"
    for block in blocks("sh", "js", "text"):
        for path in _ADDRESS.findall(block.text):
            assert _exists(calls, None, path.rstrip(".,")), f"{block} names {path}"
