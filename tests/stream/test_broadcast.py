"""Broadcast: everybody at the head gets every record once and in order, from one reader; who falls behind is let go."""

import asyncio

import pytest

from livedash.base import limits
from livedash.base.metrics import Metrics
from livedash.model import Cursor, Page
from livedash.stream.broadcast import Broadcast
from livedash.stream.reader import Reader
from tests.stream.conftest import Stream, a_pipeline


class Client:
    """A line that remembers what it got and stops taking more after `room` frames."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.got: list[int] = []
        self.room = room
        self._some = asyncio.Event()

    def write(self, frame: bytes) -> bool:
        self.got += [int(number) for number in frame.split()]
        self.room -= 1
        self._some.set()
        return self.room > 0

    async def has(self, count: int) -> list[int]:
        async with asyncio.timeout(5):
            while len(self.got) < count:
                self._some.clear()
                await self._some.wait()
        return self.got


def frame(page: Page) -> bytes:
    return b" ".join(b"%d" % record.offset for record in page.records)


@pytest.fixture
def revision() -> list[int]:
    return [1]


@pytest.fixture
def broadcast(revision: list[int]) -> Broadcast:
    return Broadcast(frame, lambda: revision[0], Metrics())


async def append(stream: Stream, count: int) -> None:
    for _ in range(count):
        await stream.door.append(a_pipeline(), [{"n": 1}])


async def at_head(stream: Stream) -> Reader:
    return Reader(await stream.tails.of(a_pipeline()))


async def end(*tasks: "asyncio.Task[bool]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_everybody_gets_everything_once_and_in_order(
    stream: Stream, broadcast: Broadcast, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(limits, "BROADCAST_SLICE", 3)
    clients = [Client() for _ in range(10)]
    tasks = [asyncio.create_task(broadcast.follow(await at_head(stream), client)) for client in clients]
    await asyncio.sleep(0)
    await append(stream, 30)
    assert [await client.has(30) for client in clients] == [list(range(1, 31))] * 10
    await end(*tasks)


async def test_who_comes_while_others_are_written_to_gets_nothing_twice(
    stream: Stream, broadcast: Broadcast, monkeypatch: pytest.MonkeyPatch
):
    """The newcomer is at the head of the log already, the channel still busy with records before that."""
    first, second, newcomer, turn = Client(), Client(), Client(), asyncio.Event()
    tasks = [asyncio.create_task(broadcast.follow(await at_head(stream), client)) for client in (first, second)]
    await asyncio.sleep(0)
    monkeypatch.setattr(limits, "BROADCAST_SLICE", 1)
    monkeypatch.setattr(asyncio, "sleep", lambda _: turn.wait())  # what the channel does between two slices
    await append(stream, 1)
    await first.has(1)
    await append(stream, 2)
    tail = await stream.tails.of(a_pipeline())
    await tail.poll()
    tasks.append(asyncio.create_task(_followed(broadcast, Reader(tail), newcomer)))
    assert (tail.last, first.got, second.got) == (3, [1], [])
    turn.set()
    await second.has(3)
    await append(stream, 1)
    assert await newcomer.has(1) == [4]
    assert [await client.has(4) for client in (first, second)] == [[1, 2, 3, 4]] * 2
    await end(*tasks)


async def _followed(broadcast: Broadcast, reader: Reader, client: Client) -> bool:
    """As a stream does it: by the broadcast, and by its own reader where that does not take it."""
    while True:
        if not await broadcast.follow(reader, client):
            client.write(frame(await reader.next(wait=5)))


async def test_who_falls_behind_is_let_go_with_what_it_had(stream: Stream, broadcast: Broadcast):
    slow, fast = Client(room=2), Client()
    reader = await at_head(stream)
    following = asyncio.create_task(broadcast.follow(reader, slow))
    other = asyncio.create_task(broadcast.follow(await at_head(stream), fast))
    await asyncio.sleep(0)
    for count in range(1, 5):
        await append(stream, 1)
        await fast.has(count)
    assert await asyncio.wait_for(following, 5)
    assert slow.got == [1, 2]
    assert reader.cursor.offset == 2
    await end(other)


async def test_a_changed_revision_lets_everybody_go_before_the_next_frame(
    stream: Stream, broadcast: Broadcast, revision: list[int]
):
    client, reader = Client(), await at_head(stream)
    following = asyncio.create_task(broadcast.follow(reader, client))
    await asyncio.sleep(0)
    await append(stream, 1)
    await client.has(1)
    revision[0] = 2
    await append(stream, 1)
    assert await asyncio.wait_for(following, 5)
    assert client.got == [1]
    assert reader.cursor.offset == 1


async def test_who_is_not_at_the_head_is_not_taken(stream: Stream, broadcast: Broadcast):
    await append(stream, 3)
    tail = await stream.tails.of(a_pipeline())
    assert not await broadcast.follow(Reader(tail, Cursor(tail.epoch, 1)), Client())


async def test_a_channel_ends_with_its_last_line(stream: Stream, broadcast: Broadcast):
    before = asyncio.all_tasks()
    following = asyncio.create_task(broadcast.follow(await at_head(stream), Client()))
    await asyncio.sleep(0)
    await end(following)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
