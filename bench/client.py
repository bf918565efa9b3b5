"""The other side of the wire, in C so that it costs little beside the server; compiled when first used."""

import atexit
import functools
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import orjson

SOURCES = Path(__file__).parent / "load"
# six fields, 150 bytes as JSON; `seq` is counted up by load/follow.c
RECORD = {
    "station": "KSEA-22014-north",
    "city": "Seattle, Washington",
    "weather": "drizzle, then sun.",
    "measured": "2026-11-22T19:00Z",
    "temp": 21.47,
    "seq": "1000000",
}
TOKEN = "bench-ingest-token"
STREAM_TOKEN = "bench-stream-token"


def run(name: str, *words: object) -> dict[str, Any]:
    """What the client `name` printed. Raises CalledProcessError when an answer was not as it must be."""
    done = subprocess.run([built(name), *map(str, words)], check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def started(name: str, *words: object) -> "subprocess.Popen[str]":
    """The client `name`, which prints one JSON object a line."""
    return subprocess.Popen([built(name), *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def post(records: int) -> Path:
    """A file with a request that posts so many records, one as an object and more as an array."""
    return post_to("/api/pipelines/bench/records", orjson.dumps(RECORD if records == 1 else [RECORD] * records), TOKEN)


def post_to(path: str, body: bytes = orjson.dumps(RECORD), token: str = "none") -> Path:
    """A file with a request that posts `body`."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return _file(f"post{path.replace('/', '-')}-{len(body)}", head.encode() + body)


def scratch(name: str) -> Path:
    """A path for a client to write to; gone at the end."""
    return _folder() / name


def get(path: str) -> Path:
    """A file with a request that follows what is at `path`."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
    return _file(path.strip("/").replace("/", "-").partition("?")[0], request.encode())


def subscribe(path: str, token: str, query: str, variables: dict[str, Any]) -> Path:
    """A file with a request that opens a socket there, and with what is said on it."""
    request = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: bGl2ZWRhc2gtYmVuY2gtaQ==\r\n"
        "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    )
    begin = {"type": "connection_init", "payload": {"token": token}}
    asked = {"query": query, "variables": variables}
    start = {"id": "00000000-0000-4000-8000-000000000000", "type": "subscribe", "payload": asked}
    lines = orjson.dumps(begin) + b"\n" + orjson.dumps(start)
    return _file(f"socket{path.replace('/', '-')}", request.encode() + lines)


@functools.cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="livedash-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _file(name: str, content: bytes) -> Path:
    path = _folder() / name
    path.write_bytes(content)
    return path


@functools.cache
def built(name: str) -> Path:
    if shutil.which("cc") is None:
        raise SystemExit("the load generators are in C: install a C compiler (Debian: apt-get install gcc libc6-dev)")
    program = _folder() / f"client-{name}"
    subprocess.run(["cc", "-O2", "-pthread", "-o", program, SOURCES / f"{name}.c"], check=True)
    return program
