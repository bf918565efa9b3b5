"""`bench fanout` counts right: what it says of a server that loses, doubles or swaps events, and of Livedash."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from bench import client
from bench.fanout_run import Load, measured, stormed
from bench.fanout_servers import livedash

pytestmark = pytest.mark.skipif(
    shutil.which("cc") is None or len(os.sched_getaffinity(0)) < 2, reason="needs a C compiler and two cores"
)
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
READERS, RECORDS = 3, 20
Sends = Callable[[int, list[bytes]], list[bytes]]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@asynccontextmanager
async def server(sends: Sends) -> AsyncIterator[int]:
    """The port of a server that keeps what is posted, and when it has all sends the reader `n` what `sends(n, all)`
    gives, piece by piece."""
    readers: list[asyncio.StreamWriter] = []
    frames: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            if head.startswith(b"GET"):
                readers.append(writer)
                writer.write(HEAD)
                continue
            size = int(head.lower().partition(b"content-length: ")[2].split()[0])
            frames.append(chunk(b"data: %b\n\n" % await reader.readexactly(size)))
            writer.write(TAKEN)
            if len(frames) == RECORDS:
                for number, each in enumerate(readers):
                    for piece in sends(number, frames):
                        each.write(piece)
                        await asyncio.sleep(0)

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async with await asyncio.start_server(served, "127.0.0.1") as listening:
        yield listening.sockets[0].getsockname()[1]


async def counted(sends: Sends) -> tuple[int, bool]:
    """How many events were lost, and whether any came twice or in another order."""
    async with server(sends) as port:
        words = [port, READERS, RECORDS, 0, 1, client.post_to("/publish"), client.get("/stream")]
        pipe = asyncio.subprocess.PIPE
        fan = await asyncio.create_subprocess_exec(client.built("fan"), *map(str, words), stdin=pipe, stdout=pipe)
        said, _ = await fan.communicate(b"\n")
    found = json.loads(said.removeprefix(b"open\n"))
    return found["lost"], found["disorder"] > 0


def only_for_one(sends: Callable[[list[bytes]], list[bytes]]) -> Sends:
    return lambda number, frames: sends(frames) if number == 1 else frames


def lost(frames: list[bytes]) -> list[bytes]:
    return frames[:5] + frames[6:]


def doubled(frames: list[bytes]) -> list[bytes]:
    return [*frames[:5], frames[4], *frames[5:]]


def in_its_stead(frames: list[bytes]) -> list[bytes]:
    """One twice, and the next not at all."""
    return [*frames[:5], frames[4], *frames[6:]]


def swapped(frames: list[bytes]) -> list[bytes]:
    return [*frames[:5], frames[6], frames[5], *frames[7:]]


def in_bits(number: int, frames: list[bytes]) -> list[bytes]:
    every = b"".join(frames)
    return [every[at : at + 11] for at in range(0, len(every), 11)]


async def test_it_finds_what_a_server_does_wrong():
    assert await counted(lambda number, frames: frames) == (0, False)
    assert await counted(in_bits) == (0, False)
    assert (await counted(only_for_one(lost)))[0] == 1
    assert await counted(only_for_one(doubled)) == (0, True)
    assert await counted(lambda number, frames: in_its_stead(frames)) == (0, True)
    assert await counted(only_for_one(swapped)) == (0, True)


def test_livedash_loses_and_doubles_nothing():
    found = measured(livedash, Load(readers=20, records=200, rate=0))
    assert (found["events"], found["lost"], found["disorder"]) == (4_000, 0, 0)
    assert found["cpu_us"] > 0


def test_livedash_loses_and_doubles_nothing_when_all_drop_and_resume():
    found = stormed(livedash, Load(readers=100, records=100, rate=100))
    assert (found["events"], found["lost"], found["disorder"]) == (10_000, 0, 0)
