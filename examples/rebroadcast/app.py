"""A backend of your own between Livedash and your pages: a webhook sink posts to `/hooks/livedash`, your pages follow
`/api/pipeline-events` as Server-Sent Events. `WEBHOOK_SECRET=whsec_… python app.py`"""

import asyncio
import json
import os
import socket
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvicorn
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

BODY_BYTES = 1024 * 1024  # a delivery carries 256 KB of records, unless `batch` of the sink says otherwise
BODY_SECONDS = 10  # a slow sender may not hold its memory for ever
EVENTS = 10_000  # kept for pages that come back
DELIVERIES = 10_000  # whose ids are kept, to know one that comes again
PAGES = 1_000  # that follow at the same time
CHUNK = 16  # events read at once for a page: about 1 MB of the largest records
KEEPALIVE_SECONDS = 15  # of silence before a comment keeps proxies from closing a stream
GAP = b'event: gap\ndata: {"reason":"trimmed"}\n\n'

Event = tuple[str | None, bytes]  # its id and its text on the wire


class History:
    """The newest events, in a file: what was answered with 204 is there after a crash, too. Pages read from it at
    their own pace, so there is no queue that a slow one could fill."""

    def __init__(self, path: str) -> None:
        self.closed = False
        self.changed = asyncio.Event()  # another one after each change
        self._db = sqlite3.connect(path)
        self._db.executescript("""
            PRAGMA journal_mode = WAL;
            CREATE TABLE IF NOT EXISTS event (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT, frame BLOB);
            CREATE INDEX IF NOT EXISTS event_id ON event (id);
            CREATE TABLE IF NOT EXISTS delivery (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE);
        """)

    def add(self, delivery: str, events: list[Event]) -> None:
        """Keep what a delivery brought: all of it or nothing, and once however often it comes."""
        with self._db:
            if self._db.execute("INSERT OR IGNORE INTO delivery (id) VALUES (?)", (delivery,)).rowcount:
                self._db.executemany("INSERT INTO event (id, frame) VALUES (?, ?)", events)
                self._db.execute("DELETE FROM event WHERE number <= (SELECT max(number) FROM event) - ?", (EVENTS,))
                oldest = "(SELECT max(number) FROM delivery) - ?"
                self._db.execute(f"DELETE FROM delivery WHERE number <= {oldest}", (DELIVERIES,))
        self._wake()

    def position(self, last_seen: str) -> int:
        """The number of the event that a page saw last; of the newest if it saw none. -1 when it is not kept."""
        if not last_seen:
            return int(self._db.execute("SELECT coalesce(max(number), 0) FROM event").fetchone()[0])
        found = self._db.execute("SELECT max(number) FROM event WHERE id = ?", (last_seen,)).fetchone()[0]
        return -1 if found is None else int(found)

    def read(self, after: int) -> list[tuple[int, bytes]]:
        """Events after that number, oldest first."""
        query = "SELECT number, frame FROM event WHERE number > ? ORDER BY number LIMIT ?"
        return self._db.execute(query, (after, CHUNK)).fetchall()

    def close(self) -> None:
        """Streams end; their pages come back to the next process."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()


def events_of(delivery: str, message: Any) -> list[Event]:
    """What pages are told of a delivery. The ids are cursors, as on Livedash's own stream: a webhook-id ends with the
    cursor `epoch-offset` of its last record."""
    cursor = delivery.rpartition("_")[2]
    epoch = cursor.partition("-")[0]
    replay = "_replay" in delivery  # had its place before: without an id, a page keeps the one it has
    data = message["data"]
    if message["type"] == "records":
        return [event(None if replay else f"{epoch}-{each['offset']}", each) for each in data["records"]]
    if message["type"] == "gap":  # records that no longer existed when they were due
        return [event(None if replay else cursor, data, "event: gap\n")]
    return []  # a test, or something that this program does not know yet


def event(id: str | None, data: Any, name: str = "") -> Event:
    head = name if id is None else f"{name}id: {id}\n"
    return id, f"{head}data: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


async def receive(request: Request) -> Response:
    """A delivery. Answered with 204 once it is kept; whatever is not answered with 2xx comes again, in order."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await read_body(request)
    except (TimeoutError, ClientDisconnect):
        return Response(status_code=408)
    if body is None:
        return Response(status_code=413)
    try:  # over the bytes as they came, and within five minutes of the timestamp
        message = request.app.state.webhook.verify(body, dict(request.headers))
    except (WebhookVerificationError, ValueError):  # ValueError: a signature or body that is not even well-formed
        return Response(status_code=401)
    delivery = request.headers["webhook-id"]
    request.app.state.history.add(delivery, events_of(delivery, message))
    return Response(status_code=204)


async def read_body(request: Request) -> bytes | None:
    """The body as it came; None when it is too large."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES:
            return None
    return bytes(body)


async def follow(request: Request) -> Response:
    """Events after the one that the page saw last, then each as it comes. EventSource reconnects by itself and says
    what it saw, but gives up for good at any status but 200: so who must wait is told so in the stream."""
    last_seen = request.headers.get("last-event-id") or request.query_params.get("last_event_id", "")
    history: History = request.app.state.history
    position = history.position(last_seen)  # now: what comes while the answer begins must be in it
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(frames(request, history, position), media_type="text/event-stream", headers=headers)


async def frames(request: Request, history: History, position: int) -> AsyncIterator[bytes]:
    state = request.app.state
    if state.pages >= PAGES:
        yield b"retry: 30000\n\n"
        return
    state.pages += 1
    try:
        yield b"retry: 1000\n\n"
        while not history.closed:
            changed = history.changed  # taken before reading, or what comes in between would be slept through
            found = history.read(position)
            for number, frame in found:
                if number > position + 1:
                    yield GAP
                yield frame
                position = number
            if not found and not await happens(changed):
                yield b":\n\n"
    finally:
        state.pages -= 1


async def happens(changed: asyncio.Event) -> bool:
    """Whether something changed before the stream was silent for too long."""
    try:
        async with asyncio.timeout(KEEPALIVE_SECONDS):
            return await changed.wait()
    except TimeoutError:
        return False


async def index(request: Request) -> Response:
    return FileResponse(Path(__file__).with_name("index.html"))


def make_app(secret: str, events: str) -> Starlette:
    app = Starlette(
        routes=[
            Route("/", index),
            Route("/hooks/livedash", receive, methods=["POST"]),
            Route("/api/pipeline-events", follow),
        ]
    )
    app.state.webhook = Webhook(secret)
    app.state.history = History(events)
    app.state.pages = 0
    return app


class Server(uvicorn.Server):
    """Ends streams when it stops: uvicorn would wait for them."""

    def __init__(self, app: Starlette, port: int) -> None:
        super().__init__(uvicorn.Config(app, port=port, access_log=False, timeout_graceful_shutdown=2))
        self._history: History = app.state.history

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._history.close()
        await super().shutdown(sockets)


if __name__ == "__main__":
    app = make_app(os.environ["WEBHOOK_SECRET"], os.environ.get("EVENTS", "events.db"))
    Server(app, int(os.environ.get("PORT", "8080"))).run()
