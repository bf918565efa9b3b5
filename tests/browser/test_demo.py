"""`livedash demo` as somebody meets it for the first time."""

import asyncio

from tests.browser.support import BROWSER, Open

pytestmark = BROWSER

_FACE = """() => ({
  chart: livedash.charts.get("chart-cpu").chart.data.datasets[0].data.at(-1)?.x,
  table: document.querySelector("[data-widget-id=samples] tbody tr td").textContent,
  card: document.querySelector("[data-widget-id=memory-now] .sparkline path").getAttribute("d"),
})"""


async def test_all_three_kinds_of_widget_move(demo: str, open_tab: Open) -> None:
    tab = await open_tab(f"{demo}/d/this-host")
    await tab.live()
    await tab.mark()
    await tab.painted("cpu")
    before = await tab.ask(_FACE)
    await tab.until(
        f"before => Object.entries(({_FACE})()).every(([name, now]) => now && now !== before[name])", before
    )
    await tab.not_reloaded()


async def test_the_printed_curl_makes_the_dashboard_appear(demo: str, open_tab: Open) -> None:
    tab = await open_tab(f"{demo}/d/try-it")
    await tab.live()
    await tab.mark()
    command = await tab.page.locator("#curl").inner_text()
    assert command.startswith(f"curl {demo}/api/pipelines/try-it/records")
    shell = await asyncio.create_subprocess_exec("sh", "-c", command, stdout=asyncio.subprocess.PIPE)
    answer, _ = await shell.communicate()
    assert b'"accepted":1' in answer
    await tab.text(".stat-card .stat-value", "21.5")
    await tab.painted("chart")  # one point, and it is seen
    await tab.count("#curl", 0)
    await tab.not_reloaded()


async def test_the_front_page_leads_to_the_dashboards(demo: str, open_tab: Open) -> None:
    tab = await open_tab(f"{demo}/")
    await tab.count(".cards a", 2)
    await tab.page.get_by_role("link", name="This host").click()
    await tab.live()
    await tab.text("h1", "This host")
