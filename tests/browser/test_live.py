"""The main job: a record is posted, and people who look see it."""

import asyncio
import re
import time

import orjson

from tests.browser.support import BROWSER, Open
from tests.server import Client

pytestmark = BROWSER


def day(number: int, **more: object) -> bytes:
    data = {"date": f"2026-11-{number:02}", "weather": "rain", "temp_max": 10 + number, "temp_min": 2, "wind": number}
    return orjson.dumps(data | more)


async def test_a_posted_record_changes_chart_table_and_card_without_a_reload(server: Client, open_tab: Open) -> None:
    await server.append(day(1))
    tab = await open_tab(f"{server.base_url}/d/weather")
    await tab.live()
    await tab.mark()
    await tab.painted("temp")
    before = await tab.ask("() => document.querySelector('#chart-temp').toDataURL()")
    await server.append(day(9, weather="snow"))
    await tab.text("[data-widget-id=wind] .stat-value", "9")
    await tab.text("[data-widget-id=days] tbody tr", "2026-11-09snow19")
    await tab.has_points("temp", 2)
    assert [[y for _, y in line] for line in await tab.points("temp")] == [[11, 19], [2, 2]]
    await tab.until("before => document.querySelector('#chart-temp').toDataURL() !== before", before)
    await tab.painted("temp", 0)
    await tab.painted("temp", 1)
    await tab.count(".chart-poster", 0)
    await tab.not_reloaded()


async def test_the_first_record_of_all_appears(server: Client, open_tab: Open) -> None:
    tab = await open_tab(f"{server.base_url}/d/weather")
    await tab.live()
    await tab.text("[data-widget-id=temp] .widget-empty", "No data yet.")
    await server.append(day(1))
    await tab.text("[data-widget-id=wind] .stat-value", "1")
    await tab.painted("temp")
    await tab.count("[data-widget-id=temp] .widget-empty", 0)


async def test_record_after_record_the_page_has_what_the_server_has(server: Client, open_tab: Open) -> None:
    await server.append(day(1))
    tab = await open_tab(f"{server.base_url}/d/weather")
    await tab.live()
    for number in range(2, 8):  # each a patch of its own
        await server.append(day(number))
        await tab.text("[data-widget-id=wind] .stat-value", str(number))
        await tab.has_points("temp", number)
    rows = (await server.get("/d/weather/w/temp.json")).json()["rows"]
    for line in (0, 1):
        points = (await tab.points("temp"))[line]
        assert [value for _, value in points] == [row[line + 1] for row in rows]
        assert len({at for at, _ in points}) == 7
    days = await tab.page.locator("[data-widget-id=days] tbody tr td:first-child").all_text_contents()
    assert days == [f"2026-11-0{number}" for number in range(7, 0, -1)]


async def test_the_first_paint_needs_no_script(server: Client, open_tab: Open) -> None:
    for number in (1, 2, 3):
        await server.append(day(number))
    tab = await open_tab(f"{server.base_url}/d/weather", java_script_enabled=False)
    await tab.text("[data-widget-id=wind] .stat-value", "3")
    await tab.text("[data-widget-id=days] tbody tr", "2026-11-03rain13")
    poster = tab.page.locator("[data-widget-id=temp] svg.chart-poster")
    assert await poster.locator("path").count() == 2
    line, chart = await poster.locator("path").first.bounding_box(), await poster.bounding_box()
    assert line and chart
    assert line["width"] > chart["width"] * 0.9
    assert line["height"] > 20
    assert [row[1:] for row in await tab.hidden_rows("temp")] == [[f"{high} °C", "2 °C"] for high in (11, 12, 13)]
    await tab.text("noscript .notice", re.compile("reload it to see newer data"))


async def test_a_burst_is_drawn_at_most_four_times_a_second(server: Client, open_tab: Open) -> None:
    await server.append(day(1))
    tab = await open_tab(f"{server.base_url}/d/weather")
    await tab.live()
    await tab.ask(
        """() => {
          window.updates = [];
          const hook = livedash.charts.get("chart-temp");
          const whole = hook.updateChart.bind(hook);
          hook.updateChart = (update) => { window.updates.push(performance.now()); whole(update); };
        }"""
    )
    end = time.monotonic() + 2.5
    posted = 1
    while time.monotonic() < end:
        await server.append(day(posted % 28 + 1))
        posted += 1
        await asyncio.sleep(0.01)
    newest = str((posted - 1) % 28 + 1)
    await tab.text("[data-widget-id=wind] .stat-value", newest)
    updates = await tab.ask("() => window.updates")
    lasted = (updates[-1] - updates[0]) / 1000
    assert posted > 40
    assert 4 <= len(updates) <= lasted * 4 + 2, f"{len(updates)} updates in {lasted:.1f} s"
