"""A dashboard that is changed, or deleted, while somebody looks at it."""

import orjson

from tests.browser.support import BROWSER, Open
from tests.server import ADMIN, DOCUMENT, Client, bearer

pytestmark = BROWSER

HEAD = DOCUMENT[: DOCUMENT.index("dashboards:")]
CHANGED = (
    HEAD
    + """
dashboards:
  - slug: weather
    title: Mountain weather
    is_public: true
    widgets:
      - {id: wind, type: stat_card, position: {x: 0, y: 0, w: 3, h: 2}, config: {title: Gusts, unit: km/h}, query: {pipeline: weather, field: wind, aggregate: max}}
      - {id: temp, type: line_chart, position: {x: 0, y: 2, w: 12, h: 5}, config: {title: Lowest, unit: fahrenheit}, query: {pipeline: weather, fields: [temp_min]}}
      - {id: gusts, type: line_chart, position: {x: 0, y: 7, w: 12, h: 4}, config: {title: Wind}, query: {pipeline: weather, fields: [wind]}}
"""  # noqa: E501 a document as people write it
)
NAMES = "() => [...livedash.charts.keys()].sort()"


async def record(server: Client, number: int) -> None:
    await server.append(orjson.dumps({"temp_max": 20 + number, "temp_min": number, "wind": 30 - number}))


async def test_changed_by_apply_under_an_open_page(server: Client, open_tab: Open) -> None:
    await record(server, 1)
    await record(server, 2)
    tab = await open_tab(f"{server.base_url}/d/weather")
    await tab.live()
    await tab.mark()
    await tab.ask("() => { window.kept = livedash.charts.get('chart-temp').chart }")
    (await server.apply(CHANGED)).raise_for_status()
    await tab.text("h1", "Mountain weather")
    assert await tab.page.title() == "Mountain weather · Livedash"
    assert await tab.page.locator(".widget h3").all_text_contents() == ["Gusts", "Lowest", "Wind"]
    await tab.text("[data-widget-id=wind] .stat-value", "29 km/h")
    await tab.count("[data-widget-id=days]", 0)
    assert await tab.ask(NAMES) == ["chart-gusts", "chart-temp"]
    assert [[y for _, y in line] for line in await tab.points("temp")] == [[1, 2]]
    assert [[y for _, y in line] for line in await tab.points("gusts")] == [[29, 28]]
    await tab.painted("temp")
    await tab.painted("gusts")
    marks = "() => livedash.charts.get('chart-temp').chart.scales.y.ticks.map(({ label }) => label)"
    assert all(label.endswith(" °F") for label in await tab.ask(marks))
    assert await tab.ask("() => kept === livedash.charts.get('chart-temp').chart"), (
        "a chart that stays is not made anew"
    )
    card, chart = [await tab.page.locator(f"#widget-{name}").bounding_box() for name in ("wind", "temp")]
    assert card and chart
    assert card["y"] < chart["y"]
    assert chart["width"] > 1300
    await tab.not_reloaded()
    await record(server, 3)
    await tab.has_points("temp", 3)
    await tab.has_points("gusts", 3)


async def test_charts_come_and_go_without_a_trace(server: Client, open_tab: Open) -> None:
    await record(server, 1)
    tab = await open_tab(f"{server.base_url}/d/weather")
    await tab.live()
    for _ in range(3):
        (await server.apply(CHANGED)).raise_for_status()
        await tab.count("#chart-gusts", 1)
        await tab.until("() => livedash.charts.size === 2")
        await tab.ask("() => { window.gone = livedash.charts.get('chart-gusts').chart }")
        (await server.apply(DOCUMENT)).raise_for_status()
        await tab.count("#chart-gusts", 0)
        await tab.until("() => livedash.charts.size === 1")
        assert await tab.ask("() => gone.canvas === null && gone.ctx === null"), "the chart was not destroyed"
    assert await tab.ask("() => document.querySelectorAll('canvas').length") == 1


async def test_a_deleted_dashboard_says_so(server: Client, open_tab: Open) -> None:
    await record(server, 1)
    tab = await open_tab(f"{server.base_url}/d/weather")
    await tab.live()
    assert not await tab.page.locator("#gone").is_visible()
    (await server.request("DELETE", "/api/dashboards/weather", headers=bearer(ADMIN))).raise_for_status()
    await tab.page.locator("#gone").wait_for(state="visible")
    await tab.text("[data-connection] [data-text]", "This dashboard was deleted")
    await tab.status("stale")
    await tab.text("[data-widget-id=wind] .stat-value", "29")  # its last state stays


async def test_what_people_wrote_never_becomes_part_of_the_page(server: Client, open_tab: Open) -> None:
    evil = """"'><img src=x onerror="window.pwned=1"><script>window.pwned=1</script></script>{{7*7}}&amp;"""
    widgets = [
        {
            "id": kind,
            "type": kind,
            "position": {"x": 4 * x, "y": 0, "w": 4, "h": 4},
            "config": {"title": evil, **more},
            "query": {"pipeline": "weather", **query},
        }
        for x, (kind, more, query) in enumerate(
            [
                ("line_chart", {"unit": evil[:30], "labels": {evil: evil}}, {"fields": [evil]}),
                ("table", {"fields": [{"field": evil, "label": evil, "unit": evil[:30]}, "text"]}, {}),
                ("stat_card", {"label": evil, "unit": evil[:30], "sparkline": True, "delta": True}, {"field": evil}),
            ]
        )
    ]
    dashboard = {"slug": "weather", "title": evil, "is_public": True, "widgets": widgets}
    (await server.apply(HEAD + f"dashboards: [{orjson.dumps(dashboard).decode()}]")).raise_for_status()
    await server.append(orjson.dumps({evil: 1, "text": evil}))
    tab = await open_tab(f"{server.base_url}/d/weather")
    await tab.live()
    await tab.has_points("line_chart", 1)
    await server.append(orjson.dumps({evil: 2, "text": evil + "again"}))
    await tab.has_points("line_chart", 2)
    await tab.painted("line_chart")
    await tab.text("h1", evil)
    for kind in ("line_chart", "table", "stat_card"):
        await tab.text(f"[data-widget-id={kind}] h3", evil)
    await tab.text("[data-widget-id=table] tbody tr td:nth-child(2)", evil + "again")
    await tab.text("[data-widget-id=table] thead th", evil)
    await tab.text("[data-widget-id=stat_card] .stat-label", evil)
    await tab.page.locator("#chart-line_chart").press("End")  # the announcer reads it all aloud
    await tab.page.locator("#chart-line_chart").hover()  # and the tooltip shows it
    changed = evil + "new"
    (
        await server.apply(HEAD + f"dashboards: [{orjson.dumps(dashboard | {'title': changed}).decode()}]")
    ).raise_for_status()
    await tab.text("h1", changed)
    assert await tab.page.title() == f"{changed} · Livedash"
    assert await tab.ask("() => document.querySelectorAll('.grid img, .grid script, h1 *').length") == 0
    assert await tab.ask("() => window.pwned") is None
