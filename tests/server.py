"""A real Livedash for tests: in this process on a free port, or as a process of its own that can be killed."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx

from livedash.app import App, running
from livedash.base.config import Settings
from livedash.web.server import Server, listen

ADMIN = "test-admin-token"
INGEST = "weather-ingest-token"
STREAM = "weather-stream-token"
DOCUMENT = f"""
apiVersion: 1
pipelines:
  - {{slug: weather, ingest_token: {INGEST}, stream_token: {STREAM}, allowed_origins: ["https://*.shop.example"]}}
  - {{slug: other, ingest_token: other-ingest-token, stream_token: other-stream-token}}
  - {{slug: volatile, ingest_token: volatile-ingest-token, stream_token: volatile-stream-token, persist: false}}
dashboards:
  - slug: weather
    title: Weather
    is_public: true
    widgets:
      - {{id: temp, type: line_chart, position: {{x: 0, y: 0, w: 8, h: 4}}, config: {{title: Temperature, unit: celsius}}, query: {{pipeline: weather, fields: [temp_max, temp_min]}}}}
      - {{id: days, type: table, position: {{x: 8, y: 0, w: 4, h: 4}}, config: {{title: Days, fields: [date, weather, temp_max]}}, query: {{pipeline: weather, limit: 20}}}}
      - {{id: wind, type: stat_card, position: {{x: 0, y: 4, w: 3, h: 2}}, config: {{title: Wind, label: "m/s"}}, query: {{pipeline: weather, field: wind, aggregate: last}}}}
  - {{slug: private, title: Private}}
"""  # noqa: E501 a document as people write it


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class Client(httpx.AsyncClient):
    """HTTP to one running Livedash."""

    app: App

    async def post(self, path: str, content: Any = b"", token: str = INGEST, **headers: str) -> httpx.Response:  # type: ignore[override]
        """Append to a pipeline, with underscores in header names for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.request("POST", path, content=content, headers=bearer(token) | named)

    async def append(self, body: str | bytes, pipeline: str = "weather", **more: Any) -> httpx.Response:
        return await self.post(f"/api/pipelines/{pipeline}/records", body, **more)

    async def apply(self, text: str, **more: Any) -> httpx.Response:
        body = {"files": {"test.yaml": text}, **more}
        return await self.request("POST", "/api/apply", json=body, headers=bearer(ADMIN))


@asynccontextmanager
async def serving(folder: Path, document: str = DOCUMENT, **settings: Any) -> AsyncIterator[Client]:
    """Livedash in this event loop, with `document` applied."""
    values = {"port": 0, "data": folder, "admin_token": ADMIN, "disk_reserve": 0, **settings}
    config = Settings.load({}, **values)
    with listen(config) as sock:
        async with running(config) as app:
            server = Server(app.asgi, config, app.stop)
            task = asyncio.create_task(server.serve(sockets=[sock]))
            while not server.started:
                await asyncio.sleep(0.005)
            url = f"http://127.0.0.1:{sock.getsockname()[1]}"
            try:
                async with Client(base_url=url, timeout=20) as client:
                    client.app = app
                    if document:
                        (await client.apply(document)).raise_for_status()
                    yield client
            finally:
                server.should_exit = True
                await task


class Process:
    """`livedash …` as a process. Environment of ours that speaks of Livedash is not passed on."""

    def __init__(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        python: str = sys.executable,
        cwd: Path | None = None,
    ) -> None:
        self._command = [python, "-m", "livedash", *arguments]
        self._cwd = cwd
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("LIVEDASH_")}
        self._env = {**inherited, **(env or {})}
        self.popen: subprocess.Popen[bytes]
        self.printed = b""  # known when it has ended
        self.start()

    def start(self) -> None:
        self.popen = subprocess.Popen(
            self._command,
            cwd=self._cwd,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def kill(self) -> None:
        """SIGKILL: no farewell, no clean-up."""
        self._end(signal.SIGKILL)

    def stop(self, within: float = 10) -> bytes:
        """SIGTERM; what it printed. Raises TimeoutExpired when it takes longer than `within` seconds."""
        return self._end(signal.SIGTERM, within)

    def wait_until_up(self, url: str) -> None:
        """Return when it answers. Raises TimeoutError, and with what it printed when it ends instead."""
        try:
            wait_until_up(url, lost=lambda: self.popen.poll() is not None)
        except TimeoutError as error:
            self.kill()
            raise TimeoutError(f"{error}:\n{self.printed.decode()}") from None

    def _end(self, number: int, within: float = 10) -> bytes:
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        if self.popen.stdout and not self.popen.stdout.closed:
            self.printed, _ = self.popen.communicate(timeout=within)
        return self.printed


def wait_until_up(url: str, within: float = 20, lost: Callable[[], bool] = lambda: False) -> None:
    """Return when the server answers. Raises TimeoutError, at once when it is `lost`."""
    end = time.monotonic() + within
    while time.monotonic() < end and not lost():
        try:
            if httpx.get(url + "/healthz", timeout=1).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.02)
    raise TimeoutError(f"{url} did not come up within {within} s")


def free_port() -> int:
    """A port that was free a moment ago."""
    import socket

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def process(folder: Path, port: int | None = None, **env: str) -> Iterator[tuple[Process, str]]:
    """`livedash serve` on `folder`, up and with DOCUMENT applied; ended at the end, if it still runs."""
    port = port or free_port()
    config = folder.parent / f"{folder.name}.yaml"
    config.write_text(DOCUMENT)
    arguments = ("serve", "--port", str(port), "--data", str(folder), "--config", str(config))
    server = Process(*arguments, env={"LIVEDASH_ADMIN_TOKEN": ADMIN, "LIVEDASH_DISK_RESERVE": "0", **env})
    url = f"http://127.0.0.1:{port}"
    try:
        server.wait_until_up(url)
        yield server, url
    finally:
        server.kill()
