"""`bench graphql` counts right over sockets as over streams: of a server that loses or doubles, and of Livedash."""

import asyncio
import json
import os
import shutil
from collections.abc import Callable

import orjson
import pytest
from bench import client
from bench.fanout_run import Load, measured
from bench.subscriptions import QUERY, livedash
from websockets.asyncio.server import ServerConnection, serve

pytestmark = pytest.mark.skipif(
    shutil.which("cc") is None or len(os.sched_getaffinity(0)) < 2, reason="needs a C compiler and two cores"
)
READERS, RECORDS = 3, 20
TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
Sends = Callable[[list[str]], list[str]]


async def counted(sends: Sends) -> tuple[int, bool, set[str]]:
    """How many events were lost, whether any came twice or in another order, and the ids of the subscriptions."""
    records: list[bytes] = []
    ids: set[str] = set()
    complete = asyncio.Event()

    async def follow(connection: ServerConnection) -> None:
        assert orjson.loads(await connection.recv()) == {"type": "connection_init", "payload": {"token": "t"}}
        await connection.send('{"type":"connection_ack"}')
        asked = orjson.loads(await connection.recv())
        assert (asked["type"], asked["payload"]) == ("subscribe", {"query": QUERY, "variables": {"p": "bench"}})
        ids.add(asked["id"])
        await complete.wait()
        for text in sends([f'{{"id":"{asked["id"]}","payload":{each.decode()}}}' for each in records]):
            await connection.send(text)
        await connection.wait_closed()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            size = int(head.lower().partition(b"content-length: ")[2].split()[0])
            records.append(await reader.readexactly(size))
            writer.write(TAKEN)
            if len(records) == RECORDS:
                complete.set()

    async def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Sockets are passed on, posts are taken."""
        first = await reader.readexactly(4)
        if first == b"POST":
            try:
                await take(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()
            return
        inner, outer = await asyncio.open_connection("127.0.0.1", port)
        outer.write(first)
        await asyncio.gather(passed(reader, outer), passed(inner, writer))

    async def passed(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65_536):
                to.write(data)
        except ConnectionError:
            pass
        to.close()

    async with (
        serve(follow, "127.0.0.1", 0, subprotocols=["graphql-transport-ws"], compression=None) as sockets,  # type: ignore[list-item]
        await asyncio.start_server(taken, "127.0.0.1", 0) as front,
    ):
        port = sockets.sockets[0].getsockname()[1]
        stream = client.subscribe("/api/graphql", "t", QUERY, {"p": "bench"})
        words = [front.sockets[0].getsockname()[1], READERS, RECORDS, 0, 1, client.post_to("/publish"), stream]
        pipe = asyncio.subprocess.PIPE
        fan = await asyncio.create_subprocess_exec(client.built("fan"), *map(str, words), stdin=pipe, stdout=pipe)
        said, _ = await fan.communicate(b"\n")
    found = json.loads(said.removeprefix(b"open\n"))
    return found["lost"], found["disorder"] > 0, ids


async def test_it_finds_what_a_server_does_wrong():
    lost, disorder, ids = await counted(lambda texts: texts)
    assert (lost, disorder, len(ids)) == (0, False, READERS), "each has an id of its own"
    assert (await counted(lambda texts: texts[1:]))[0] == READERS
    assert (await counted(lambda texts: [texts[0], *texts]))[1]


def test_livedash_loses_and_doubles_nothing_over_sockets():
    found = measured(livedash, Load(readers=20, records=200, rate=0))
    assert (found["events"], found["lost"], found["disorder"]) == (4_000, 0, 0)
