"""The pages of sinks in a browser: signing in, what moves by itself, and what stays as the reader left it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.support import BROWSER, PATIENCE, Open, Tab
from tests.browser.test_looks import PHONE, barriers
from tests.server import ADMIN, Client
from tests.sinks.webhook.support import Receiver, an_answer
from tests.web.sinks import PAGE, SINK, call, delivered, delivering
from tests.wire import numbers

pytestmark = BROWSER

REFUSED = an_answer("422 Unprocessable Entity", b"no such order")
Both = tuple[Client, Receiver]


@pytest_asyncio.fixture(loop_scope="session")
async def both(tmp_path: Path) -> AsyncIterator[Both]:
    async with delivering(tmp_path) as found:
        yield found


async def signed_in(client: Client, open_tab: Open, path: str, **options: Any) -> Tab:
    """A tab at `path`, by way of the sign-in page."""
    tab = await open_tab(f"{client.base_url}{path}", **options)
    await tab.page.get_by_label("API token").fill(ADMIN)
    await tab.page.get_by_role("button", name="Sign in").click()
    await tab.page.wait_for_url(f"{client.base_url}{path}")
    return tab


async def state(tab: Tab, name: str) -> None:
    """Wait until the page says so."""
    await expect(tab.page.locator(".state .badge")).to_have_text(name, timeout=PATIENCE)


async def test_what_happens_is_seen_without_a_reload(both: Both, open_tab: Open) -> None:
    client, receiver = both
    receiver.answer = REFUSED
    tab = await signed_in(client, open_tab, PAGE)
    await tab.mark()
    await state(tab, "running")
    await numbers(client, 1, 1)
    await tab.count(".attempts li", 1)
    await tab.count("#parked tbody tr", 1)
    await tab.page.locator(".attempts summary").click()
    await tab.page.locator("#parked summary").click()
    await numbers(client, 2, 2)
    await tab.count(".attempts li", 2)
    assert await tab.page.locator(".attempts details[open] pre").first.is_visible()  # it stays as it was left
    assert await tab.page.get_by_role("button", name="Drop for good").first.is_visible()
    await expect(tab.page.locator(".attempts details[open] pre").last).to_contain_text("no such order")
    await tab.not_reloaded()


async def test_steering(both: Both, open_tab: Open) -> None:
    client, receiver = both
    tab = await signed_in(client, open_tab, PAGE)
    page = tab.page
    await page.get_by_role("button", name="Send test").click()
    await tab.text(".notice", "The test was delivered.")
    await page.get_by_role("button", name="Pause").click()
    await state(tab, "paused")
    await numbers(client, 1, 2)
    await page.get_by_label("behind a cursor").check()
    cursor = (await call(client, "GET", SINK))["report"]["cursor"].replace("-0", "-1")
    await page.get_by_label("The cursor").fill(cursor)
    await tab.until("() => document.querySelector('.figures dd').textContent === '2 records'")  # it was asked for anew
    assert await page.get_by_label("The cursor").input_value() == cursor
    await page.get_by_role("button", name="Resume").click()
    await tab.text(".notice", "Resumed.")
    await state(tab, "running")
    await delivered(client, 2)
    assert [each["offset"] for each in receiver.requests[-1].json["data"]["records"]] == [2]
    receiver.answer = REFUSED
    await numbers(client, 3, 3)
    await tab.count("#parked tbody tr", 1)
    await page.locator("#parked summary").click()
    await page.get_by_role("button", name="Drop for good").click()
    await tab.text(".notice", "The parked delivery was given up.")
    await tab.count("#parked", 0)


async def test_the_list_of_sinks_moves_and_signing_out_closes_it(both: Both, open_tab: Open) -> None:
    client, _ = both
    tab = await signed_in(client, open_tab, "/sinks")
    tab.forgive("401")
    await call(client, "POST", f"{SINK}/pause")
    await expect(tab.page.locator(".badge")).to_have_text("paused", timeout=PATIENCE)
    other = await tab.page.context.new_page()
    await other.goto(f"{client.base_url}/")
    await other.get_by_role("button", name="Sign out").click()
    await tab.page.wait_for_url("**/sign-in?next=*", timeout=PATIENCE)


async def test_without_a_script(both: Both, open_tab: Open) -> None:
    client, _ = both
    tab = await signed_in(client, open_tab, PAGE, java_script_enabled=False)
    await tab.page.get_by_role("button", name="Pause").click()
    await tab.text(".state .badge", "paused")
    await tab.page.get_by_role("button", name="Resume").click()
    await tab.text(".state .badge", "running")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, {"width": 1440, "height": 900}], ids=["phone", "desktop"])
async def test_no_barriers(viewport: dict[str, int], scheme: str, both: Both, open_tab: Open) -> None:
    client, receiver = both
    receiver.answer = REFUSED
    await numbers(client, 1, 1)
    await delivered(client, 1)
    tab = await open_tab(f"{client.base_url}/sign-in", color_scheme=scheme, viewport=viewport)
    assert await barriers(tab) == []
    await tab.page.context.close()
    tab = await signed_in(client, open_tab, PAGE, color_scheme=scheme, viewport=viewport)
    await tab.page.locator(".attempts summary").click()
    await tab.page.locator("#parked summary").click()
    await tab.page.get_by_text("Replay", exact=True).click()
    assert await barriers(tab) == []
    assert await tab.ask("() => document.documentElement.scrollWidth") == viewport["width"]
    for path in ("/sinks", f"{PAGE}/secret"):
        await tab.page.goto(f"{client.base_url}{path}")
        assert await barriers(tab) == []
        assert await tab.ask("() => document.documentElement.scrollWidth") == viewport["width"]
    await call(client, "POST", f"{SINK}/pause")
    await tab.page.goto(f"{client.base_url}{PAGE}")
    assert await barriers(tab) == []
