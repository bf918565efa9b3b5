"""A tab of a real browser, and what one asks it."""

import asyncio
import os
import re
import shutil
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import ConsoleMessage, Page, expect

from livedash.model import Json

# Every test here runs in the one loop that owns the browser.
BROWSER = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PATIENCE = 20_000  # ms until a test gives up on what should come at once, or after the page's next attempt
NETWORK = r"Failed to load resource|net::ERR_"  # what the console says of a network that we broke

Open = Callable[..., Awaitable["Tab"]]

_POINTS = "id => livedash.charts.get(`chart-${id}`).chart.data.datasets.map(set => set.data.map(({ x, y }) => [x, y]))"
_HIDDEN = "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
# Whether the canvas has the colour of the line where the newest point of series `line` belongs.
_PAINTED = """([id, line]) => {
  const { chart } = livedash.charts.get(`chart-${id}`);
  const { borderColor, data } = chart.data.datasets[line];
  const point = data.findLast(({ y }) => y !== null);
  if (!point || !borderColor) return false; // not drawn yet
  const [x, y] = [chart.scales.x.getPixelForValue(point.x), chart.scales.y.getPixelForValue(point.y)];
  const scale = chart.currentDevicePixelRatio;
  const wanted = borderColor.match(/[0-9]+/g).map(Number);
  const [left, top] = [Math.round(x * scale) - 2, Math.round(y * scale) - 2];
  const { data: pixels } = chart.canvas.getContext("2d").getImageData(left, top, 5, 5);
  for (let i = 0; i < pixels.length; i += 4) {
    if (pixels[i + 3] > 200 && wanted.every((value, k) => Math.abs(value - pixels[i + k]) < 40)) return true;
  }
  return false;
}"""


class Tab:
    """A page that takes note of everything that goes wrong on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.problems: list[str] = []
        self._forgiven = ["Canvas2D: Multiple readback"]  # that is these tests, reading pixels
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))

    def forgive(self, pattern: str) -> None:
        """Console errors that the test itself causes."""
        self._forgiven.append(pattern)
        self.problems = [text for text in self.problems if not re.search(pattern, text)]

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(re.search(each, message.text) for each in self._forgiven):
            self.problems.append(f"{message.type}: {message.text}")

    async def live(self) -> None:
        await self.status("live")

    async def status(self, status: str) -> None:
        await expect(self.page.locator("[data-connection]")).to_have_attribute(
            "data-connection", status, timeout=PATIENCE
        )

    async def text(self, selector: str, text: str | re.Pattern[str]) -> None:
        """Wait until the first match has this text."""
        await expect(self.page.locator(selector).first).to_have_text(text, timeout=PATIENCE)

    async def count(self, selector: str, count: int) -> None:
        await expect(self.page.locator(selector)).to_have_count(count, timeout=PATIENCE)

    async def until(self, expression: str, argument: Any = None) -> None:
        await self.page.wait_for_function(expression, arg=argument, timeout=PATIENCE)

    async def ask(self, expression: str, argument: Any = None) -> Any:
        return await self.page.evaluate(expression, argument)

    async def points(self, widget: str) -> list[list[list[Json]]]:
        """Of each line of a chart its points [epoch ms, value], as the browser draws them."""
        found: list[list[list[Json]]] = await self.ask(_POINTS, widget)
        return found

    async def has_points(self, widget: str, count: int, line: int = 0) -> None:
        """Wait until a line has so many points."""
        await self.until(f"([id, line, count]) => ({_POINTS})(id)[line]?.length === count", [widget, line, count])

    async def painted(self, widget: str, line: int = 0) -> None:
        """Wait until the newest point of a line is on the canvas."""
        await self.until(_PAINTED, [widget, line])

    async def hidden_rows(self, widget: str) -> list[list[str]]:
        """The rows of a chart's table for screen readers."""
        rows = self.page.locator(f"[data-widget-id={widget}] table.visually-hidden tbody tr")
        found: list[list[str]] = await rows.evaluate_all(_HIDDEN)
        return found

    async def mark(self) -> None:
        """So that `not_reloaded` can tell."""
        await self.ask("() => { window.markedByTest = true }")

    async def not_reloaded(self) -> None:
        assert await self.ask("() => window.markedByTest === true"), "the page was loaded again"


def chromium() -> str:
    """The browser to drive. Fails the test when there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.fail(
            "install Chromium (Debian: apt-get install chromium), or say in CHROMIUM where it is", pytrace=False
        )
    return path


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(PATIENCE / 1000):
        while not await holds():
            await asyncio.sleep(0.02)
