"""What a page looks like: no barriers, no jumps, one column on a phone, a theme and a kiosk by address."""

from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.browser.support import BROWSER, Open, Tab
from tests.server import DOCUMENT, Client, serving

pytestmark = BROWSER

AXE = Path(__file__).parents[2] / "assets" / "node_modules" / "axe-core" / "axe.min.js"
EMPTY = """
  - {slug: empty, title: Empty, is_public: true}
  - {slug: waiting, title: Waiting, is_public: true, auto: other}
"""
PHONE = {"width": 390, "height": 844}
NOT_FOUND = "status of 404"  # which the console says of the page itself
BACKGROUND = "() => getComputedStyle(document.documentElement).backgroundColor"
BRIGHT, DARK = "rgb(244, 246, 248)", "rgb(14, 19, 25)"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def quiet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Client]:
    """A server with dashboards on which nothing happens; one for all tests here."""
    async with serving(tmp_path_factory.mktemp("quiet") / "data", DOCUMENT + EMPTY) as running:
        yield running


async def barriers(tab: Tab) -> list[Any]:
    """What axe-core finds, as [rule, the element]."""
    await tab.ask(AXE.read_text(encoding="utf-8"))
    found = await tab.ask(
        "async () => (await axe.run()).violations.map(({ id, nodes }) => [id, nodes.map((n) => n.html)])"
    )
    assert await tab.ask("async () => (await axe.run()).passes.length") > 10
    return list(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/d/empty", "/d/waiting", "/d/weather", "/d/no-such", "/", "/api/docs"])
async def test_a_page_has_no_barriers(path: str, scheme: str, quiet: Client, open_tab: Open) -> None:
    tab = await open_tab(color_scheme=scheme)
    tab.forgive(NOT_FOUND)
    await tab.page.goto(f"{quiet.base_url}{path}")
    if path.startswith("/d/") and path != "/d/no-such":
        await tab.live()
    assert await tab.ask(BACKGROUND) == (BRIGHT if scheme == "light" else DARK)
    assert await barriers(tab) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, {"width": 1440, "height": 900}], ids=["phone", "desktop"])
async def test_the_demo_has_no_barriers(scheme: str, viewport: dict[str, int], demo: str, open_tab: Open) -> None:
    tab = await open_tab(f"{demo}/d/this-host", color_scheme=scheme, viewport=viewport)
    await tab.live()
    await tab.painted("cpu")
    assert await barriers(tab) == []


@pytest.mark.parametrize("path", ["/d/this-host", "/d/try-it", "/"])
async def test_nothing_jumps_while_the_page_loads(path: str, demo: str, open_tab: Open) -> None:
    tab = await open_tab(f"{demo}{path}")
    if path != "/":
        await tab.live()
    await tab.ask("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    shifts = await tab.ask("() => window.shifts")
    assert sum(shifts) < 0.02, shifts


async def test_a_phone_has_one_column(demo: str, open_tab: Open) -> None:
    tab = await open_tab(f"{demo}/d/this-host", viewport=PHONE)
    await tab.live()
    await tab.painted("cpu")
    boxes = await tab.page.locator(".widget").evaluate_all(
        "all => all.map((each) => each.getBoundingClientRect()).map(({ x, y, width, bottom }) => [x, y, width, bottom])"
    )
    assert len(boxes) == 8
    assert len({(x, width) for x, _, width, _ in boxes}) == 1
    assert boxes[0][2] > 360
    assert all(above[3] < below[1] for above, below in pairwise(boxes))
    assert await tab.ask("() => document.documentElement.scrollWidth") == 390


async def test_twelve_columns_on_a_wide_screen(demo: str, open_tab: Open) -> None:
    tab = await open_tab(f"{demo}/d/this-host")
    await tab.live()
    cpu, network = [await tab.page.locator(f"#widget-{name}").bounding_box() for name in ("cpu", "network")]
    assert cpu and network
    assert cpu["y"] == network["y"]
    assert cpu["x"] + cpu["width"] < network["x"]
    assert await tab.ask("() => document.documentElement.scrollWidth") == 1440


async def test_a_theme_by_address_wins_and_by_button_stays(quiet: Client, open_tab: Open) -> None:
    tab = await open_tab(f"{quiet.base_url}/d/weather?theme=dark", color_scheme="light")
    assert await tab.ask(BACKGROUND) == DARK
    await tab.page.goto(f"{quiet.base_url}/d/weather")
    assert await tab.ask(BACKGROUND) == BRIGHT
    button = tab.page.locator("[data-theme-button]")
    await button.click()
    await button.click()
    await tab.text("[data-theme-button]", "Theme: dark")
    assert await tab.ask(BACKGROUND) == DARK
    await tab.page.reload()
    assert await tab.ask(BACKGROUND) == DARK


async def test_a_kiosk_shows_only_widgets(quiet: Client, open_tab: Open) -> None:
    tab = await open_tab(f"{quiet.base_url}/d/weather?kiosk")
    await tab.live()
    for hidden in (".brand", "[data-theme-button]", "[data-connection]"):
        assert not await tab.page.locator(hidden).is_visible()
    first = await tab.page.locator(".widget").first.bounding_box()
    assert first
    assert first["y"] < 20
