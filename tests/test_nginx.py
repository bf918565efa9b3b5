"""Behind nginx, as the documentation says to set it up, and with nothing set up at all."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.server import STREAM, free_port, serving, wait_until_up
from tests.wire import STREAMED, following, numbers

DOCUMENTED = re.search(
    r"```nginx\n(.*?)```", (Path(__file__).parents[1] / "docs/configuration.md").read_text(), re.DOTALL
)
BARE = "server {\n listen 443 ssl;\n location / { proxy_pass http://127.0.0.1:8765; }\n}\n"
AROUND = """
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
    uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
    {server}
}}
"""


@asynccontextmanager
async def proxied(folder: Path, server: str, port: int) -> AsyncIterator[str]:
    """The address of an nginx in front of the Livedash on `port`; what it is told about TLS is left out."""
    own = free_port()
    server = server.replace("listen 443 ssl;", f"listen 127.0.0.1:{own};").replace("8765", str(port))
    server = re.sub(r"^ *(http2|ssl_\w+|server_name) .*$", "", server, flags=re.MULTILINE)
    config = folder / "nginx.conf"
    config.write_text(AROUND.format(folder=folder, server=server))
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    process = await asyncio.create_subprocess_exec(nginx, "-p", str(folder), "-c", str(config))
    try:
        await asyncio.to_thread(wait_until_up, f"http://127.0.0.1:{own}", lost=lambda: process.returncode is not None)
        yield f"http://127.0.0.1:{own}"
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.parametrize("config", ["documented", "bare"])
async def test_events_pass_as_they_come(tmp_path: Path, config: str):
    """Also where it buffers and speaks HTTP/1.0, as it does by itself."""
    assert DOCUMENTED
    server = DOCUMENTED[1] if config == "documented" else BARE
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(serving(tmp_path / "data"))
        url = await stack.enter_async_context(proxied(tmp_path, server, client.base_url.port or 0))
        through = await stack.enter_async_context(httpx.AsyncClient(base_url=url))
        stream = await stack.enter_async_context(following(through))
        page = await stack.enter_async_context(following(through, "/d/weather/live", None))
        assert (await page.next()).event == "state"
        for number in range(1, 4):
            await numbers(client, number, number)
            event = await stream.next()
            assert event.json()["offset"] == number
        resumed = await stack.enter_async_context(following(through, last_event_id=event.id.replace("-3", "-1")))
        assert [each.json()["offset"] for each in await resumed.take(2)] == [2, 3]


async def test_while_livedash_is_away_streams_are_told_to_come_back(tmp_path: Path):
    assert DOCUMENTED
    async with AsyncExitStack() as stack:
        async with serving(tmp_path / "data") as client:
            port = client.base_url.port or 0
            url = await stack.enter_async_context(proxied(tmp_path, DOCUMENTED[1], port))
        through = await stack.enter_async_context(httpx.AsyncClient(base_url=url))
        for path in (f"{STREAMED}?token={STREAM}", "/d/weather/live"):
            answer = await through.get(path, headers={"Origin": "https://shop.example"})
            assert (answer.status_code, answer.text) == (200, "retry: 2000\n\n")
            assert answer.headers["content-type"] == "text/event-stream"
            assert answer.headers["access-control-allow-origin"] == "*"
        for path in ("/d/weather", "/api/pipelines/weather/records"):
            assert (await through.get(path)).status_code == 502
