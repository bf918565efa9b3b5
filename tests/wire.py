"""The wire as clients see it: raw requests on a socket, stored records, and events one by one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import orjson
from httpx_sse import EventSource, ServerSentEvent

from tests.server import ADMIN, INGEST, STREAM, Client, bearer

PATIENCE = 15.0  # seconds until a test gives up on something that should come at once
RECORDS = "/api/pipelines/weather/records"
STREAMED = "/api/pipelines/weather/stream"


async def stored(client: httpx.AsyncClient, pipeline: str = "weather") -> list[Any]:
    """The data of every record of a pipeline, oldest first."""
    return [record["data"] for record in await records(client, pipeline)]


async def records(client: httpx.AsyncClient, pipeline: str = "weather") -> list[Any]:
    """Every record of a pipeline, oldest first, page by page."""
    found: list[Any] = []
    epoch = (await pipeline_of(client, pipeline))["log"]["epoch"]
    page = {"cursor": f"{epoch}-0", "records": [None]}
    while page["records"]:
        query = {"after": page["cursor"], "limit": "1000"}
        answer = await client.get(f"/api/pipelines/{pipeline}/records", params=query, headers=bearer(ADMIN))
        page = answer.raise_for_status().json()
        found += page["records"]
    return found


async def pipeline_of(client: httpx.AsyncClient, name: str = "weather") -> Any:
    """What REST tells of a pipeline."""
    return (await client.get(f"/api/pipelines/{name}", headers=bearer(ADMIN))).raise_for_status().json()


async def metric(client: httpx.AsyncClient, name: str) -> float:
    """The value of one sample of /metrics, as it is written there with its labels; 0 when it is not there yet."""
    lines = (await client.get("/metrics")).text.splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.rpartition(" ")[0] == name), 0.0)


async def until(client: httpx.AsyncClient, name: str, least: float) -> None:
    """Wait until a sample of /metrics is `least` or more."""
    async with asyncio.timeout(PATIENCE):
        while await metric(client, name) < least:
            await asyncio.sleep(0.01)


def request(method: str, path: str, *headers: str, body: bytes = b"", token: str = INGEST) -> bytes:
    """A request as bytes, with Host and Authorization; without a Content-Length unless `headers` have one."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {token}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def post(body: bytes, *headers: str) -> bytes:
    """An append as bytes, with the right Content-Length."""
    return request("POST", RECORDS, f"Content-Length: {len(body)}", *headers, body=body)


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connected(client: httpx.AsyncClient) -> AsyncIterator[Connection]:
    """A connection of one's own to the server that `client` speaks to."""
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    try:
        async with asyncio.timeout(PATIENCE):
            yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def exchange(client: httpx.AsyncClient, sent: bytes, *, end: bool = False) -> bytes:
    """What comes back for `sent` until the server closes; with `end` we close our side first."""
    async with connected(client) as (reader, writer):
        writer.write(sent)
        if end:
            writer.write_eof()
        return await reader.read()


async def answer(reader: asyncio.StreamReader) -> tuple[int, Any]:
    """One answer of a connection that stays open: its status and its JSON."""
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
    body = await reader.readexactly(int(fields.get(b"content-length", 0)))
    return int(head.split()[1]), orjson.loads(body) if body else None


class Following:
    """Server-Sent Events as they come."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._events = EventSource(response).aiter_sse()

    async def next(self) -> ServerSentEvent:
        """The next event. Raises StopAsyncIteration at the end of the stream, TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            return await anext(self._events)

    async def take(self, count: int) -> list[ServerSentEvent]:
        return [await self.next() for _ in range(count)]

    async def farewell(self) -> int:
        """What must come next: the wish to be asked again in so many milliseconds, then the end."""
        wish = await self.next()
        assert wish.retry and not wish.data
        try:
            raise AssertionError(f"{await self.next()} after the farewell")
        except StopAsyncIteration:
            return wish.retry

    async def until(self, name: str) -> ServerSentEvent:
        """The next event of that name; others on the way are passed over."""
        while (event := await self.next()).event != name:
            pass
        return event


@asynccontextmanager
async def following(
    client: httpx.AsyncClient, path: str = STREAMED, token: str | None = STREAM, **query: str
) -> AsyncIterator[Following]:
    """An open stream; of the weather pipeline with its token, unless said otherwise."""
    headers = bearer(token) if token else {}
    async with client.stream("GET", path, params=query, headers=headers, timeout=None) as response:
        assert response.status_code == 200
        yield Following(response)


async def numbers(client: Client, first: int, last: int) -> None:
    """Append `{"n": first}` … `{"n": last}`."""
    body = orjson.dumps([{"n": number} for number in range(first, last + 1)])
    (await client.append(body)).raise_for_status()


async def trim(client: Client) -> int:
    """Append 3,000 records and have retention take the oldest of them; the first offset that is left."""
    await numbers(client, 1, 3000)
    change = {"retention": {"bytes": 1000}}
    answer = await client.request("PUT", "/api/pipelines/weather", json=change, headers=bearer(ADMIN))
    answer.raise_for_status()
    async with asyncio.timeout(PATIENCE):
        while (first := (await pipeline_of(client))["log"]["first"]) == 1:
            await asyncio.sleep(0.01)
    return int(first)
