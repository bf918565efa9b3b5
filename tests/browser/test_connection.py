"""The page says how fresh it is, and comes back by itself with what it missed."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import orjson
import pytest
from playwright.async_api import Route

from tests.browser.conftest import start_again
from tests.browser.relay import Relay
from tests.browser.support import BROWSER, NETWORK, Open, Tab, until
from tests.server import INGEST, Client, bearer, free_port, process
from tests.wire import metric

pytestmark = BROWSER

LIVE = re.compile(r"/d/weather/live")
STALE = re.compile(r"Stale since \d\d:\d\d:\d\d")
HIDE = """hidden => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => hidden ? "hidden" : "visible" });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def temperature(value: float) -> bytes:
    return orjson.dumps({"temp_max": value, "wind": value})


async def shows(tab: Tab, *values: float) -> None:
    """Live, and exactly these values on the chart and on the card, the newest last."""
    await tab.live()
    await tab.text("[data-widget-id=wind] .stat-value", f"{values[-1]:g}")
    await tab.has_points("temp", len(values))
    line = (await tab.points("temp"))[0]
    assert [y for _, y in line] == list(values)
    await tab.painted("temp")


async def test_killed_and_started_again_under_an_open_page(tmp_path: Path, open_tab: Open) -> None:
    with process(tmp_path / "data", free_port()) as (server, url):
        async with httpx.AsyncClient(base_url=url, headers=bearer(INGEST)) as client:

            async def post(value: float) -> None:
                (await client.post("/api/pipelines/weather/records", content=temperature(value))).raise_for_status()

            for value in (1, 2, 3):
                await post(value)
            tab = await open_tab(f"{url}/d/weather")
            tab.forgive(NETWORK)
            await shows(tab, 1, 2, 3)
            await tab.mark()
            server.kill()
            await tab.status("stale")
            await tab.text("[data-connection] [data-text]", STALE)
            await start_again(server, url)
            await post(4)
            await post(5)
            await shows(tab, 1, 2, 3, 4, 5)
            await tab.not_reloaded()
            stored = (await client.get("/d/weather/w/temp.json")).json()["rows"]
            assert [row[1] for row in stored] == [1, 2, 3, 4, 5]
            async with asyncio.timeout(15):  # the table behind a chart is brought up to date every ten seconds
                while [row[1] for row in await tab.hidden_rows("temp")] != [f"{n} °C" for n in (1, 2, 3, 4, 5)]:
                    await asyncio.sleep(0.2)


async def _refused(route: Route) -> None:
    await route.abort("connectionrefused")


async def _bad_gateway(route: Route) -> None:
    await route.fulfill(status=502, content_type="text/html", body="<h1>502 Bad Gateway</h1>")


async def _sign_in_page(route: Route) -> None:
    await route.fulfill(status=200, content_type="text/html", body="<h1>Welcome to our network</h1>")


@pytest.mark.parametrize("answer", [_refused, _bad_gateway, _sign_in_page])
async def test_a_first_connect_that_fails(
    answer: Callable[[Route], Awaitable[None]], server: Client, open_tab: Open
) -> None:
    await server.append(temperature(1))
    tab = await open_tab()
    tab.forgive(NETWORK)
    tab.forgive("EventSource's response has a MIME type")
    await tab.page.route(LIVE, answer)
    await tab.page.goto(f"{server.base_url}/d/weather")
    await tab.status("stale")
    await tab.mark()
    await server.append(temperature(2))
    await tab.page.unroute(LIVE)
    await shows(tab, 1, 2)
    await tab.not_reloaded()


async def test_a_bundle_that_breaks_off_is_not_drawn_twice(server: Client, open_tab: Open) -> None:
    await server.append(temperature(1))
    tab = await open_tab()
    tab.forgive(NETWORK)
    broken: list[str] = []

    async def break_off(route: Route) -> None:
        """Pass on the chart's part of the first bundle, and lose the rest of it with its id."""
        await server.append(temperature(2))
        async with server.stream("GET", route.request.url) as answer:
            async for text in answer.aiter_text():
                broken.append(text)
                if (end := "".join(broken).find("event: patch")) > 0:
                    break
        await route.fulfill(status=200, content_type="text/event-stream", body="".join(broken)[:end])

    await tab.page.route(LIVE, break_off, times=1)
    await tab.page.goto(f"{server.base_url}/d/weather")
    await shows(tab, 1, 2)
    assert "event: update-chart" in "".join(broken)
    await server.append(temperature(3))
    await shows(tab, 1, 2, 3)


async def test_the_network_is_cut_and_comes_back(server: Client, open_tab: Open) -> None:
    await server.append(temperature(1))
    tab = await open_tab(f"{server.base_url}/d/weather")
    tab.forgive(NETWORK)
    await shows(tab, 1)
    await tab.mark()
    await tab.page.context.set_offline(True)
    await tab.status("stale")
    await tab.text("[data-connection] [data-text]", STALE)
    await server.append(temperature(2))
    await tab.page.context.set_offline(False)
    await shows(tab, 1, 2)
    await tab.not_reloaded()


async def test_a_connection_that_goes_silent(server: Client, open_tab: Open) -> None:
    await server.append(temperature(1))
    async with Relay(server.base_url.port or 0).running() as relay:
        tab = await open_tab()
        tab.forgive(NETWORK)
        await tab.page.clock.install()
        await tab.page.goto(f"{relay.url}/d/weather")
        await shows(tab, 1)
        await tab.mark()
        relay.silence()
        await server.append(temperature(2))
        await tab.page.clock.fast_forward(10_000)
        await tab.status("live")  # no ping is due yet
        await tab.page.clock.fast_forward(12_000)
        await tab.status("stale")
        relay.restore()
        await shows(tab, 1, 2)
        await tab.not_reloaded()


async def test_a_hidden_tab_lets_go_and_catches_up_when_seen(server: Client, open_tab: Open) -> None:
    await server.append(temperature(1))
    tab = await open_tab()
    await tab.page.clock.install()
    await tab.page.goto(f"{server.base_url}/d/weather")
    await shows(tab, 1)
    await tab.mark()
    await until(lambda: _viewers(server, 1))
    await tab.ask(HIDE, True)
    await tab.page.clock.fast_forward(9_000)
    assert await metric(server, "livedash_viewers") == 1  # somebody who looks elsewhere for a moment keeps it
    await tab.page.clock.fast_forward(2_000)
    await until(lambda: _viewers(server, 0))
    await server.append(temperature(2))
    await tab.ask(HIDE, False)
    await shows(tab, 1, 2)
    await tab.not_reloaded()


async def test_a_laptop_that_slept_connects_anew(server: Client, open_tab: Open) -> None:
    await server.append(temperature(1))
    connects: list[str] = []
    tab = await open_tab()
    tab.page.on("request", lambda request: connects.append(request.url) if LIVE.search(request.url) else None)
    await tab.page.clock.install()
    await tab.page.goto(f"{server.base_url}/d/weather")
    await shows(tab, 1)
    assert len(connects) == 1
    await tab.page.clock.fast_forward("08:00:00")
    await tab.status("stale")
    await server.append(temperature(2))
    await shows(tab, 1, 2)
    assert len(connects) > 1


async def _viewers(server: Client, count: int) -> bool:
    return await metric(server, "livedash_viewers") == count
