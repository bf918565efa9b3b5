"""Which other origins may read a pipeline from a browser."""

import httpx
import pytest

from livedash.web.cors import allowed
from tests.server import INGEST, STREAM, Client

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


SHOP, EVIL = "https://a.shop.example", "https://evil.example"
BASE = "/api/pipelines/weather/"
PATHS = [BASE + last for last in ("stream", "records", "records.csv", "records.ndjson")]
STATUSES = [
    (200, STREAM, {}),
    (400, STREAM, {"after": "nonsense", "last_event_id": "nonsense"}),
    (401, "nobody-knows-this", {}),
    (403, INGEST, {}),
    (404, "other-stream-token", {}),
    (422, STREAM, {"limit": "many", "where": "data.n >"}),
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("status", "token", "query"), STATUSES)
async def test_an_allowed_origin_may_read_every_answer(client: Client, path: str, status: int, token: str, query: dict):
    """Also the errors: else a page cannot tell a token that was revoked from a network that is down."""
    for origin, expected in [
        (SHOP, {"access-control-allow-origin": SHOP, "access-control-expose-headers": "Retry-After"}),
        (EVIL, {}),
        (None, {}),
    ]:
        headers = {"Authorization": f"Bearer {token}"} | ({"Origin": origin} if origin else {})
        for method in ("GET", "HEAD"):
            async with client.stream(method, path, params=query, headers=headers) as answer:
                assert answer.status_code == status
                assert cors_of(answer) == expected
                assert answer.headers.get_list("vary").count("Origin") == 1


async def test_a_cursor_that_expired_may_be_read_too(client: Client) -> None:
    headers = {"Authorization": f"Bearer {STREAM}", "Origin": SHOP}
    answer = await client.get(PATHS[1], params={"after": "0abc-5"}, headers=headers)
    assert (answer.status_code, cors_of(answer)["access-control-allow-origin"]) == (410, SHOP)


async def test_over_plain_asgi_it_is_said_once(both: Client) -> None:
    async with both.stream("GET", PATHS[0], params={"token": STREAM}, headers={"Origin": SHOP}) as answer:
        assert answer.headers.get_list("access-control-allow-origin") == [SHOP]
        assert answer.headers.get_list("vary") == ["Origin"]


async def test_what_is_not_for_other_pages_says_nothing(client: Client) -> None:
    for path in ("/api/pipelines/weather", "/api/pipelines/weather/streams", "/d/weather"):
        assert cors_of(await client.get(path, headers={"Origin": SHOP})) == {}
    answer = await client.request("POST", PATHS[1], content=b"{}", headers={"Origin": SHOP})
    assert cors_of(answer) == {}, "nobody appends from a page"


@pytest.mark.parametrize("path", PATHS)
async def test_preflight(client: Client, path: str) -> None:
    asked = {"Origin": SHOP, "Access-Control-Request-Method": "GET"}
    answer = await client.request("OPTIONS", path, headers=asked)
    assert answer.status_code == 204
    assert cors_of(answer) == {
        "access-control-allow-origin": SHOP,
        "access-control-allow-methods": "GET",
        "access-control-allow-headers": "Authorization, Last-Event-ID",
        "access-control-max-age": "86400",
    }
    refused = await client.request("OPTIONS", path, headers=asked | {"Origin": EVIL})
    assert (refused.status_code, cors_of(refused), refused.headers["vary"]) == (204, {}, "Origin")


async def test_a_preflight_tells_nothing_of_what_is_there(client: Client) -> None:
    answers = [
        await client.request("OPTIONS", f"/api/pipelines/{name}/stream", headers={"Origin": SHOP})
        for name in ("other", "nope")
    ]
    assert [(each.status_code, cors_of(each), each.content) for each in answers] == [(204, {}, b"")] * 2
