"""The server dies at any moment: no record is lost, none overtakes another, and what is repeated is the same again."""

import asyncio
from collections.abc import Iterable

import pytest

from livedash.sinks.sink import Answer, Parcel
from livedash.sinks.steering import retried
from tests.sinks.endpoint import BAD, NEVER, OK, Endpoint, offsets, settings
from tests.sinks.support import Server, World, a_world, done

RECORDS = 7


class Crash(Endpoint):
    """Of its deliveries of two, the second fails at first and the third is parked. The server dies when `left` moments
    have passed: before and after each commit, before and after each answer."""

    def __init__(self, left: int) -> None:
        super().__init__(settings(records=2))
        self.left = left
        self.happened = asyncio.Event()
        self._attempts: dict[str, int] = {}

    async def moment(self) -> None:
        self.left -= 1
        if self.left == -1:
            self.happened.set()
            await asyncio.Event().wait()

    async def deliver(self, parcel: Parcel) -> Answer:
        await self.moment()
        nth = self._attempts[parcel.id] = self._attempts.get(parcel.id, 0) + 1
        self.always = {3: BAD if nth == 1 else OK, 5: NEVER if nth == 1 else OK}.get(offsets(parcel)[0], OK)
        answer = await super().deliver(parcel)
        await self.moment()
        return answer


async def life(world: World, endpoint: Crash) -> bool:
    """One life of the server; whether it came to its end."""
    world.log.around = endpoint.moment
    server = Server(world)
    follower = server.follow(endpoint)

    async def work() -> None:
        await done(follower, RECORDS)
        numbers = tuple(follower.memory.numbers)
        await follower.change(lambda state: retried(state, numbers))
        await done(follower, RECORDS)

    ended = asyncio.create_task(work())
    died = asyncio.create_task(endpoint.happened.wait())
    await asyncio.wait([ended, died], return_when=asyncio.FIRST_COMPLETED)
    over = ended.done()
    for task in (ended, died):
        task.cancel()
    world.log.around = None
    await server.kill()
    await asyncio.gather(ended, died, return_exceptions=True)
    if over:
        ended.result()
    return over


async def survived(left: int) -> bool:
    """Whether it died at all; checks what came of it."""
    async with a_world() as world:
        endpoint = Crash(left)
        await world.append(RECORDS)
        died = not await life(world, endpoint)
        if died:
            endpoint.happened.clear()
            assert await life(world, endpoint)
        taken = list(endpoint.taken.values())
        assert sorted(number for each in taken for number in offsets(each)) == list(range(1, RECORDS + 1))
        assert [offsets(each)[0] for each in taken if offsets(each)[0] != 5] == [1, 3, 7]
        assert same(endpoint.parcels)
        meters = await world.meters()
        assert (meters["deliveries"], meters["records"]) == (len(taken), RECORDS)
        assert len(endpoint.parcels) - died <= meters["attempts"] <= len(endpoint.parcels)
        state, offset = await world.state()
        assert (offset, state.parked, state.delivery) == (RECORDS, 0, None)
        assert state.attempts == meters["attempts"]
        return died


def same(parcels: Iterable[Parcel]) -> bool:
    """Whether those with the same id are the same."""
    first: dict[str, Parcel] = {}
    return all(first.setdefault(each.id, each).records == each.records for each in parcels)


async def test_at_any_moment():
    left = 0
    while await survived(left):
        left += 1
    assert left > 30  # or it was no test


@pytest.mark.parametrize("between", range(6))
async def test_again_and_again(between: int):
    async with a_world() as world:
        await world.append(RECORDS)
        endpoint = Crash(between + 6)
        lives = 1
        while not await life(world, endpoint):
            lives += 1
            endpoint.happened.clear()
            endpoint.left = between + 6 + lives  # or it never came further
        assert lives > 2
        assert sorted(number for each in endpoint.taken.values() for number in offsets(each)) == [1, 2, 3, 4, 5, 6, 7]
        assert (await world.meters())["deliveries"] == 4
        assert same(endpoint.parcels)
