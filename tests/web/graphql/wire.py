"""GraphQL as clients speak it: requests, and messages on a socket, as JSON."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from livedash.app import App
from tests.server import ADMIN, STREAM, Client, bearer
from tests.wire import PATIENCE

PATH = "/api/graphql"
EVENTS = """subscription($p: ID!, $after: String, $where: String, $token: String) {
  pipelineEvents(pipelineId: $p, after: $after, where: $where, token: $token) { offset cursor timestamp data metrics }
}"""
SUBPROTOCOL = "graphql-transport-ws"


async def ask(client: Client, query: str, token: str | None = ADMIN, **variables: Any) -> Any:
    """The whole answer to a query."""
    body = {"query": query, "variables": variables}
    answer = await client.request("POST", PATH, json=body, headers=bearer(token) if token else {})
    return answer.json()


async def data(client: Client, query: str, token: str | None = ADMIN, **variables: Any) -> Any:
    """The data of an answer without errors."""
    answer = await ask(client, query, token, **variables)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


async def codes(client: Client, query: str, token: str | None = ADMIN, **variables: Any) -> list[str]:
    """The codes of the errors in an answer."""
    answer = await ask(client, query, token, **variables)
    return [error["extensions"]["code"] for error in answer.get("errors", [])]


def address(client: httpx.AsyncClient) -> str:
    return str(client.base_url.copy_with(scheme="ws", raw_path=PATH.encode()))


def followers(client: httpx.AsyncClient, pipeline: str = "weather") -> int:
    """How many follow a pipeline of a server in this process."""
    app: App = client.app  # type: ignore[attr-defined]
    return app.streams.open_of(app.catalog.directory.pipeline(pipeline).id)  # type: ignore[union-attr]


async def followed_by(client: httpx.AsyncClient, count: int, pipeline: str = "weather") -> None:
    """Wait until so many do."""
    async with asyncio.timeout(PATIENCE):
        while followers(client, pipeline) < count:
            await asyncio.sleep(0.002)


class Socket:
    """One socket. Messages that are not asked for by the one who waits are kept for who does."""

    def __init__(self, connection: ClientConnection, client: httpx.AsyncClient) -> None:
        self.connection = connection
        self._client = client
        self._kept: list[Any] = []
        self._ids = itertools.count(1)

    async def say(self, **message: Any) -> None:
        await self.connection.send(orjson.dumps(message).decode())

    async def hear(self) -> Any:
        """The next message, in the order they came."""
        return self._kept.pop(0) if self._kept else await self._next()

    async def begin(self, token: str | None = STREAM) -> "Socket":
        """Let in, with the token as `connectionParams` have it."""
        await self.say(type="connection_init", payload={"token": token} if token else None)
        assert await self.hear() == {"type": "connection_ack"}
        return self

    async def start(self, query: str, id: str | None = None, **variables: Any) -> str:
        """Ask for an operation; its id."""
        id = id or f"operation-{next(self._ids)}"
        await self.say(id=id, type="subscribe", payload={"query": query, "variables": variables})
        return id

    async def follow(self, pipeline: str = "weather", **variables: Any) -> str:
        """Subscribe, and wait until that has taken place; its id. The client is that of a server in this process."""
        before = followers(self._client, pipeline)
        id = await self.start(EVENTS, p=pipeline, **variables)
        await followed_by(self._client, before + 1, pipeline)
        return id

    def kept(self) -> list[Any]:
        """What came and nobody asked for."""
        return list(self._kept)

    async def alive(self) -> None:
        """It still answers."""
        await self.of(await self.start("{ __typename }"), "complete")

    async def of(self, id: str, type: str = "next") -> Any:
        """The payload of the next message to operation `id`, which must be of that type."""
        while (message := next((each for each in self._kept if each.get("id") == id), None)) is None:
            self._kept.append(await self._next())
        self._kept.remove(message)
        if type == "complete" and message["type"] == "next":
            return await self.of(id, type)
        assert message["type"] == type, message
        return message.get("payload")

    async def events(self, id: str, count: int) -> list[Any]:
        """The next records of a subscription."""
        return [(await self.of(id))["data"]["pipelineEvents"] for _ in range(count)]

    async def offsets(self, id: str, count: int) -> list[int]:
        return [event["offset"] for event in await self.events(id, count)]

    async def closed(self) -> tuple[int, str]:
        """Code and reason, when the server closes it; messages before that are passed over."""
        try:
            while True:
                await self._next()
        except ConnectionClosed as error:
            assert error.rcvd is not None, "closed without a word"
            return error.rcvd.code, error.rcvd.reason

    async def _next(self) -> Any:
        async with asyncio.timeout(PATIENCE):
            return orjson.loads(await self.connection.recv())


@asynccontextmanager
async def socket(
    client: httpx.AsyncClient, *, subprotocols: list[str] | None = None, **headers: str
) -> AsyncIterator[Socket]:
    """An open socket on which nothing was said yet."""
    async with connect(
        address(client),
        subprotocols=[SUBPROTOCOL] if subprotocols is None else subprotocols,  # type: ignore[arg-type]
        additional_headers=headers,
        compression=None,
        max_size=None,
        ping_interval=None,
        max_queue=None,  # else what nobody took would keep it from hearing the end
    ) as connection:
        yield Socket(connection, client)


@asynccontextmanager
async def begun(client: httpx.AsyncClient, token: str | None = STREAM, **headers: str) -> AsyncIterator[Socket]:
    """A socket whose client was let in."""
    async with socket(client, **headers) as opened:
        yield await opened.begin(token)
