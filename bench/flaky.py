"""An endpoint that goes wrong in known ways, and remembers all that it was sent.

`python -m bench.flaky SEED` prints the port it listens on. What is posted to `/ok/…` is answered 200 at once, to
`/hung/…` after 15 s, to `/flaky/…` as chance of that seed has it. `GET /report` gives every receipt in the order they
came, `GET /wait/ok/N` is answered once N records were accepted under `/ok/`, each counted once for every path."""

import asyncio
import hashlib
import json
import random
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from subprocess import PIPE, Popen
from typing import Any

import orjson

OK, ERROR, BUSY, RESET = 200, 500, 429, 0
HUNG_SECONDS = 15
CHANCES = {ERROR: 0.05, BUSY: 0.01, RESET: 0.01}
ABORTED = struct.pack("ii", 1, 0)  # linger for no time: closing resets the connection


@dataclass(frozen=True, slots=True)
class Receipt:
    """One request: when its head and body were there (µs since 1970), and the status it got, RESET without one. `seqs`
    and `sent` are what the records say in their data, `digest` stands for the body."""

    path: str
    id: str
    at: int
    status: int
    digest: str
    offsets: list[int]
    seqs: list[int | None]
    sent: list[int | None]


class Endpoint:
    """Answers connections; `receipts` is what came."""

    def __init__(self, seed: int) -> None:
        self.receipts: list[Receipt] = []
        self._random = random.Random(seed)
        self._accepted: set[tuple[str, str]] = set()
        self._records = Counter[str]()
        self._grown = asyncio.Condition()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                verb, path, headers = _head(await reader.readuntil(b"\r\n\r\n"))
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                if verb == "GET":
                    writer.write(_answer(OK, await self._control(path)))
                elif not await self._take(path, headers["webhook-id"], body, writer):
                    return
        writer.close()

    async def _control(self, path: str) -> bytes:
        if path == "/report":
            return orjson.dumps([asdict(receipt) for receipt in self.receipts])
        _, _, kind, wanted = path.split("/")
        async with self._grown:
            await self._grown.wait_for(lambda: self._records[kind] >= int(wanted))
        return b""

    async def _take(self, path: str, name: str, body: bytes, writer: asyncio.StreamWriter) -> bool:
        """Answer a delivery. False when the connection was reset."""
        at, status = time.time_ns() // 1000, self._status(path)
        if path.startswith("/hung/"):
            await asyncio.sleep(HUNG_SECONDS)
        self.receipts.append(_receipt(path, name, at, status, body))
        if status == RESET:
            self._reset(writer)
            return False
        writer.write(_answer(status))
        if status == OK and (path, name) not in self._accepted:
            self._accepted.add((path, name))
            async with self._grown:
                self._records[path.split("/")[1]] += len(self.receipts[-1].offsets)
                self._grown.notify_all()
        return True

    def _status(self, path: str) -> int:
        if not path.startswith("/flaky/"):
            return OK
        return self._random.choices([*CHANCES, OK], [*CHANCES.values(), 1 - sum(CHANCES.values())])[0]

    def _reset(self, writer: asyncio.StreamWriter) -> None:
        """In the midst of an answer that begins like one that went well, or before it."""
        writer.write(_answer(OK)[: self._random.choice([0, 20])])
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORTED)
        writer.transport.abort()


def _head(head: bytes) -> tuple[str, str, dict[str, str]]:
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    verb, path, _ = first.split(" ")
    return verb, path, {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


def _answer(status: int, body: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d As-chance-has-it\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


def _receipt(path: str, name: str, at: int, status: int, body: bytes) -> Receipt:
    records = orjson.loads(body)["data"]["records"]
    said = [record["data"] for record in records]
    offsets = [record["offset"] for record in records]
    seqs, sent = [each.get("seq") for each in said], [each.get("sent") for each in said]
    return Receipt(path, name, at, status, hashlib.md5(body).hexdigest(), offsets, seqs, sent)


async def _serve(seed: int) -> None:
    server = await asyncio.start_server(Endpoint(seed).serve, "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


@dataclass(frozen=True)
class Flaky:
    """The endpoint as a process, from outside."""

    port: int

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def report(self) -> list[Receipt]:
        return [Receipt(**each) for each in orjson.loads(self._get("/report", 60))]

    def wait(self, kind: str, records: int, within: float) -> None:
        """Return once so many were accepted by endpoints of that kind. Raises TimeoutError after `within` seconds."""
        self._get(f"/wait/{kind}/{records}", within)

    def _get(self, path: str, within: float) -> Any:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=within)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()


@contextmanager
def flaky(seed: int) -> Iterator[Flaky]:
    process = Popen([sys.executable, "-m", "bench.flaky", str(seed)], stdout=PIPE)
    try:
        assert process.stdout
        yield Flaky(json.loads(process.stdout.readline())["port"])
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
