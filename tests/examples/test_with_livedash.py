"""A real Livedash in front of examples/rebroadcast, and a real page behind it, by the files as they stand there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson

from tests.server import ADMIN, Client, bearer, process

from .rebroadcast import FOLDER, SECRET, Example, Pages, page, rebroadcast

TOKEN = "choose-a-long-random-text"  # as sink.yaml has it
SETTINGS = {"LIVEDASH_OUTBOUND_ALLOW": "127.0.0.1", "LIVEDASH_SINK_RETRY_SECONDS": "0.1"}


@asynccontextmanager
async def both(folder: Path) -> AsyncIterator[tuple[Client, Example, Pages]]:
    """Livedash with the sink of the example, and the example."""
    with rebroadcast(folder / "example") as example, process(folder / "data", **SETTINGS) as (_, url):
        async with Client(base_url=url, timeout=20) as livedash, Pages(base_url=example.url, timeout=20) as pages:
            await add_sink(livedash, example)
            yield livedash, example, pages


async def add_sink(livedash: Client, example: Example) -> None:
    text = (FOLDER / "sink.yaml").read_text().replace("http://127.0.0.1:8080", example.url)
    body = {"files": {"sink.yaml": text}, "variables": {"WEBHOOK_SECRET": SECRET}}
    (await livedash.request("POST", "/api/apply", json=body, headers=bearer(ADMIN))).raise_for_status()


async def post(livedash: Client, first: int, last: int) -> str:
    """Append `{"n": first}` … `{"n": last}`, each on its own; the cursor of the last."""
    for number in range(first, last + 1):
        answer = await livedash.append(orjson.dumps({"n": number}), "orders", token=TOKEN)
    return str(answer.raise_for_status().json()["cursor"])


async def test_records_reach_the_page_with_livedashs_own_cursors(tmp_path: Path) -> None:
    async with both(tmp_path) as (livedash, _, pages), page(pages) as events:
        cursor = await post(livedash, 1, 20)
        found = await events.take(20)
        read = await livedash.get("/api/pipelines/orders/records", headers=bearer(ADMIN))
    assert [each.json() for each in found] == read.json()["records"]
    assert found[-1].id == cursor


async def test_nothing_is_lost_while_the_backend_is_down(tmp_path: Path) -> None:
    async with both(tmp_path) as (livedash, example, pages):
        async with page(pages) as events:
            await post(livedash, 1, 3)
            seen = (await events.take(3))[-1].id
        await asyncio.to_thread(example.kill)
        await post(livedash, 4, 10)  # nobody takes these
        await asyncio.to_thread(example.restart)
        async with page(pages, seen) as events:
            await post(livedash, 11, 12)
            found = await events.take(9)
    assert [each.json()["data"]["n"] for each in found] == list(range(4, 13))
