"""A Livedash with one sink, and the receiver that it delivers to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.server import ADMIN, DOCUMENT, Client, bearer, serving
from tests.sinks.webhook.support import Receiver, receiving
from tests.wire import PATIENCE

SINK = "/api/pipelines/weather/sinks/billing"
PAGE = "/pipelines/weather/sinks/billing"
HEADER = "very-secret-header-value"


@asynccontextmanager
async def delivering(folder: Path, **settings: Any) -> AsyncIterator[tuple[Client, Receiver]]:
    """The weather pipeline has the sink `billing`, which parks what is refused at once."""
    values = {"outbound_allow": "127.0.0.1", "sink_refused_seconds": (), "sink_retry_seconds": (600,), **settings}
    async with receiving() as receiver:
        sink = f'{{type: webhook, name: billing, url: "{receiver.url}", headers: {{X-Key: {HEADER}}}}}'
        document = DOCUMENT.replace("slug: weather, ", f"slug: weather, sinks: [{sink}], ", 1)
        async with serving(folder / "data", document, **values) as client:
            yield client, receiver


async def call(client: Client, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    """The JSON of an answer that has `status`."""
    response = await client.request(method, path, json=body, headers=bearer(ADMIN))
    assert response.status_code == status, response.text
    return response.json() if response.content else None


async def report(client: Client, holds: Callable[[Any], bool] = lambda _: True) -> Any:
    """How the sink goes, once `holds` of it."""
    async with asyncio.timeout(PATIENCE):
        while not holds(found := (await call(client, "GET", SINK))["report"]):
            await asyncio.sleep(0.01)
    return found


async def delivered(client: Client, cursor_ends: int) -> Any:
    """How the sink goes, once it delivered or parked everything up to that offset."""
    return await report(client, lambda found: found["cursor"].endswith(f"-{cursor_ends}") and not found["delivery"])
