"""The pages of pipelines in a browser: what moves by itself, pausing, and that nobody is kept out."""

import pytest

from tests.browser.support import BROWSER, Open
from tests.browser.test_looks import PHONE, barriers
from tests.browser.test_sinks import signed_in, state
from tests.server import STREAM, Client
from tests.wire import following, numbers

pytestmark = BROWSER
PAGE = "/pipelines/weather"


async def test_who_follows_shows_by_itself(server: Client, open_tab: Open) -> None:
    tab = await signed_in(server, open_tab, PAGE)
    await tab.text(".figures dd", "0")
    async with following(server, token=STREAM):
        await tab.text(".figures dd", "1")
        await numbers(server, 1, 3)
        await tab.until("() => document.querySelector('.figures').textContent.includes('offsets 1 to 3')")
    await tab.text(".figures dd", "0")


async def test_pause_and_resume(server: Client, open_tab: Open) -> None:
    tab = await signed_in(server, open_tab, PAGE)
    await tab.page.get_by_role("button", name="Pause").click()
    await state(tab, "paused")
    await tab.page.get_by_role("button", name="Resume").click()
    await state(tab, "running")


async def test_the_token_is_changed(server: Client, open_tab: Open) -> None:
    tab = await signed_in(server, open_tab, f"{PAGE}/stream-token")
    await tab.text("#token", STREAM)
    await tab.page.get_by_label("an hour").check()
    await tab.page.get_by_role("button", name="Make a new token").click()
    await tab.text(".notice", "There is a new token.")
    assert await tab.page.locator("#token").text_content() != STREAM


async def test_it_says_when_nobody_answers(server: Client, open_tab: Open) -> None:
    tab = await signed_in(server, open_tab, PAGE)
    await tab.text(".figures dd", "0")
    await tab.page.route("**/pipelines/weather?*", lambda route: route.abort())
    await tab.until("() => document.querySelectorAll('.notice.away').length === 1")
    await tab.page.unroute("**/pipelines/weather?*")
    await tab.until("() => !document.querySelector('.notice.away')")  # although nothing of it has changed
    tab.forgive("Failed to (load|fetch)")


async def test_all_tokens_are_revoked_only_after_a_second_look(server: Client, open_tab: Open) -> None:
    tab = await signed_in(server, open_tab, f"{PAGE}/stream-token")
    revoke = tab.page.get_by_role("button", name="Revoke all stream tokens")
    assert not await revoke.is_visible()
    await tab.page.get_by_role("heading", name="Revoke every one").click()
    await revoke.click()
    await tab.text(".notice", "Every stream token was revoked.")
    assert await tab.page.get_by_role("radio").count() == 0, "there is no old one that could stay valid"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, {"width": 1440, "height": 900}], ids=["phone", "desktop"])
async def test_no_barriers(viewport: dict[str, int], scheme: str, server: Client, open_tab: Open) -> None:
    async with following(server, token=STREAM) as stream:
        await numbers(server, 1, 2)
        await stream.take(2)
    tab = await signed_in(server, open_tab, "/pipelines", color_scheme=scheme, viewport=viewport)
    for path in ("/pipelines", PAGE, f"{PAGE}/stream-token"):
        await tab.page.goto(f"{server.base_url}{path}")
        assert await barriers(tab) == []
        assert await tab.ask("() => document.documentElement.scrollWidth") == viewport["width"]
