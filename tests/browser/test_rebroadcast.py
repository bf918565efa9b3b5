"""The page of examples/rebroadcast in a real browser."""

import asyncio
from pathlib import Path

from tests.browser.support import BROWSER, Open
from tests.examples.rebroadcast import Pages, identity, rebroadcast, record, records

pytestmark = BROWSER


async def test_the_page_shows_what_comes_and_comes_back_by_itself(tmp_path: Path, open_tab: Open) -> None:
    with rebroadcast(tmp_path) as example:
        async with Pages(base_url=example.url, timeout=20) as pages:
            tab = await open_tab(example.url)
            tab.forgive("Failed to load resource|net::ERR_")
            await tab.text("[role=status]", "live")
            await pages.records(1, 1)
            await tab.text("li", '2026-11-22T19:00:00.123Z {"n":1}')

            await asyncio.to_thread(example.kill)
            await tab.text("[role=status]", "reconnecting")
            await asyncio.to_thread(example.restart)
            message = records(2, 2)
            message["data"]["records"] = [record(2, text="<img src=x onerror=alert(1)>")]
            assert await pages.deliver(message, identity(2, 2)) == 204
            await tab.text("li", '2026-11-22T19:00:00.123Z {"text":"<img src=x onerror=alert(1)>"}')
            await tab.count("li", 2)
