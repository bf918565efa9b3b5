"""`/static/livedash.js` in a page of another origin: it misses nothing, and knows when it is over."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Route

from livedash.base import limits
from tests.browser.relay import Relay
from tests.browser.shop import begin, has, is_in, letting_in, shop
from tests.browser.support import BROWSER, NETWORK, PATIENCE, Open, until
from tests.browser.test_connection import HIDE
from tests.docs.pages import blocks
from tests.server import ADMIN, STREAM, Client, bearer, free_port, serving
from tests.wire import following, metric, numbers

pytestmark = BROWSER

MIME = "EventSource's response has a MIME type"
STREAM_URL = "**/api/pipelines/weather/stream?**"


@asynccontextmanager
async def site(folder: Path, **settings: int) -> AsyncIterator[tuple[Client, str]]:
    """A Livedash, and the address of a page that may follow its weather."""
    port = free_port()
    async with (
        shop(f"http://127.0.0.1:{port}") as page,
        serving(folder, letting_in(page), port=port, **settings) as server,
    ):
        yield server, page


def address(server: Client) -> str:
    return str(server.base_url).rstrip("/")


async def test_records_come_live_from_the_next_one_on(tmp_path: Path, open_tab: Open) -> None:
    async with site(tmp_path / "data") as (server, page):
        await numbers(server, 1, 2)
        tab = await open_tab(page)
        await begin(tab, address(server))
        await is_in(tab, "live")
        await until(lambda: _streams(server, 1))
        await numbers(server, 3, 5)
        await has(tab, 3, 4, 5)
        await tab.ask("() => stream.close()")
        await until(lambda: _streams(server, 0))


async def test_the_address_says_where_to_begin_and_what_to_leave_out(tmp_path: Path, open_tab: Open) -> None:
    async with site(tmp_path / "data") as (server, page):
        await numbers(server, 1, 9)
        tab = await open_tab(page)
        await begin(tab, address(server), tail="4", where="data.n%20!=%208")
        await has(tab, 6, 7, 9)


async def test_the_example_in_the_docs(tmp_path: Path, open_tab: Open) -> None:
    example = next(block.text for block in blocks("js") if "/static/livedash.js" in block.text)
    async with site(tmp_path / "data") as (server, page):
        await numbers(server, 1, 1)
        tab = await open_tab(page)
        said: list[str] = []
        tab.page.on("console", lambda message: said.append(message.text))
        example = example.replace("https://livedash.example", address(server)).replace("ld_st_…", STREAM)
        await tab.page.add_script_tag(type="module", content=example)
        await until(lambda: _streams(server, 1))
        await numbers(server, 2, 2)
        async with asyncio.timeout(PATIENCE / 1000):
            while not any("{n: 2}" in line for line in said):
                await asyncio.sleep(0.01)
        assert said[0].startswith("live")


async def test_a_page_of_any_other_origin_hears_nothing(tmp_path: Path, open_tab: Open) -> None:
    async with site(tmp_path / "data") as (server, page):
        tab = await open_tab(page.replace("127.0.0.1", "localhost"))
        tab.forgive(NETWORK)
        tab.forgive("blocked by CORS policy")
        await numbers(server, 1, 2)
        await begin(tab, address(server), tail="9")
        await is_in(tab, "waiting")
        assert await tab.ask("() => [records, others]") == [[], [["state", "waiting", None]]]


async def test_the_server_stops_and_starts_again(tmp_path: Path, open_tab: Open) -> None:
    port = free_port()
    async with shop(f"http://127.0.0.1:{port}") as page:
        async with serving(tmp_path / "data", letting_in(page), port=port) as server:
            tab = await open_tab(page)
            tab.forgive(NETWORK)
            await begin(tab, address(server))
            await until(lambda: _streams(server, 1))
            await numbers(server, 1, 3)
            await has(tab, 1, 2, 3)
        await is_in(tab, "waiting")
        async with serving(tmp_path / "data", "", port=port) as server:
            await numbers(server, 4, 5)
            await has(tab, 1, 2, 3, 4, 5)
            await numbers(server, 6, 6)
            await has(tab, 1, 2, 3, 4, 5, 6)


async def test_the_server_comes_up_only_after_the_page(tmp_path: Path, open_tab: Open) -> None:
    port = free_port()
    livedash = f"http://127.0.0.1:{port}"
    async with shop(livedash) as page:
        tab = await open_tab()
        tab.forgive(NETWORK)
        async with serving(tmp_path / "data", letting_in(page), port=port):
            await tab.page.goto(page)
            await tab.until("window.begin !== undefined")
        await begin(tab, livedash)
        await is_in(tab, "waiting")
        async with serving(tmp_path / "data", "", port=port) as server:
            await is_in(tab, "live")
            await until(lambda: _streams(server, 1))
            await numbers(server, 1, 1)
            await has(tab, 1)


async def _bad_gateway(route: Route) -> None:
    await route.fulfill(status=502, content_type="text/html", body="<h1>502 Bad Gateway</h1>")


async def _sign_in_page(route: Route) -> None:
    await route.fulfill(status=200, content_type="text/html", body="<h1>Welcome to our network</h1>")


@pytest.mark.parametrize("answer", [_bad_gateway, _sign_in_page])
async def test_what_makes_an_eventsource_give_up_is_tried_again(
    answer: Callable[[Route], Awaitable[None]], tmp_path: Path, open_tab: Open
) -> None:
    async with site(tmp_path / "data") as (server, page):
        tab = await open_tab(page)
        for expected in (NETWORK, MIME, "blocked by CORS policy"):
            tab.forgive(expected)
        await tab.page.route(STREAM_URL, answer)
        await begin(tab, address(server), tail="9")
        await is_in(tab, "waiting")
        await numbers(server, 1, 2)
        await tab.page.unroute(STREAM_URL)
        await has(tab, 1, 2)
        await is_in(tab, "live")


async def test_a_connection_that_goes_silent(tmp_path: Path, open_tab: Open) -> None:
    async with site(tmp_path / "data") as (server, page), Relay(server.base_url.port or 0).running() as relay:
        tab = await open_tab()
        tab.forgive(NETWORK)
        await tab.page.clock.install()
        await tab.page.goto(page)
        await begin(tab, relay.url)
        await until(lambda: _streams(server, 1))
        await numbers(server, 1, 1)
        await has(tab, 1)
        relay.silence()
        await numbers(server, 2, 2)
        await tab.page.clock.fast_forward(40_000)
        await is_in(tab, "live")  # a ping may still be under way
        await tab.page.clock.fast_forward(10_000)
        await is_in(tab, "waiting")
        relay.restore()
        await has(tab, 1, 2)
        await is_in(tab, "live")


async def test_silence_is_said_with_a_cursor(tmp_path: Path, open_tab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "KEEPALIVE_SECONDS", 0.2)
    async with site(tmp_path / "data") as (server, page):
        await numbers(server, 1, 3)
        tab = await open_tab(page)
        await begin(tab, address(server))
        await tab.until("stream.cursor?.endsWith('-3')")
        await tab.ask("() => stream.close()")
        await begin(tab, address(server), where="data.n%20%3E%2099")
        await until(lambda: _streams(server, 1))
        await numbers(server, 4, 7)
        await tab.until("stream.cursor?.endsWith('-7')")
        assert await tab.ask("() => records") == []


async def test_a_hidden_page_lets_go_and_misses_nothing(tmp_path: Path, open_tab: Open) -> None:
    async with site(tmp_path / "data") as (server, page):
        tab = await open_tab()
        await tab.page.clock.install()
        await tab.page.goto(page)
        await begin(tab, address(server))
        await until(lambda: _streams(server, 1))
        await numbers(server, 1, 1)
        await has(tab, 1)
        await tab.ask(HIDE, True)
        await tab.page.clock.fast_forward(9_000)
        assert await metric(server, "livedash_streams") == 1  # somebody who looks elsewhere for a moment keeps it
        await tab.page.clock.fast_forward(2_000)
        await is_in(tab, "hidden")
        await until(lambda: _streams(server, 0))
        await numbers(server, 2, 3)
        await tab.ask(HIDE, False)
        await has(tab, 1, 2, 3)
        await is_in(tab, "live")


async def test_a_revoked_token_is_gone_and_stays_so(tmp_path: Path, open_tab: Open) -> None:
    async with site(tmp_path / "data") as (server, page):
        wanted = {"kind": "api", "name": "shop"}
        token = (await server.request("POST", "/api/tokens", json=wanted, headers=bearer(ADMIN))).json()
        tab = await open_tab(page)
        tab.forgive(NETWORK)
        await begin(tab, address(server), token["token"])
        await until(lambda: _streams(server, 1))
        await server.request("DELETE", f"/api/tokens/{token['id']}", headers=bearer(ADMIN))
        await is_in(tab, "gone", {"reason": "revoked"})
        await until(lambda: _streams(server, 0))
        await begin(tab, address(server), token["token"])
        await is_in(tab, "gone", {"status": 401})


async def test_a_deleted_pipeline_is_gone(tmp_path: Path, open_tab: Open) -> None:
    async with site(tmp_path / "data") as (server, page):
        tab = await open_tab(page)
        await begin(tab, address(server))
        await until(lambda: _streams(server, 1))
        for path in ("/api/dashboards/weather", "/api/pipelines/weather"):
            (await server.request("DELETE", path, headers=bearer(ADMIN))).raise_for_status()
        await is_in(tab, "gone", {"reason": "deleted"})


async def test_who_is_throttled_waits(tmp_path: Path, open_tab: Open) -> None:
    async with site(tmp_path / "data", stream_connections=1) as (server, page), following(server):
        tab = await open_tab(page)
        await begin(tab, address(server))
        await is_in(tab, "waiting", {"reason": "connections"})


async def test_what_is_gone_is_said_once(tmp_path: Path, open_tab: Open) -> None:
    async with site(tmp_path / "data") as (server, page):
        await numbers(server, 1, 1)
        tab = await open_tab(page)
        await begin(tab, address(server), last_event_id="before-7")
        await has(tab, 1)
        gaps = await tab.ask("() => others.filter(([what]) => what === 'gap').map(([, gap]) => gap)")
        assert gaps == [{"from": 8, "to": None, "reason": "epoch"}]


async def _streams(server: Client, count: int) -> bool:
    return await metric(server, "livedash_streams") == count
