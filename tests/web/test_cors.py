"""Which other origins may read a pipeline from a browser."""

import httpx
import pytest

from livedash.web.cors import allowed
from tests.server import STREAM, Client

PATTERNS = ("https://shop.example", "https://*.shop.example", "http://localhost:3000")


@pytest.mark.parametrize(
    ("origin", "may"),
    [
        ("https://shop.example", True),
        ("https://www.shop.example", True),
        ("https://a.b-c.shop.example", True),
        ("http://localhost:3000", True),
        ("http://shop.example", False),
        ("http://www.shop.example", False),
        ("https://shop.example:8443", False),
        ("https://www.shop.example:8443", False),
        ("https://shop.example.evil.example", False),
        ("https://evilshop.example", False),
        ("https://.shop.example", False),
        ("https://a..shop.example", False),
        ("https://evil.example/.shop.example", False),
        ("https://evil.example?.shop.example", False),
        ("https://evil.example#.shop.example", False),
        ("https://user@x.shop.example", False),
        ("http://localhost:3001", False),
        ("null", False),
        ("", False),
        ("*", False),
    ],
)
def test_origins(origin: str, may: bool) -> None:
    assert allowed(origin, PATTERNS) is may
    assert allowed(origin, ()) is False


def cors_of(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


async def test_an_allowed_origin_may_read(client: Client) -> None:
    path, origin = "/api/pipelines/weather/records", "https://a.shop.example"
    answer = await client.get(path, params={"token": STREAM}, headers={"Origin": origin})
    assert answer.is_success
    assert cors_of(answer) == {"access-control-allow-origin": origin}
    assert "origin" in answer.headers["vary"].lower()


async def test_others_may_not_and_caches_learn_that_it_depends(client: Client) -> None:
    for headers in ({"Origin": "https://evil.example"}, {}):
        answer = await client.get("/api/pipelines/weather/records", params={"token": STREAM}, headers=headers)
        assert cors_of(answer) == {}
        assert "origin" in answer.headers["vary"].lower()


async def test_preflight(client: Client) -> None:
    asked = {"Origin": "https://a.shop.example", "Access-Control-Request-Method": "GET"}
    for path in ("/api/pipelines/weather/stream", "/api/pipelines/weather/records"):
        answer = await client.request("OPTIONS", path, headers=asked)
        assert answer.status_code == 204
        assert cors_of(answer) == {
            "access-control-allow-origin": "https://a.shop.example",
            "access-control-allow-methods": "GET",
            "access-control-allow-headers": "Authorization, Last-Event-ID",
            "access-control-max-age": "86400",
        }


async def test_a_preflight_tells_nothing_of_what_is_there(client: Client) -> None:
    answers = [
        await client.request("OPTIONS", f"/api/pipelines/{name}/stream", headers={"Origin": "https://a.shop.example"})
        for name in ("other", "nope")
    ]
    assert [(each.status_code, cors_of(each), each.content) for each in answers] == [(204, {}, b"")] * 2
