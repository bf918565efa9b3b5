"""Broadcast: everybody gets every record once and in order, in one go at the head; who falls behind is let go."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from livedash.base import clock, limits
from livedash.base.metrics import Metrics
from livedash.model import Cursor, Page
from livedash.model.errors import StorageError
from livedash.stream.broadcast import Broadcast
from livedash.stream.event_shape import EventShape
from livedash.stream.follower import Follower
from livedash.stream.reader import Reader
from livedash.stream.tail import Tail
from tests.stream.conftest import Stream, a_pipeline
from tests.stream.lines import Client

PLAIN = EventShape()
ODD = EventShape(where="data.n % 2 == 1")


class Broadcasting:
    """A broadcast of one pipeline, with what it counted and what it asked before it wrote."""

    def __init__(self, stream: Stream, tail: Tail) -> None:
        self.stream = stream
        self.tail = tail
        self.metrics = Metrics()
        self.counted = [0, 0]
        self.settled: Callable[[], Awaitable[None]] = _at_once
        self.broadcast = Broadcast(lambda: self.settled(), clock.now, self.metrics)

    def follow(self, client: Client, cursor: Cursor | None = None, shape: EventShape = PLAIN) -> Follower:
        follower = self.broadcast.follow(self.tail, shape, cursor or Cursor(self.tail.epoch, self.tail.last), self.sent)
        client.left = follower.stop  # as a stream does it
        follower.start(client)
        return follower

    def sent(self, records: int, size: int) -> None:
        self.counted[0] += records
        self.counted[1] += size

    async def append(self, count: int) -> None:
        """Records whose `n` is their offset, one by one."""
        for _ in range(count):
            await self.stream.door.append(a_pipeline(), [{"n": self.tail.last + 1}])
            await self.tail.poll()

    async def head(self) -> int:
        await self.tail.poll()
        return self.tail.last


async def _at_once() -> None: ...


@pytest.fixture
async def on(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> Broadcasting:
    monkeypatch.setattr(limits, "FRAME_BYTES", 1)  # so that each record is a frame
    return Broadcasting(stream, await stream.tails.of(a_pipeline()))


async def test_everybody_gets_everything_once_and_in_order(on: Broadcasting, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "BROADCAST_SLICE", 3)
    clients = [Client() for _ in range(10)]
    for client in clients:
        on.follow(client)
    await on.append(30)
    assert [await client.has(30) for client in clients] == [list(range(1, 31))] * 10
    assert on.counted == [300, sum(len(client.received) for client in clients)]


async def test_who_comes_while_others_are_written_to_gets_nothing_twice(
    on: Broadcasting, monkeypatch: pytest.MonkeyPatch
):
    """The newcomer is at the head of the log already, the channel still busy with records before that."""
    first, second, newcomer, turn = Client(), Client(), Client(), asyncio.Event()
    for client in (first, second):
        on.follow(client)
    monkeypatch.setattr(limits, "BROADCAST_SLICE", 1)
    monkeypatch.setattr(asyncio, "sleep", lambda _: turn.wait())  # what the channel does between two slices
    await on.append(1)
    await first.has(1)
    await on.append(2)
    on.follow(newcomer)
    assert (on.tail.last, first.got, second.got) == (3, [1], [])
    turn.set()
    await second.has(3)
    await on.append(1)
    assert await newcomer.has(1) == [4]
    assert [await client.has(4) for client in (first, second)] == [[1, 2, 3, 4]] * 2


async def test_who_comes_from_further_back_is_brought_to_the_others(on: Broadcasting):
    await on.append(250)
    client, other = Client(), Client()
    on.follow(other)
    on.follow(client, Cursor(on.tail.epoch, 5))
    assert await client.has(245) == list(range(6, 251))
    await on.append(1)
    assert (await client.has(246))[-1:] == await other.has(1) == [251]


async def test_who_falls_behind_waits_alone_and_goes_on_where_it_was(on: Broadcasting):
    slow, fast = Client(room=2), Client()
    follower = on.follow(slow)
    on.follow(fast)
    for count in range(1, 5):
        await on.append(1)
        await fast.has(count)
    assert slow.got == [1, 2]
    slow.room = 1
    follower.resume()
    assert await slow.has(3) == [1, 2, 3]
    slow.room = 100
    follower.resume()
    assert await slow.has(4) == [1, 2, 3, 4]
    await on.append(1)
    assert await slow.has(5) == await fast.has(5) == [1, 2, 3, 4, 5]


async def test_who_falls_behind_in_the_middle_of_a_page_goes_on_there(on: Broadcasting):
    await on.append(9)
    client = Client(room=4)
    follower = on.follow(client, Cursor(on.tail.epoch, 0))
    assert await client.has(4) == [1, 2, 3, 4]
    client.room = 100
    follower.resume()
    assert await client.has(9) == list(range(1, 10))


async def test_nothing_is_written_before_rights_are_settled(on: Broadcasting):
    client, asked, turn = Client(), asyncio.Event(), asyncio.Event()

    async def settled() -> None:
        asked.set()
        await turn.wait()

    on.settled = settled
    follower = on.follow(client)
    await on.append(1)
    await asyncio.wait_for(asked.wait(), 5)
    assert not client.got
    follower.stop()  # as for one whose token was revoked meanwhile
    other = Client()
    on.follow(other)
    turn.set()
    await on.append(1)
    assert await other.has(1) == [2]
    assert not client.got


async def test_a_filter_is_one_channel_and_so_many_are_allowed(on: Broadcasting, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "STREAM_SHAPES", 1)
    odd, same, all_of_them = Client(), Client(), Client()
    first, second = on.follow(odd, shape=ODD), on.follow(same, shape=ODD)
    on.follow(all_of_them)
    assert on.broadcast.has_room(on.tail, ODD) and on.broadcast.has_room(on.tail, EventShape(pings=True))
    assert not on.broadcast.has_room(on.tail, EventShape(fields=("n",)))
    await on.append(5)
    assert await odd.has(3) == await same.has(3) == [1, 3, 5]
    assert await all_of_them.has(5) == [1, 2, 3, 4, 5]
    first.stop()
    assert not on.broadcast.has_room(on.tail, EventShape(fields=("n",)))
    second.stop()
    assert on.broadcast.has_room(on.tail, EventShape(fields=("n",)))


async def test_silence_moves_a_filtered_client_on(on: Broadcasting, monkeypatch: pytest.MonkeyPatch):
    """Else it would resume from far behind, or find a gap where nothing was for it."""
    client = Client()
    on.follow(client, shape=ODD)
    await on.append(1)
    await client.has(1)
    monkeypatch.setattr(limits, "KEEPALIVE_SECONDS", 0.05)
    await on.stream.door.append(a_pipeline(), [{"n": 2}])
    async with asyncio.timeout(5):
        while client.got[-1] != 2:
            await client.has(len(client.got) + 1)
    assert b"event: ping\nid: " in client.received
    assert on.counted == [1, client.received.index(b"event: ping")], "signs of life are no usage"


async def test_a_log_that_fails_ends_its_streams_and_serves_the_next(on: Broadcasting, monkeypatch: pytest.MonkeyPatch):
    async def failing(*_: object, **__: object) -> None:
        raise StorageError("the disk has gone")

    at_head, further_back, later = Client(), Client(), Client()
    await on.append(1)
    with monkeypatch.context() as patched:
        patched.setattr(Reader, "next", failing)
        on.follow(at_head)
        on.follow(further_back, Cursor(on.tail.epoch, 0))
        for client in (at_head, further_back):
            await client.has(1)
            assert client.ended
            assert b"event: ping\nid: " in client.received, "who was sent nothing yet is told where to go on"
    on.follow(later)
    await on.append(1)
    assert await later.has(1) == [2]


async def test_who_comes_while_the_channel_looks_is_not_left_to_wait(on: Broadcasting, monkeypatch: pytest.MonkeyPatch):
    """The channel read past the tail's head, so it looks again, and just then somebody comes who is at that head."""
    first, late, real, joined = Client(), Client(), on.tail.log.read, asyncio.Event()
    monkeypatch.setattr(on.tail, "hint", lambda last: None)  # hints may be lost
    on.follow(first)
    head = on.tail.last + 200  # more than the tail holds

    async def read(pipeline: str, after: int, limit: int) -> Page:
        if limit == limits.PAGE_RECORDS:
            await on.stream.door.append(a_pipeline(), [{}, {}])
        elif first.got[-1:] == [head + 2] and not joined.is_set():
            joined.set()
            assert on.tail.last == head
            on.follow(late)
        return await real(pipeline, after, limit)

    await on.stream.door.append(a_pipeline(), [{}] * 200)
    monkeypatch.setattr(on.tail.log, "read", read)
    await on.tail.poll()
    await first.has(202)
    async with asyncio.timeout(5):
        await joined.wait()
        assert await late.has(2) == [head + 1, head + 2]


async def test_who_left_while_others_were_written_to_is_not_counted(on: Broadcasting, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "BROADCAST_SLICE", 2)
    clients = [Client() for _ in range(6)]
    followers = [on.follow(client) for client in clients]

    def leaving(data: bytes) -> None:
        while len(followers) > 3:
            followers.pop().stop()

    monkeypatch.setattr(clients[0], "send", leaving)
    await on.append(1)
    await clients[1].has(1)
    await on.append(1)
    await clients[2].has(2)
    assert on.counted[0] == 6 and not any(client.got for client in clients[3:])


async def test_a_channel_ends_with_its_last_line(on: Broadcasting):
    before = asyncio.all_tasks()
    followers = [on.follow(Client()) for _ in range(3)]
    assert len(asyncio.all_tasks()) == len(before) + 1, "one task, however many follow"
    for follower in followers:
        follower.stop()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
