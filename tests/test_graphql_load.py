"""`bench graphql` counts right over sockets, however frames are cut: what a server does wrong, and Livedash."""

import asyncio
import functools
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from bench import client
from bench.fanout_run import Load, measured
from bench.subscriptions import QUERY, livedash
from websockets.asyncio.server import ServerConnection, serve

pytestmark = pytest.mark.skipif(
    shutil.which("cc") is None or len(os.sched_getaffinity(0)) < 2, reason="needs a C compiler and two cores"
)
READERS, RECORDS, PATIENCE = 3, 20, 30.0
TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
Said = str | list[str]  # one message; or one in several frames
Sends = Callable[[list[str]], list[Said]]


@dataclass
class Server:
    """Keeps what is posted; when it has all, each socket gets what `sends(all)` gives, in pieces of `piece` bytes."""

    sends: Sends
    piece: int = 65_536
    inner: int = 0
    ids: list[str] = field(default_factory=list)
    records: list[bytes] = field(default_factory=list)
    complete: asyncio.Event = field(default_factory=asyncio.Event)
    under_way: list["asyncio.Task[None] | None"] = field(default_factory=list)

    async def follow(self, connection: ServerConnection) -> None:
        """A socket, from its first message to its end."""
        assert orjson.loads(await connection.recv()) == {"type": "connection_init", "payload": {"token": "t"}}
        await connection.send('{"type": "ping"}')
        assert orjson.loads(await connection.recv()) == {"type": "pong"}
        await connection.send('{"type": "connection_ack", "payload": {"type": "next"}}')
        asked = orjson.loads(await connection.recv())
        assert (asked["type"], asked["payload"]) == ("subscribe", {"query": QUERY, "variables": {"p": "bench"}})
        self.ids.append(asked["id"])
        await self.complete.wait()
        await (await connection.ping(b"are you there?"))
        for said in self.sends([_event(asked["id"], record) for record in self.records]):
            await connection.send(said)
        await connection.wait_closed()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection: posts are taken, a socket is passed on."""
        self.under_way.append(asyncio.current_task())
        try:
            if await reader.readexactly(4) == b"POST":
                await self._posted(reader, writer)
            inner, outer = await asyncio.open_connection("127.0.0.1", self.inner)
            outer.write(b"GET ")
            await asyncio.gather(_passed(reader, outer, 65_536), _passed(inner, writer, self.piece))
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    async def _posted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            size = int(head.lower().partition(b"content-length: ")[2].split()[0])
            self.records.append(await reader.readexactly(size))
            writer.write(TAKEN)
            if len(self.records) == RECORDS:
                self.complete.set()


def _event(own: str, record: bytes) -> str:
    """With what must not be taken for the message's own id and type."""
    data = {"id": "another", "type": "error", "text": '"id":"x\\', "events": orjson.loads(record)}
    return orjson.dumps({"payload": {"data": data}, "id": own, "type": "next"}).decode()


async def _passed(source: asyncio.StreamReader, to: asyncio.StreamWriter, piece: int) -> None:
    with suppress(ConnectionError):
        while data := await source.read(piece):
            to.write(data)
            await asyncio.sleep(0)
    to.close()


@asynccontextmanager
async def _listening(server: Server) -> AsyncIterator[int]:
    wanted: Any = ["graphql-transport-ws"]
    async with serve(server.follow, "127.0.0.1", 0, subprotocols=wanted, compression=None) as sockets:
        server.inner = sockets.sockets[0].getsockname()[1]
        async with await asyncio.start_server(server.take, "127.0.0.1", 0) as front:
            yield front.sockets[0].getsockname()[1]
        await asyncio.gather(*filter(None, server.under_way))


@functools.cache
def _requests() -> tuple[Path, Path]:
    """Written once: many read them at the same time."""
    return client.post_to("/publish"), client.subscribe("/api/graphql", "t", QUERY, {"p": "bench"})


async def said_of(server: Server) -> tuple[dict[str, Any], str]:
    """What the generator counted, and what it complained of when it ended before."""
    async with asyncio.timeout(PATIENCE), _listening(server) as port:
        words = [port, READERS, RECORDS, 0, 1, *_requests()]
        pipe = asyncio.subprocess.PIPE
        fan = await asyncio.create_subprocess_exec(
            client.built("fan"), *map(str, words), stdin=pipe, stdout=pipe, stderr=pipe
        )
        try:
            out, err = await fan.communicate(b"\n")
        finally:
            if fan.returncode is None:
                fan.kill()
    return json.loads(out.removeprefix(b"open\n") or b"{}"), err.decode()


async def counted(sends: Sends, piece: int = 65_536) -> tuple[int, bool, int]:
    """How many events were lost, whether any came twice or in another order, and how many had another's id."""
    server = Server(sends, piece)
    found, complaint = await said_of(server)
    assert not complaint
    assert len(set(server.ids)) == READERS, "each has an id of its own"
    return found["lost"], found["disorder"] > 0, found["foreign"]


def only_for_one(sends: Sends) -> Sends:
    """What is swapped for all is an order, too."""
    return lambda texts: sends(texts) if '"id":"00000001-' in texts[0] else list(texts)


def wrong_id(texts: list[str]) -> list[Said]:
    own = orjson.loads(texts[5])["id"]
    return [*texts[:5], texts[5].replace(own, own[:-1] + "9"), *texts[6:]]


def in_frames(texts: list[str]) -> list[Said]:
    return [[text[:7], "", text[7:100], text[100:]] for text in texts]


def padded(texts: list[str], size: int) -> list[Said]:
    return [text[:-1] + " " * (size - len(text)) + "}" for text in texts]


async def test_it_counts_right_however_the_frames_are_cut():
    every = await asyncio.gather(
        counted(lambda texts: list(texts)),
        counted(lambda texts: list(texts), piece=11),
        counted(in_frames),
        counted(in_frames, piece=7),
        counted(lambda texts: padded(texts, 65_535)),
        counted(lambda texts: padded(texts, 65_536)),
        counted(lambda texts: padded(texts, 200_000), piece=9_999),
    )
    assert set(every) == {(0, False, 0)}


async def test_it_finds_what_a_server_does_wrong():
    lost, doubled, doubled_at_the_end, in_its_stead, swapped, foreign, foreign_too = await asyncio.gather(
        counted(lambda texts: [*texts[:5], *texts[6:]]),
        counted(lambda texts: [*texts[:5], texts[4], *texts[5:]]),
        counted(lambda texts: [*texts, texts[-1]]),
        counted(lambda texts: [*texts[:5], texts[4], *texts[6:]]),
        counted(only_for_one(lambda texts: [*texts[:5], texts[6], texts[5], *texts[7:]])),
        counted(wrong_id),
        counted(lambda texts: [*wrong_id(texts)[:6], *texts[5:]]),
    )
    assert lost == (READERS, False, 0)
    assert doubled == doubled_at_the_end == in_its_stead == swapped == (0, True, 0)
    assert foreign == (READERS, False, READERS)
    assert foreign_too == (0, False, READERS)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ('{"id":"x","type":"complete"}', "an unexpected message"),
        ('{"id":"x","type":"error","payload":[]}', "an unexpected message"),
        ('{"id":"x","type":"next","payload":{"data":null}}', "no record in it"),
    ],
)
async def test_it_ends_when_a_server_says_something_else(said: str, complaint: str):
    found, said_so = await said_of(Server(lambda texts: [*texts[:5], said]))
    assert not found
    assert complaint in said_so


def test_livedash_loses_and_doubles_nothing_over_sockets():
    found = measured(livedash, Load(readers=20, records=200, rate=0))
    assert (found["events"], found["lost"], found["disorder"], found["foreign"]) == (4_000, 0, 0, 0)
