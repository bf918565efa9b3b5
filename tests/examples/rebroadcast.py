"""examples/rebroadcast as a process, and deliveries to it that are signed as Livedash signs them."""

import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
from standardwebhooks import Webhook

from tests.docs.pages import ROOT
from tests.server import Process, free_port
from tests.wire import Following, following

FOLDER = ROOT / "examples/rebroadcast"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EPOCH = "k3v9q2m4"
HOOK = "/hooks/livedash"
EVENTS = "/api/pipeline-events"


class Example(Process):
    """The example on a port of its own, with its events in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self._command = [sys.executable, str(FOLDER / "app.py")]
        self._cwd = folder
        self._env = {**os.environ, "WEBHOOK_SECRET": SECRET, "PORT": str(port)}
        self.start()

    def wait(self) -> None:
        """Until it answers. Raises TimeoutError."""
        end = time.monotonic() + 20
        while time.monotonic() < end and self.popen.poll() is None:
            try:
                httpx.get(self.url, timeout=1).raise_for_status()
                return
            except httpx.TransportError:
                time.sleep(0.02)
        self.kill()
        raise TimeoutError(self.printed.decode())

    def restart(self) -> None:
        self.kill()
        self.start()
        self.wait()


@contextmanager
def rebroadcast(folder: Path) -> Iterator[Example]:
    folder.mkdir(exist_ok=True)
    example = Example(folder)
    try:
        example.wait()
        yield example
    finally:
        example.kill()


def record(offset: int, **data: Any) -> dict[str, Any]:
    return {"offset": offset, "timestamp": "2026-11-22T19:00:00.123Z", "data": data or {"n": offset}, "metrics": {}}


def records(first: int, last: int) -> dict[str, Any]:
    data = {"pipeline": "weather", "records": [record(offset) for offset in range(first, last + 1)]}
    return {"type": "records", "timestamp": "2026-11-22T19:00:00.123Z", "data": data}


def identity(first: int, last: int, kind: str = "") -> str:
    """The webhook-id of a delivery."""
    return f"sk_k3v9q2m4x7aebdth{kind}_{first}_{EPOCH}-{last}"


def signed(id: str, body: bytes, at: datetime | None = None) -> dict[str, str]:
    at = at or datetime.now(UTC)
    signature = Webhook(SECRET).sign(id, at, body.decode())
    return {"webhook-id": id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


class Pages(httpx.AsyncClient):
    """The outside of one example."""

    async def deliver(self, message: Any, id: str) -> int:
        """The status that a signed delivery is answered with."""
        body = orjson.dumps(message)
        return (await self.post(HOOK, content=body, headers=signed(id, body))).status_code

    async def records(self, first: int, last: int) -> None:
        """Deliver these."""
        assert await self.deliver(records(first, last), identity(first, last)) == 204


@asynccontextmanager
async def page(pages: Pages, last_seen: str = "") -> AsyncIterator[Following]:
    """An open page's stream, past the wish that it begins with."""
    async with following(pages, EVENTS, None, last_event_id=last_seen) as events:
        assert (await events.next()).retry
        yield events
