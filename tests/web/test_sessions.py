"""Browsers that are signed in: how one gets a session, what it opens, and when it ends."""

import re
from pathlib import Path

import httpx
import pytest
from starlette.responses import Response

from livedash.base import limits
from livedash.catalog.directory import ADMIN as ADMIN_ID
from livedash.model.errors import Busy
from livedash.web.sessions import Sessions
from tests.server import ADMIN, INGEST, Client, bearer, serving
from tests.web.test_access import holders
from tests.wire import RECORDS, following

HERE = {"Sec-Fetch-Site": "same-origin"}
HTML = {"Accept": "text/html"}
HOUR = 3_600_000_000  # µs


async def sign_in(client: httpx.AsyncClient, token: str = ADMIN, **fields: str) -> httpx.Response:
    return await client.request("POST", "/sign-in", data={"token": token, **fields}, headers=HERE)


async def test_a_session_opens_what_its_token_opens(client: Client):
    assert (await client.get("/d/private")).status_code == 404
    answer = await sign_in(client, next="/sinks")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sinks")
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=43200"} <= set(cookie.split("; "))
    assert cookie.startswith("livedash_session=") and "Secure" not in cookie
    assert (await client.get("/d/private")).status_code == 200
    assert (await client.get("/api/tokens")).status_code == 200
    front = (await client.get("/")).text
    assert 'href="/d/private"' in front and 'action="/sign-out"' in front


async def test_a_session_neither_appends_nor_reads_records(client: Client):
    await sign_in(client)
    for answer in (await client.request("POST", RECORDS, content="{}", headers=HERE), await client.get(RECORDS)):
        assert answer.status_code == 401


async def test_a_token_that_is_shown_counts_and_not_the_session(client: Client):
    await sign_in(client)
    assert (await client.get("/api/tokens", headers=bearer(INGEST))).status_code == 403


@pytest.mark.parametrize("token", ["", "nobody-knows-this", INGEST])
async def test_what_is_no_api_token_opens_nothing(client: Client, token: str):
    answer = await sign_in(client, token)
    assert answer.status_code == 401 and "set-cookie" not in answer.headers
    assert "does not open anything" in answer.text and (not token or token not in answer.text)


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {}, {"Origin": "null"},
    {"Origin": "http://evil.test"}, {"Sec-Fetch-Site": "cross-site", "Origin": "{own}"},
]  # fmt: skip


@pytest.mark.parametrize("headers", FOREIGN)
async def test_another_site_has_nothing_done(client: Client, headers: dict[str, str]):
    own = str(client.base_url).rstrip("/")
    sent = {name: value.replace("{own}", own) for name, value in headers.items()}
    assert (await client.request("POST", "/sign-in", data={"token": ADMIN}, headers=sent)).status_code == 403
    await sign_in(client)
    body = {"kind": "api"}
    assert (await client.request("POST", "/api/tokens", json=body, headers=sent)).status_code == 403
    assert (await client.request("POST", "/sign-out", headers=sent)).status_code == 403
    assert (await client.request("POST", "/api/tokens", json=body, headers=sent | bearer(ADMIN))).status_code == 201
    assert (await client.get("/api/tokens", headers=sent)).status_code == 200


async def test_over_plain_http_the_origin_tells(client: Client):
    await sign_in(client)
    own = {"Origin": str(client.base_url).rstrip("/")}
    assert (await client.request("POST", "/api/tokens", json={"kind": "api"}, headers=own)).status_code == 201


async def test_sign_out(client: Client):
    await sign_in(client)
    kept = dict(client.cookies)
    assert (await client.request("POST", "/sign-out", headers=HERE)).status_code == 303
    assert not client.cookies
    client.cookies.update(kept)
    assert (await client.get("/api/tokens")).status_code == 401


async def test_revoking_the_token_ends_its_sessions_and_what_they_have_open(client: Client):
    made = (await client.request("POST", "/api/tokens", json={"kind": "api"}, headers=bearer(ADMIN))).json()
    await sign_in(client, made["token"])
    async with following(client, "/d/private/live", None) as stream:
        await stream.until("state")
        await client.request("DELETE", f"/api/tokens/{made['id']}", headers=bearer(ADMIN))
        assert (await stream.until("gone")).event == "gone"
    assert (await client.get("/d/private")).status_code == 404
    assert (await client.get("/api/tokens")).status_code == 401


@pytest.fixture
def often_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livedash.web.streams.SWEEP_SECONDS", 0.05)


async def test_signing_out_ends_what_is_open(often_swept: None, client: Client):
    await sign_in(client)
    async with following(client, "/d/private/live", None) as stream:
        await stream.until("state")
        await client.request("POST", "/sign-out", headers=HERE)
        await stream.until("gone")


async def test_the_link_that_the_server_prints_works_once(client: Client):
    link = f"/setup?token={client.app.sessions.invite(ADMIN_ID)}"
    answer = await client.get(link)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (await client.get("/api/tokens")).status_code == 200
    client.cookies.clear()
    again = await client.get(link)
    assert again.status_code == 401 and "set-cookie" not in again.headers
    assert "was used" in again.text


async def test_pages_ask_to_sign_in_and_then_go_on(client: Client):
    asked = await client.get("/sinks?x=1", headers=HTML)
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=%2Fsinks%3Fx%3D1")
    assert 'value="/sinks?x=1"' in (await client.get(asked.headers["location"])).text
    part = await client.get("/sinks?part=list&seen=x", headers=HTML | {"HX-Request": "true"})
    assert (part.status_code, part.headers["hx-refresh"]) == (401, "true")


@pytest.mark.parametrize("target", ["//evil.test", "https://evil.test", "/\\evil.test", "evil", "/a\r\nb: c", "/ä", ""])
async def test_nobody_is_sent_elsewhere(client: Client, target: str):
    assert (await sign_in(client, next=target)).headers["location"] == "/"


async def test_too_many_wrong_tokens(client: Client):
    for _ in range(limits.SIGN_IN_FAILURES):
        assert (await sign_in(client, "wrong-wrong")).status_code == 401
    answer = await sign_in(client)
    assert answer.status_code == 429 and 0 < int(answer.headers["retry-after"]) <= 60
    assert (await client.get("/setup?token=x")).status_code == 429


async def test_behind_https_the_cookie_is_bound_to_it(tmp_path: Path):
    async with serving(tmp_path / "data", "", base_url="https://live.example") as client:
        cookie = (await sign_in(client)).headers["set-cookie"]
        assert cookie.startswith("__Host-livedash_session=") and "Secure" in cookie and "Path=/" in cookie
        value = re.match(r"([^;]+)", cookie)
        assert value
        assert (await client.get("/api/tokens", headers={"Cookie": f'odd="x; {value[1]}'})).status_code == 200
        assert holders(tmp_path / "data", value[1].partition("=")[2]) == []


async def test_forms_of_plain_http_pages_tell_their_origin(client: Client):
    assert (await client.get("/sign-in")).headers["referrer-policy"] == "same-origin"
    await sign_in(client)
    assert (await client.get("/")).headers["referrer-policy"] == "same-origin"


async def test_a_large_form_is_refused(client: Client):
    assert (await sign_in(client, "x" * limits.FORM_BYTES)).status_code == 413


class Clock:
    now = 0

    def __call__(self) -> int:
        return self.now


def opened(sessions: Sessions, token: str = "tk_a") -> dict:
    """The scope of a browser that has signed in."""
    response = Response()
    sessions.open(token, response)
    return {"headers": [(b"cookie", response.headers["set-cookie"].split(";")[0].encode())]}


def test_a_session_ends_after_twelve_hours():
    clock = Clock()
    sessions = Sessions(clock, secure=False)
    scope = opened(sessions)
    clock.now = 12 * HOUR - 1
    assert sessions.token(scope) == "tk_a"
    clock.now += 1
    assert sessions.token(scope) is None


def test_an_invitation_ends_after_a_quarter_of_an_hour():
    clock = Clock()
    sessions = Sessions(clock, secure=False)
    texts = sessions.invite("tk_a"), sessions.invite("tk_a")
    clock.now = HOUR // 4 - 1
    assert sessions.accept(texts[0]) == "tk_a"
    assert sessions.accept(texts[0]) is None
    clock.now += 1
    assert sessions.accept(texts[1]) is None


def test_there_are_only_so_many_sessions():
    sessions = Sessions(Clock(), secure=False)
    scopes = [opened(sessions) for _ in range(limits.SESSIONS + 1)]
    assert [sessions.token(scope) for scope in (scopes[0], scopes[1], scopes[-1])] == [None, "tk_a", "tk_a"]


def test_failures_are_counted_by_address_and_minute():
    clock = Clock()
    sessions = Sessions(clock, secure=False)
    for _ in range(limits.SIGN_IN_FAILURES):
        sessions.check("a")
        sessions.failed("a")
    with pytest.raises(Busy):
        sessions.check("a")
    sessions.check("b")
    clock.now = 60_000_000
    sessions.check("a")
