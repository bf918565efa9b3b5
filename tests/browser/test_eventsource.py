"""The EventSource of a browser, in a page of another origin, and that of npm, against a real server."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from livedash.base import limits
from livedash.web import event_streams
from tests.browser.shop import letting_in, shop
from tests.browser.support import BROWSER, NETWORK, Open
from tests.server import ADMIN, STREAM, Client, bearer, free_port, serving
from tests.wire import PATIENCE, STREAMED, following, numbers, pipeline_of, trim

pytestmark = BROWSER
SCRIPT = Path(__file__).with_suffix("").with_name("eventsource.mjs")
NATIVE = """url => {
  const source = new EventSource(url);
  for (const name of ["message", "gap", "throttled", "gone", "ping"]) {
    source.addEventListener(name, ({ data, lastEventId }) => tell([name, JSON.parse(data), lastEventId]));
  }
  source.onopen = () => tell(["open"]);
  source.onerror = () => tell([source.readyState === EventSource.CLOSED ? "closed" : "again"]);
}"""


class Told:
    """What an EventSource told, one by one."""

    def __init__(self) -> None:
        self._told: asyncio.Queue[list[Any]] = asyncio.Queue()
        self.cursor = ""

    def put(self, what: list[Any]) -> None:
        self._told.put_nowait(what)

    async def next(self) -> list[Any]:
        async with asyncio.timeout(PATIENCE):
            what = await self._told.get()
        self.cursor = what[2] if len(what) == 3 else self.cursor
        return what

    async def until(self, name: str) -> list[Any]:
        while (what := await self.next())[0] != name:
            assert what[0] != "closed", what
        return what

    async def offsets(self, count: int) -> list[int]:
        return [(await self.until("message"))[1]["offset"] for _ in range(count)]


Begin = Callable[[str], Awaitable[Told]]


@pytest_asyncio.fixture(loop_scope="session", params=["Chromium", "npm"])
async def begin(request: pytest.FixtureRequest, open_tab: Open) -> AsyncIterator[Begin]:
    """Follow an address; in Chromium from a page of `origin`, which is set by `site`."""
    async with AsyncExitStack() as stack:

        async def in_chromium(url: str) -> Told:
            told = Told()
            tab = await open_tab(await stack.enter_async_context(shop(url.partition("/api")[0], port=ORIGIN_PORT)))
            tab.forgive(NETWORK)
            await tab.page.expose_function("tell", told.put)
            await tab.ask(NATIVE, url)
            return told

        async def in_node(url: str) -> Told:
            return await stack.enter_async_context(_node(url))

        yield in_chromium if request.param == "Chromium" else in_node


ORIGIN_PORT = free_port()


@asynccontextmanager
async def _node(url: str) -> AsyncIterator[Told]:
    node = shutil.which("node")
    assert node, "install Node.js 20 or newer"
    process = await asyncio.create_subprocess_exec(node, str(SCRIPT), url, stdout=asyncio.subprocess.PIPE)
    told = Told()

    async def listen() -> None:
        assert process.stdout
        async for line in process.stdout:
            told.put(json.loads(line))

    listening = asyncio.create_task(listen())
    try:
        yield told
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await listening


def site(folder: Path, **settings: Any):
    return serving(folder, letting_in(f"http://127.0.0.1:{ORIGIN_PORT}"), **settings)


def address(client: Client, token: str = STREAM, more: str = "") -> str:
    return f"{str(client.base_url).rstrip('/')}{STREAMED}?token={token}{more}"


async def test_it_resumes_after_a_restart(tmp_path: Path, begin: Begin, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(event_streams, "RETRY_MS", (50, 100))
    port = free_port()
    async with site(tmp_path / "data", port=port) as client:
        await numbers(client, 1, 3)
        told = await begin(address(client, more="&tail=2"))
        assert await told.offsets(2) == [2, 3]
    async with site(tmp_path / "data", port=port) as client:
        await numbers(client, 4, 300)
        assert await told.offsets(297) == list(range(4, 301))
        await numbers(client, 301, 301)
        assert await told.offsets(1) == [301]


async def test_it_hears_of_a_gap_and_goes_on(tmp_path: Path, begin: Begin):
    async with site(tmp_path / "data") as client:
        first = await trim(client)
        change = {"allowed_origins": [f"http://127.0.0.1:{ORIGIN_PORT}"]}  # the trimming put others in its place
        await client.request("PUT", "/api/pipelines/weather", json=change, headers=bearer(ADMIN))
        epoch = (await pipeline_of(client))["log"]["epoch"]
        told = await begin(address(client, more=f"&last_event_id={epoch}-5"))
        _, gap, id = await told.until("gap")
        assert (gap, id) == ({"from": 6, "to": first - 1, "reason": "trimmed"}, f"{epoch}-{first - 1}")
        assert await told.offsets(1) == [first]


async def test_it_comes_back_by_itself_when_it_is_throttled(tmp_path: Path, begin: Begin, monkeypatch):
    monkeypatch.setattr("livedash.web.admission.SOON_MS", 50)
    monkeypatch.setattr("livedash.web.admission.SPREAD_MS", 50)
    async with site(tmp_path / "data", stream_connections=1) as client:
        async with following(client):
            told = await begin(address(client))
            assert (await told.until("throttled"))[1]["reason"] == "connections"
            assert (await told.until("throttled"))[1]["reason"] == "connections"
            ours = set(client.app.streams._open)
        async with asyncio.timeout(PATIENCE):
            while not client.app.streams._open - ours:
                await asyncio.sleep(0.01)
        await numbers(client, 1, 1)
        assert await told.offsets(1) == [1]


async def test_a_revoked_token_is_said_and_then_it_is_over(tmp_path: Path, begin: Begin, monkeypatch):
    monkeypatch.setattr(event_streams, "RETRY_MS", (50, 100))
    async with site(tmp_path / "data") as client:
        made = {"kind": "stream", "pipeline": "weather"}
        token = (await client.request("POST", "/api/tokens", json=made, headers=bearer(ADMIN))).json()
        told = await begin(address(client, token["token"]))
        await told.until("open")
        await client.request("DELETE", f"/api/tokens/{token['id']}", headers=bearer(ADMIN))
        assert (await told.until("gone"))[1]["reason"] == "revoked"
        assert [(await told.next())[0] for _ in range(2)] == ["again", "closed"]


@pytest.mark.parametrize(
    ("token", "more", "status"),
    [
        ("nobody-knows-this", "", 401),
        ("weather-ingest-token", "", 403),
        ("other-stream-token", "", 404),
        (STREAM, "&last_event_id=nonsense", 400),
        (STREAM, "&where=data.t%20%3E", 422),
    ],
)
async def test_what_it_is_refused_it_does_not_ask_again(
    tmp_path: Path, begin: Begin, token: str, more: str, status: int
):
    async with site(tmp_path / "data") as client:
        told = await begin(address(client, token, more))
        assert await told.next() == ["closed"]
        counted = f'livedash_http_requests_total{{route="stream",status="{status}"}} 1.0'
        assert counted in (await client.get("/metrics")).text


async def test_an_id_of_a_ping_is_where_it_resumes(tmp_path: Path, begin: Begin, monkeypatch: pytest.MonkeyPatch):
    """Past records that its filter leaves out, of which it never hears."""
    monkeypatch.setattr(limits, "KEEPALIVE_SECONDS", 0.05)
    monkeypatch.setattr(event_streams, "RETRY_MS", (50, 100))
    port = free_port()
    async with site(tmp_path / "data", port=port) as client:
        told = await begin(address(client, more="&where=data.n%20%3E%2010"))
        await told.until("open")
        await numbers(client, 1, 5)
        while not (await told.until("ping"))[2].endswith("-5"):
            pass
    async with site(tmp_path / "data", port=port) as client:
        await numbers(client, 6, 11)  # it may have been away for some of them
        assert await told.offsets(1) == [11]
