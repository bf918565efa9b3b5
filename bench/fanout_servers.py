"""Who takes part in `bench fanout` and `bench graphql`: servers that send what is posted to everybody who follows."""

import getpass
import os
import shutil
import string
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx
import orjson
import psutil

from bench import client
from bench.server import answers, free_port, serving

SOURCES = Path(__file__).parent / "contenders"
SCHEMA = Path(__file__).parents[1] / "docs" / "schema.graphql"
NCHAN = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
OTHER_TOKEN = "bench-other-token"
DOCUMENT = f"""
apiVersion: 1
pipelines:
  - {{slug: bench, ingest_token: {client.TOKEN}, stream_token: {client.STREAM_TOKEN}}}
  - {{slug: other, ingest_token: {OTHER_TOKEN}}}
"""
NO_LIMITS = {
    "LIVEDASH_STREAM_OPENS_PER_MINUTE": "0",
    "LIVEDASH_STREAM_CONNECTIONS": "0",
    "LIVEDASH_STREAM_CONNECTIONS_PER_ADDRESS": "0",
}


@dataclass(frozen=True)
class Contender:
    """A server that answers on `port`: `process` is the one that sends, `publish` and `stream` are requests."""

    port: int
    process: psutil.Process
    publish: Path
    stream: Path

    @property
    def cpu(self) -> float:
        """Processor seconds used so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    @property
    def writes(self) -> int:
        """Calls of `write` and `writev` so far, whatever they wrote to."""
        return int(self.process.io_counters().write_count)

    @property
    def resident(self) -> int:
        """Bytes."""
        return int(self.process.memory_info().rss)


def prepare() -> None:
    """Fetch what the others need, so that it does not run into a measurement."""
    _sse_starlette(), _node(), record(), client.built("fan"), client.built("fan_send")


@contextmanager
def livedash(coalesce_ms: int = 0) -> Iterator[Contender]:
    """Livedash as it is served, with no limit in the way."""
    with serving(DOCUMENT, LIVEDASH_STREAM_COALESCE_MS=str(coalesce_ms), **NO_LIMITS) as server:
        stream = client.get(f"/api/pipelines/bench/stream?token={client.STREAM_TOKEN}")
        yield Contender(server.port, server.process, client.post(1), stream)


@contextmanager
def nchan() -> Iterator[Contender]:
    """One worker of nginx with nchan. The processor time is the worker's, who does all of it."""
    if shutil.which("nginx") is None or not NCHAN.exists():
        raise SystemExit("nginx with nchan is missing (Debian: apt-get install nginx libnginx-mod-nchan)")
    folder, port = client.scratch("nginx"), free_port()
    folder.mkdir(exist_ok=True)
    config = folder / "nginx.conf"
    words = {"module": NCHAN, "folder": folder, "port": port, "user": getpass.getuser()}
    config.write_text(string.Template((SOURCES / "nginx.conf").read_text()).substitute(words))
    with _started(port, "nginx", "-e", "stderr", "-p", folder, "-c", config) as master:
        yield _published(port, master.children()[0])


@contextmanager
def send_loop() -> Iterator[Contender]:
    """A loop of `send()` in C: what the kernel takes, and next to nothing else."""
    port = free_port()
    with _started(port, client.built("fan_send"), port) as process:
        yield _published(port, process)


@contextmanager
def sse_starlette() -> Iterator[Contender]:
    """sse-starlette, on the uvicorn and the uvloop that are here."""
    port, env = free_port(), {**os.environ, "PYTHONPATH": str(_sse_starlette())}
    with _started(port, sys.executable, SOURCES / "queues.py", port, env=env) as process:
        yield _published(port, process)


@contextmanager
def better_sse() -> Iterator[Contender]:
    """better-sse on node."""
    port = free_port()
    with _started(port, "node", _node() / "sessions.mjs", port) as process:
        yield _published(port, process)


@contextmanager
def graphql_ws() -> Iterator[Contender]:
    """graphql-ws on node, with our schema."""
    port, env = free_port(), {**os.environ, "NODE_ENV": "production"}
    with _started(port, "node", _node() / "graphql_ws.mjs", port, SCHEMA, env=env) as process:
        yield _published(port, process)


@contextmanager
def strawberry() -> Iterator[Contender]:
    """Strawberry's own handler, on the uvicorn and the uvloop that are here."""
    port = free_port()
    with _started(port, sys.executable, SOURCES / "strawberry_queues.py", port) as process:
        yield _published(port, process)


@contextmanager
def _started(port: int, *command: object, env: Mapping[str, str] | None = None) -> Iterator[psutil.Popen]:
    """A process, from its first answer on; ended at the end."""
    process = psutil.Popen(list(map(str, command)), env=env)
    try:
        while not answers(port, "/alive"):
            if process.poll() is not None:
                raise SystemExit(f"{command[0]} ended with {process.poll()} before it answered")
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except psutil.TimeoutExpired:
            process.kill()


def _published(port: int, process: psutil.Process) -> Contender:
    """With the requests that all but Livedash know. What is posted is the record as Livedash sends it."""
    return Contender(port, process, client.post_to("/publish", record()), client.get("/stream"))


@cache
def record() -> bytes:
    """The record as Livedash sends it, so that all send the same bytes."""
    with serving(DOCUMENT) as server:
        url = f"{server.url}/api/pipelines/bench/records"
        posted = httpx.post(url, json=client.RECORD, headers={"Authorization": f"Bearer {client.TOKEN}"})
        posted.raise_for_status()
        page = httpx.get(url, headers={"Authorization": f"Bearer {client.STREAM_TOKEN}"})
        return orjson.dumps(page.raise_for_status().json()["records"][0])


@cache
def _sse_starlette() -> Path:
    """A folder to import it from."""
    folder = client.scratch("python")
    wanted = ["--no-deps", "--target", folder, "-r", SOURCES / "requirements.txt"]
    _installed([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted])
    return folder


@cache
def _node() -> Path:
    """A folder with the servers for node, beside their libraries."""
    if shutil.which("npm") is None:
        raise SystemExit("better-sse and graphql-ws need npm: install Node.js 20 or newer with npm")
    folder = client.scratch("node")
    folder.mkdir()
    for name in ("package.json", "sessions.mjs", "graphql_ws.mjs"):
        shutil.copy(SOURCES / name, folder)
    _installed(["npm", "install", "--silent", "--no-package-lock", "--no-audit", "--no-fund", "--prefix", folder])
    return folder


def _installed(command: list[object]) -> None:
    if subprocess.run(list(map(str, command)), stdout=subprocess.DEVNULL).returncode:
        raise SystemExit(f"`{' '.join(map(str, command))}` failed: its own message is above")
