"""Everything without a mouse."""

import re

import orjson

from tests.browser.support import BROWSER, Open
from tests.server import Client

pytestmark = BROWSER


async def test_tab_goes_through_the_page_and_shows_where_it_is(server: Client, open_tab: Open) -> None:
    await server.append(orjson.dumps({"temp_max": 21, "wind": 3, "date": "2026-11-22"}))
    tab = await open_tab(f"{server.base_url}/d/weather")
    await tab.live()
    reached = []
    for _ in range(6):
        await tab.page.keyboard.press("Tab")
        name, outline = await tab.ask(
            """() => {
              const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
              const { id, className, textContent } = document.activeElement;
              return [id || className || textContent.trim(), outlineStyle === "none" ? 0 : parseFloat(outlineWidth)];
            }"""
        )
        reached.append(name)
        assert outline >= 2, f"no focus to be seen on {name}"
    assert reached[:2] == ["skip-link", "brand"]
    assert reached[-2:] == ["chart-temp", "widget-body"]


async def test_the_cursor_of_a_chart_reads_its_values(server: Client, open_tab: Open) -> None:
    for high in (11, 12, 13):
        await server.append(orjson.dumps({"temp_max": high, "temp_min": high - 10}))
    tab = await open_tab(f"{server.base_url}/d/weather")
    await tab.live()
    chart = tab.page.locator("#chart-temp")
    for key, high in [("End", 13), ("ArrowLeft", 12), ("Home", 11), ("ArrowRight", 12)]:
        await chart.press(key)
        await tab.text("#announcer", re.compile(rf"^[-0-9]+ [:0-9]+, temp_max {high} °C, temp_min {high - 10} °C$"))
        assert await tab.ask("() => livedash.charts.get('chart-temp').chart.tooltip.opacity") == 1
    await chart.press("Escape")
    assert await tab.ask("() => livedash.charts.get('chart-temp').chart.tooltip.opacity") == 0


async def test_help_and_kiosk(server: Client, open_tab: Open) -> None:
    tab = await open_tab(f"{server.base_url}/d/weather")
    await tab.live()
    await tab.page.keyboard.press("?")
    assert await tab.page.locator("#help").is_visible()
    await tab.page.keyboard.press("Escape")
    assert not await tab.page.locator("#help").is_visible()
    for kiosk in (True, False):
        await tab.page.keyboard.press("d")
        await tab.page.keyboard.press("k")
        assert await tab.page.locator(".brand").is_visible() is not kiosk
        assert ("kiosk=1" in tab.page.url) is kiosk


async def test_the_copy_button_copies_the_command(server: Client, open_tab: Open) -> None:
    waiting = "apiVersion: 1\ndashboards: [{slug: waiting, title: Waiting, is_public: true, auto: other}]"
    (await server.apply(waiting, source="waiting")).raise_for_status()
    tab = await open_tab(f"{server.base_url}/d/waiting", permissions=["clipboard-read", "clipboard-write"])
    await tab.page.get_by_role("button", name="Copy").click()
    await tab.text("button[data-copy]", "Copied")
    copied = await tab.ask("() => navigator.clipboard.readText()")
    assert copied == await tab.page.locator("#curl").inner_text()
    assert "$INGEST_TOKEN" in copied  # a server knows no token that it could show
