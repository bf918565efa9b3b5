"""graphql-ws and Apollo Client ask, follow, and come back after whatever breaks, without a hole or a repetition."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.relay import Relay
from tests.server import ADMIN, INGEST, STREAM, Client, bearer, process, serving
from tests.web.graphql.wire import PATH, followed_by
from tests.wire import RECORDS, numbers

HERE = Path(__file__).parent / "clients"
PATIENCE = 30.0
both = pytest.mark.parametrize("name", ["graphql_ws", "apollo"])


class Told:
    """What a client told, one by one."""

    def __init__(self, lines: asyncio.StreamReader) -> None:
        self._lines = lines
        self.closes: list[int] = []

    async def next(self, name: str) -> Any:
        """What it tells next under that name; that it was closed is noted on the way."""
        async with asyncio.timeout(PATIENCE):
            while line := await self._lines.readline():
                told, *what = json.loads(line)
                if told == "closed":
                    self.closes += what
                if told == name:
                    return what[0]
                assert told in ("closed", "answer", "next"), (told, what)
        raise AssertionError("the client ended")

    async def offsets(self, count: int) -> list[int]:
        return [(await self.next("next"))["offset"] for _ in range(count)]


@asynccontextmanager
async def following(name: str, url: str, token: str = STREAM, after: str = "") -> AsyncIterator[Told]:
    node = shutil.which("node")
    assert node, "install Node.js 20 or newer"
    arguments = (str(HERE / f"{name}.mjs"), url, token, *([after] if after else []))
    running = await asyncio.create_subprocess_exec(node, *arguments, stdout=asyncio.subprocess.PIPE, limit=2**20)
    assert running.stdout is not None
    try:
        yield Told(running.stdout)
    finally:
        with suppress(ProcessLookupError):
            running.kill()
        await running.wait()


def graphql(url: str | httpx.URL) -> str:
    return str(url).rstrip("/") + PATH


async def cursor(client: httpx.AsyncClient) -> str:
    answer = await client.get(RECORDS, headers=bearer(STREAM))
    return str(answer.json()["cursor"])


@both
async def test_it_asks_and_follows(client: Client, name: str):
    async with following(name, graphql(client.base_url)) as told:
        assert await told.next("answer") == {"pipeline": {"slug": "weather"}}
        await followed_by(client, 1)
        await numbers(client, 1, 3)
        events = [await told.next("next") for _ in range(3)]
        assert [(event["offset"], event["data"]) for event in events] == [(n, {"n": n}) for n in (1, 2, 3)]


@both
async def test_a_broken_connection_costs_nothing(client: Client, name: str):
    await numbers(client, 1, 1)
    start = await cursor(client)
    relay = Relay(client.base_url.port or 0)
    async with relay.running(), following(name, graphql(relay.url), after=start) as told:
        last = 1
        for _ in range(4):
            await numbers(client, last + 1, last + 150)
            assert await told.offsets(100) == list(range(last + 1, last + 101))
            relay.restore()  # every connection breaks, with records on their way
            await numbers(client, last + 151, last + 200)
            assert await told.offsets(100) == list(range(last + 101, last + 201))
            last += 200
        assert len(told.closes) == 4


@both
async def test_a_stop_and_a_kill_of_the_server_cost_nothing(tmp_path: Path, name: str):
    with process(tmp_path / "data") as (server, url):
        async with httpx.AsyncClient(base_url=url) as client:

            async def append(first: int, last: int) -> None:
                body = [{"n": n} for n in range(first, last + 1)]
                answer = await client.post(RECORDS, json=body, headers=bearer(INGEST))
                answer.raise_for_status()

            await append(1, 1)
            async with following(name, graphql(url), after=await cursor(client)) as told:
                await append(2, 51)
                assert await told.offsets(30) == list(range(2, 32))
                await asyncio.to_thread(server.stop)
                server.start()
                await asyncio.to_thread(server.wait_until_up, url)
                await append(52, 60)
                assert await told.offsets(29) == list(range(32, 61))
                server.kill()
                server.start()
                await asyncio.to_thread(server.wait_until_up, url)
                await append(61, 70)
                assert await told.offsets(10) == list(range(61, 71))
                assert told.closes[0] == 1012, "a stop says that it is one"


@both
async def test_an_expired_cursor_is_an_error_that_says_where_to_go_on(client: Client, name: str):
    await numbers(client, 1, 2)
    async with following(name, graphql(client.base_url), after="otherlife-1") as told:
        [error] = await told.next("error")
        assert error["extensions"]["code"] == "CURSOR_EXPIRED"
        first = error["extensions"]["cursor"]
    async with following(name, graphql(client.base_url), after=first) as told:
        assert await told.offsets(2) == [1, 2]


async def test_a_client_comes_back_with_a_new_token(client: Client):
    wanted = {"kind": "stream", "pipeline": "weather"}
    token = (await client.request("POST", "/api/tokens", json=wanted, headers=bearer(ADMIN))).json()
    async with following("graphql_ws", graphql(client.base_url), f"unknown-token,{token['token']},{STREAM}") as told:
        await followed_by(client, 1)
        await numbers(client, 1, 1)
        assert await told.offsets(1) == [1]
        assert told.closes == [4403]
        await client.request("DELETE", f"/api/tokens/{token['id']}", headers=bearer(ADMIN))
        await numbers(client, 2, 2)
        assert await told.offsets(1) == [2], "what came meanwhile is not missing"
        assert told.closes == [4403, 4403]


@pytest.fixture
def audit() -> Iterator[Any]:
    def ask(url: str) -> list[dict[str, str]]:
        command = ["node", str(HERE / "audit.mjs"), url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        return list(json.loads(done.stdout))

    yield ask


async def test_the_audit_of_graphql_over_http_is_clean(tmp_path: Path, audit: Any):
    async with serving(tmp_path / "data") as client:
        results = await asyncio.to_thread(audit, graphql(client.base_url))
    assert [each for each in results if each["status"] != "ok"] == []
    assert len(results) == 61
