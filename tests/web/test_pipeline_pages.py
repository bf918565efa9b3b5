"""The pages of pipelines as plain HTML and forms: what works without a script."""

import re
from datetime import UTC, datetime

import httpx
import pytest

from livedash.log import Count
from tests.server import ADMIN, STREAM, Client, bearer
from tests.web.test_sessions import HERE, HTML, sign_in
from tests.wire import STREAMED, following, numbers, pipeline_of, until

PAGE = "/pipelines/weather"
TOKEN = f"{PAGE}/stream-token"


@pytest.fixture
async def page(client: Client) -> Client:
    """Signed in."""
    await sign_in(client)
    return client


async def send(client: Client, path: str, **fields: str) -> httpx.Response:
    """A form, as a browser sends it."""
    return await client.request("POST", path, data=fields, headers=HERE | HTML)


async def done(client: Client, path: str, **fields: str) -> str:
    """The page after a form that went well."""
    answer = await send(client, path, **fields)
    assert answer.status_code == 303, answer.text
    return (await client.get(answer.headers["location"])).raise_for_status().text


def figures(text: str) -> dict[str, str]:
    return dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]*)</dd>", text))


async def test_who_is_not_signed_in_sees_nothing(client: Client):
    for path in ("/pipelines", PAGE, TOKEN):
        assert (await client.get(path, headers=HTML)).status_code == 303
        assert (await client.get(path, headers=bearer(STREAM))).status_code == 403
    for path in (PAGE, TOKEN):
        assert (await client.request("POST", path, data={"action": "pause"})).status_code == 401


async def test_all_on_one_page(page: Client):
    await numbers(page, 1, 1234)
    async with following(page):
        await until(page, "livedash_streams", 1)
        text = (await page.get("/pipelines")).text
    row = re.search(r'href="/pipelines/weather">weather</a>.*?</tr>', text, re.DOTALL)
    assert row
    assert re.findall(r'class="number">([^<]*)<', row[0]) == ["1,234", "1", "0"]
    assert 'data-state="running"' in row[0]


async def test_one(page: Client):
    await numbers(page, 1, 3)
    async with following(page, tail="3") as stream:
        await stream.take(3)
        text = (await page.get(PAGE)).text
        found = figures(text)
        assert (found["Streams open"], found["Records"]) == ("1", "3")
        part = re.search(r'id="part-state"[^>]*hx-get="([^"]+)"', text)
        assert part
        assert (await page.get(part[1].replace("&amp;", "&"))).status_code == 204, "nothing changed"
    for path in ("/static/livedash.js", "/api/pipelines/weather/stream?token="):
        assert f'"http://127.0.0.1:{page.base_url.port}{path}' in text.replace("&#34;", '"')
    assert "https://*.shop.example" in text and 'href="/d/weather"' in text
    assert STREAM not in text, "the token has a page of its own"
    assert (await page.get("/pipelines/nothing", headers=HTML)).status_code == 404


async def test_pause_and_resume(page: Client):
    async with following(page) as stream:
        await until(page, "livedash_streams", 1)
        text = await done(page, PAGE, action="pause")
        assert 'data-state="paused"' in text
        assert (await page.append('{"n": 1}')).status_code == 409
        assert 'data-state="running"' in await done(page, PAGE, action="resume")
        await numbers(page, 1, 1)
        assert (await stream.next()).json()["offset"] == 1, "it was silent, and stayed open"
    assert (await send(page, PAGE, action="burn")).status_code == 422


async def test_the_token_is_shown_changed_and_revoked(page: Client):
    answer = await page.get(TOKEN)
    assert STREAM in answer.text and answer.headers["cache-control"] == "no-store"
    text = await done(page, TOKEN, action="rotate", overlap="1")
    assert "There is a new token." in text
    new = re.search(r'<pre id="token"[^>]*>([^<]+)</pre>', text)
    assert new and new[1] != STREAM and STREAM not in text
    assert "until <time" in text
    for token in (STREAM, new[1]):
        assert (await page.head(STREAMED, headers=bearer(token))).status_code == 200
    await done(page, TOKEN, action="rotate", overlap="0")
    assert (await page.head(STREAMED, headers=bearer(new[1]))).status_code == 401
    async with following(page, token=ADMIN) as of_admin:
        text = await done(page, TOKEN, action="revoke")
        assert "There is none" in text and "until <time" not in text
        assert "The old one stays valid" not in text
        assert "no stream token of its own" in (await page.get(PAGE)).text
        assert (await page.head(STREAMED, headers=bearer(STREAM))).status_code == 401
        await numbers(page, 1, 1)
        assert (await of_admin.next()).json()["offset"] == 1
    for wrong in ({"action": "rotate", "overlap": "9999"}, {"action": "burn"}, {}):
        assert (await send(page, TOKEN, **wrong)).status_code == 422
    assert re.search(r'<pre id="token"', await done(page, TOKEN, action="rotate", overlap="0"))


async def test_forms_of_other_pages_are_refused(page: Client):
    for path, action in ((PAGE, "pause"), (TOKEN, "revoke")):
        answer = await page.request("POST", path, data={"action": action}, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403
    assert (await page.head(STREAMED, headers=bearer(STREAM))).status_code == 200


async def test_names_are_escaped(page: Client):
    evil = "<script>alert(1)</script>"
    body = {"name": evil, "allowed_origins": ["https://shop.example"]}
    await page.request("PUT", "/api/pipelines/evil", json=body, headers=bearer(ADMIN))
    for path in ("/pipelines", "/pipelines/evil", "/pipelines/evil/stream-token"):
        text = (await page.get(path)).text
        assert evil not in text and "&lt;script&gt;alert" in text


async def test_usage_says_what_it_is_of(page: Client):
    pipeline, today = (await pipeline_of(page))["id"], datetime.now(UTC).date().isoformat()
    counts = [Count("bytes", pipeline, today, 900, "main", sink) for sink in ("", "sk_gone")]
    await page.app.logs.durable.commit(counts)
    text = (await page.get(PAGE)).text
    assert re.findall(r'<td data-label="Of">([^<]+)</td>', text) == ["all", "sk_gone", "streams"]
