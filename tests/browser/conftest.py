"""One browser for all tests, a context of its own for each page, and the servers they look at."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.browser.support import Open, Tab, chromium
from tests.server import Client, Process, free_port, serving, wait_until_up

_QUIET = (
    "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --disable-quic"
)
# Noted before anything of the page runs: what its policy refused, and how far its layout moved.
_WATCH = """
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sourceFile }) =>
  console.error(`policy violation: ${violatedDirective} ${blockedURI} ${sourceFile}`));
window.shifts = [];
new PerformanceObserver((list) => {
  for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) window.shifts.push(value);
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=_QUIET.split())
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def open_tab(browser: Browser) -> AsyncIterator[Open]:
    """`await open_tab(url, **context options)`; without an address it is left blank. No page of a test may end with
    an error in its console or a violation of its policy."""
    opened: list[Tab] = []

    async def open_(url: str | None = None, **options: Any) -> Tab:
        context = await browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        await context.add_init_script(_WATCH)
        tab = Tab(await context.new_page())
        opened.append(tab)
        if url:
            await tab.page.goto(url)
        return tab

    yield open_
    for tab in opened:
        await tab.page.context.close()
    assert not [problem for tab in opened for problem in tab.problems]


@pytest_asyncio.fixture(loop_scope="session")
async def server(tmp_path: Path) -> AsyncIterator[Client]:
    """A running Livedash with the weather document applied, in the browser's loop."""
    async with serving(tmp_path / "data") as running:
        yield running


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The address of one `livedash demo` that all tests share."""
    port = free_port()
    process = Process("demo", "--port", str(port), "--data", str(tmp_path_factory.mktemp("demo") / "data"))
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(url)
        yield url
    finally:
        process.kill()


async def start_again(process: Process, url: str) -> None:
    """A process that was killed, up again."""
    process.start()
    await asyncio.to_thread(wait_until_up, url)
