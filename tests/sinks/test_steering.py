"""People steer a sink, also while an attempt is on its way: nothing is lost that was not given up by name."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from livedash.base import limits
from livedash.model.errors import Busy, CursorExpired, Invalid, NotFound
from livedash.sinks.runner import Sinks
from livedash.sinks.state import Status
from tests.sinks.support import (
    BAD,
    GONE,
    HOUR,
    NEVER,
    OK,
    WEATHER,
    Endpoint,
    Server,
    World,
    a_sink,
    done,
    offsets,
    serving,
    settings,
    stored,
    until,
)

HOOK = a_sink()


class Desk:
    """One sink with batches of two behind a runner, and its follower."""

    def __init__(self, server: Server) -> None:
        self.server, self.world = server, server.world
        self.endpoint = Endpoint(settings(records=2))
        self.world.configure(HOOK)
        self.sinks: Sinks = server.sinks(lambda entry: self.endpoint)

    async def idle(self, last: int) -> None:
        await self.sinks.report(HOOK)
        await done(self.follower, last)

    @property
    def follower(self):  # type: ignore[no-untyped-def]
        return self.sinks._running[HOOK.id][0]

    async def in_flight(self, count: int) -> None:
        await until(lambda: len(self.endpoint.parcels) == count)


@pytest.fixture
async def desk(world: World) -> AsyncIterator[Desk]:
    async with serving(world) as server:
        made = Desk(server)
        yield made
        made.endpoint.free.set()


async def parked(desk: Desk, *answers: object) -> None:
    """Records 1 to 6, of which 3 and 4 are parked."""
    desk.endpoint.answers.extend([OK, NEVER])
    await desk.world.append(6)
    await desk.idle(6)
    desk.endpoint.parcels.clear()


async def test_paused_and_resumed(desk: Desk):
    await desk.idle(0)
    await desk.sinks.pause(HOOK)
    await desk.server.append({}, {}, {})
    await asyncio.sleep(0.01)
    assert desk.endpoint.parcels == []
    assert (await desk.world.state())[0].status is Status.PAUSED
    await desk.sinks.resume(HOOK)
    await desk.idle(3)
    assert desk.endpoint.offsets == [[1, 2], [3]]


async def test_paused_while_an_attempt_is_on_its_way(desk: Desk):
    desk.endpoint.free.clear()
    await desk.world.append(6)
    await desk.in_flight(1)
    await desk.sinks.pause(HOOK)
    desk.endpoint.free.set()
    await until(lambda: desk.follower.memory.position.offset == 2)  # what it took counts
    await stored(desk.follower)
    assert (await desk.world.state())[0].delivery is None
    assert len(desk.endpoint.parcels) == 1
    await desk.sinks.resume(HOOK)
    await desk.idle(6)
    assert desk.endpoint.offsets == [[1, 2], [3, 4], [5, 6]]


async def test_resumed_at_once_while_it_waits(desk: Desk):
    desk.world.time.held = True
    desk.endpoint.answers.append(BAD)
    await desk.world.append(1)
    await until(lambda: desk.world.time.slept)
    await desk.sinks.resume(HOOK)
    await desk.idle(1)
    assert (desk.endpoint.offsets, desk.endpoint.parcels[0].id) == ([[1], [1]], desk.endpoint.parcels[1].id)


async def test_resumed_while_a_second_attempt_is_on_its_way(desk: Desk):
    desk.endpoint.answers.append(BAD)
    desk.world.time.held = True
    await desk.world.append(1)
    await until(lambda: desk.world.time.slept)
    desk.endpoint.free.clear()
    desk.world.time.set(desk.world.time.now + HOUR)
    await desk.in_flight(2)
    await desk.sinks.resume(HOOK)
    desk.endpoint.free.set()
    await desk.idle(1)
    assert len(desk.endpoint.parcels) == 2  # its answer is not forgotten: else it were delivered and paid for twice
    assert (await desk.world.meters())["deliveries"] == 1


async def test_enabled_again_from_the_checkpoint(desk: Desk):
    desk.endpoint.answers.extend([OK, GONE])
    await desk.world.append(5)
    await until(lambda: desk.endpoint.parcels and desk.follower.memory.state.status is Status.DISABLED)
    await desk.sinks.pause(HOOK)  # it stays said why
    assert desk.follower.memory.state.status is Status.DISABLED
    await desk.sinks.resume(HOOK)
    await desk.idle(5)
    assert desk.endpoint.offsets == [[1, 2], [3, 4], [3, 4], [5]]
    assert desk.follower.memory.state.failing is None


async def test_resumed_from_now(desk: Desk):
    desk.endpoint.always = GONE
    await desk.world.append(5)
    await until(lambda: desk.endpoint.parcels and desk.follower.memory.state.status is Status.DISABLED)
    desk.endpoint.always = OK
    await desk.sinks.resume(HOOK, "now")
    await desk.idle(5)
    await desk.server.append({})
    await desk.idle(6)
    assert desk.endpoint.offsets == [[1, 2], [6]]


@pytest.mark.parametrize("held", [True, False])
async def test_resumed_from_a_cursor(desk: Desk, held: bool):
    """Also while the answer to what was given up is still to come."""
    if held:
        desk.endpoint.free.clear()
    await desk.world.append(9)
    await (desk.in_flight(1) if held else desk.idle(9))
    epoch = (await desk.server.tails.of(WEATHER)).epoch
    desk.endpoint.parcels.clear()
    await desk.sinks.resume(HOOK, f"{epoch}-4")
    desk.endpoint.free.set()
    await desk.idle(9)
    assert desk.endpoint.offsets == [[5, 6], [7, 8], [9]]
    assert (await desk.world.meters())["attempts"] == (4 if held else 8)


async def test_no_cursor_that_does_not_exist(desk: Desk):
    await desk.world.append(2)
    await desk.idle(2)
    epoch = (await desk.server.tails.of(WEATHER)).epoch
    with pytest.raises(Invalid, match=f"{epoch}-2"):
        await desk.sinks.resume(HOOK, f"{epoch}-3")
    with pytest.raises(CursorExpired):
        await desk.sinks.resume(HOOK, "other-1")


async def test_replayed_beside_what_is_new(desk: Desk):
    await desk.world.append(6)
    await desk.idle(6)
    desk.endpoint.free.clear()
    await desk.server.append({})
    await desk.in_flight(4)
    desk.endpoint.parcels.clear()
    for _ in range(5):
        await desk.server.append({})
    assert await desk.sinks.replay(HOOK, 2, 5) == 1
    desk.endpoint.free.set()
    await desk.idle(12)
    assert desk.endpoint.offsets == [[2, 3], [8, 9], [4, 5], [10, 11], [12]]
    assert ["replay1" in each.id for each in desk.endpoint.parcels] == [True, False, True, False, False]
    assert len(desk.endpoint.taken) == 9  # no id was that of another
    with pytest.raises(Invalid, match="1 to 12"):
        await desk.sinks.replay(HOOK, 2, 13)


async def test_replays_are_bounded(desk: Desk):
    await desk.world.append(1)
    await desk.idle(1)
    await desk.sinks.pause(HOOK)
    for _ in range(limits.REPLAYS_WAITING):
        await desk.sinks.replay(HOOK, 1, 1)
    with pytest.raises(Busy):
        await desk.sinks.replay(HOOK, 1, 1)
    await desk.sinks.resume(HOOK)
    await desk.idle(1)
    assert len(desk.endpoint.parcels) == 1 + limits.REPLAYS_WAITING


async def test_a_filter_leaves_nothing_to_replay(desk: Desk):
    desk.endpoint.settings = settings(where="data.n > 0")
    await desk.server.append({"n": 0}, {"n": 1}, {"n": 0})
    await desk.idle(3)
    desk.endpoint.parcels.clear()
    await desk.sinks.replay(HOOK, 3, 3)
    await desk.idle(3)
    await desk.sinks.replay(HOOK, 1, 3)
    await desk.idle(3)
    assert desk.endpoint.offsets == [[2]]


async def test_parked_deliveries_are_retried_as_they_were(desk: Desk):
    await parked(desk)
    (told,) = await desk.sinks.parked(HOOK)
    assert (told["number"], told["first"], told["last"], told["reason"]) == (1, 3, 4, "it was refused")
    assert told["attempt"]["outcome"] == "refused"
    assert await desk.sinks.retry(HOOK) == 1
    await desk.idle(6)
    assert desk.endpoint.offsets == [[3, 4]]
    assert desk.endpoint.parcels[0].id == told["delivery"]
    assert await desk.sinks.parked(HOOK) == []
    assert (await desk.world.state())[0].parked == 0


async def test_a_retry_may_be_refused_again(desk: Desk):
    await parked(desk)
    desk.endpoint.answers.append(NEVER)
    await desk.sinks.retry(HOOK, 1)
    await desk.idle(6)
    (told,) = await desk.sinks.parked(HOOK)
    assert (told["number"], told["retrying"]) == (1, False)
    assert (await desk.world.meters())["parked"] == 1


async def test_dropped(desk: Desk):
    await parked(desk)
    await desk.sinks.drop(HOOK, 1)
    assert await desk.sinks.parked(HOOK) == []
    for _ in range(2):
        with pytest.raises(NotFound):
            await desk.sinks.drop(HOOK, 1)
    with pytest.raises(NotFound):
        await desk.sinks.retry(HOOK, 1)
    assert await desk.sinks.retry(HOOK) == 0
    assert (await desk.world.state())[0].parked == 0


async def test_dropped_while_its_retry_is_on_its_way(desk: Desk):
    await parked(desk)
    desk.endpoint.free.clear()
    await desk.sinks.retry(HOOK, 1)
    await desk.in_flight(1)
    await desk.sinks.drop(HOOK, 1)
    desk.endpoint.free.set()
    await desk.idle(6)
    await until(lambda: desk.follower.memory.state.attempts == 4)
    await stored(desk.follower)
    assert (await desk.world.meters())["deliveries"] == 3  # it was delivered all the same, and counts
    assert ((await desk.world.state())[0].parked, desk.follower.memory.numbers) == (0, set())


async def test_asked_for_in_the_moment_in_which_it_is_done(desk: Desk):
    """Who retries or drops what was taken a moment ago is told that it is not there any more."""
    await parked(desk)
    go = asyncio.Event()
    desk.endpoint.free.clear()
    await desk.sinks.retry(HOOK, 1)
    await desk.in_flight(1)
    desk.world.log.around = go.wait  # the disk takes its time
    desk.endpoint.free.set()
    await until(lambda: desk.follower.memory.state.delivery is None)
    for step in (desk.sinks.drop, desk.sinks.retry):
        with pytest.raises(NotFound):
            await step(HOOK, 1)
    desk.world.log.around = None
    go.set()
    await desk.idle(6)
    assert (await desk.world.state())[0].parked == 0
    assert not desk.server.health.failing


async def test_many_are_retried_oldest_first(desk: Desk):
    desk.endpoint.always = NEVER
    await desk.world.append(20)
    await desk.idle(20)
    desk.endpoint.always = OK
    desk.endpoint.parcels.clear()
    assert await desk.sinks.retry(HOOK) == 10
    await desk.idle(20)
    assert [each[0] for each in desk.endpoint.offsets] == list(range(1, 21, 2))


async def test_a_test_is_sent_in_every_state(desk: Desk):
    await desk.world.append(3)
    desk.endpoint.answers.append(GONE)
    await until(lambda: desk.endpoint.parcels and desk.follower.memory.state.status is Status.DISABLED)
    told = await desk.sinks.test(HOOK)
    assert (told["kind"], told["outcome"]) == ("test", "delivered")
    assert (desk.endpoint.parcels[-1].kind, offsets(desk.endpoint.parcels[-1])) == ("test", [3])
    assert [each["kind"] for each in await desk.sinks.attempts(HOOK)] == ["test", "records"]
    assert (await desk.world.meters())["attempts"] == 1  # a test is not paid for
    assert desk.follower.memory.state.status is Status.DISABLED


async def test_a_test_while_an_attempt_is_on_its_way(desk: Desk):
    desk.endpoint.free.clear()
    await desk.world.append(1)
    await desk.in_flight(1)
    test = asyncio.create_task(desk.sinks.test(HOOK))
    await desk.in_flight(2)
    desk.endpoint.free.set()
    await test
    await desk.idle(1)
    assert sorted(each["number"] for each in await desk.sinks.attempts(HOOK)) == [1, 2]


async def test_steered_while_it_looks(desk: Desk):
    """Who pauses in the moment in which the log is read is heard all the same."""
    await desk.idle(0)
    tail = await desk.server.tails.of(WEATHER)
    reading, go, read = asyncio.Event(), asyncio.Event(), desk.world.log.log.read

    async def slowly(*args: object) -> object:
        reading.set()
        await go.wait()
        return await read(*args)  # type: ignore[arg-type]

    await desk.world.append(1)
    desk.world.log.read = slowly  # type: ignore[attr-defined]
    tail.hint(1)
    await reading.wait()
    replayed = asyncio.create_task(desk.sinks.resume(HOOK))
    await replayed
    await desk.sinks.pause(HOOK)
    go.set()
    await stored(desk.follower)
    await asyncio.sleep(0.01)
    assert desk.endpoint.parcels == []
    await desk.sinks.resume(HOOK)
    await desk.idle(1)


async def test_one_after_the_other(desk: Desk):
    """A decision that builds on one that was not stored is not stored either."""
    await desk.world.append(2)
    await desk.idle(2)
    holds = asyncio.Event()
    desk.world.log.around = holds.wait
    first = asyncio.create_task(desk.sinks.pause(HOOK))
    second = asyncio.create_task(desk.sinks.retry(HOOK))
    await asyncio.sleep(0.01)
    desk.world.log.failing = True
    desk.world.log.around = None
    holds.set()
    found = await asyncio.gather(first, second, return_exceptions=True)
    assert all(isinstance(each, Exception) for each in found)
    desk.world.log.failing = False
    await until(lambda: desk.follower.memory.failed is None)
    assert desk.follower.memory.state.status is Status.RUNNING  # what is stored
    await desk.sinks.pause(HOOK)
    assert (await desk.world.state())[0].status is Status.PAUSED
