"""A page of somebody else's site, which follows a pipeline with `/static/livedash.js`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from livedash.model import Json
from tests.browser.support import Tab
from tests.server import DOCUMENT, STREAM

_PAGE = """<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,">
<script type="module">
import { follow } from "%s/static/livedash.js";
window.records = [];
window.others = [];
window.begin = (url) => {
  window.stream = follow(url, {
    record: (record, cursor) => window.records.push([record.data.n, cursor]),
    gap: (gap, cursor) => window.others.push(["gap", gap, cursor]),
    state: (name, detail) => window.others.push(["state", name, detail ?? null]),
  });
};
</script>"""


@asynccontextmanager
async def shop(livedash: str, port: int = 0) -> AsyncIterator[str]:
    """The address of a site of its own, an other origin than `livedash`, whose page loads the helper from there."""
    body = (_PAGE % livedash).encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def letting_in(origin: str) -> str:
    """DOCUMENT, with that origin allowed to read the weather."""
    return DOCUMENT.replace("https://*.shop.example", origin)


async def begin(tab: Tab, livedash: str, token: str = STREAM, **query: str) -> None:
    """Follow the weather."""
    await tab.until("window.begin !== undefined")
    more = "".join(f"&{name}={value}" for name, value in query.items())
    await tab.ask("url => begin(url)", f"{livedash}/api/pipelines/weather/stream?token={token}{more}")


async def is_in(tab: Tab, state: str, detail: Json = None) -> None:
    """Wait until this is the newest state, with a detail that has these items."""
    await tab.until(
        """([name, wanted]) => {
          const [, now, detail] = others.findLast(([what]) => what === "state") ?? [];
          return now === name && Object.entries(wanted ?? {}).every(([key, value]) => detail?.[key] === value);
        }""",
        [state, detail],
    )


async def has(tab: Tab, *numbers: int) -> None:
    """Wait for records, and see that it were these, in this order, and with cursors in theirs."""
    await tab.until("count => records.length >= count", len(numbers))
    records = await tab.ask("() => records")
    assert [number for number, _ in records] == list(numbers)
    offsets = [int(cursor.partition("-")[2]) for _, cursor in records]
    assert offsets == sorted(set(offsets))
    assert await tab.ask("() => stream.cursor") == records[-1][1]
