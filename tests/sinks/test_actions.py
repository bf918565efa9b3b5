"""Whatever happens in whatever order: what was delivered, and the gaps, are exactly the log."""

import asyncio
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livedash.sinks import steering
from livedash.sinks.state import Status
from tests.sinks import endpoint, support
from tests.sinks.endpoint import BAD, GONE, NEVER, NO, OK, Endpoint, offsets
from tests.sinks.support import WEATHER, Server, World, a_world, done, stored

ANSWERS = {"ok": OK, "bad": BAD, "no": NO, "never": NEVER, "gone": GONE}
ACTIONS = st.one_of(
    st.tuples(st.just("append"), st.integers(1, 8)),
    st.tuples(st.just("answer"), st.sampled_from(sorted(ANSWERS))),
    st.tuples(st.sampled_from(["hold", "free", "crash", "pause", "resume", "retry", "turn"]), st.just(0)),
    st.tuples(st.just("trim"), st.integers(1, 5)),
    st.tuples(st.just("replay"), st.integers(1, 5)),
)


class Story:
    """A sink with batches of up to three, and what is done to it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.endpoint = Endpoint(endpoint.settings(records=3))
        self.last = self.trimmed = 0
        self.begin()

    def begin(self) -> None:
        self.server = Server(self.world)
        self.follower = self.server.follow(self.endpoint)

    async def act(self, action: str, amount: int | str) -> None:
        match action:
            case "append":
                self.last += int(amount)
                await self.server.append(*[{}] * int(amount))
            case "answer":
                self.endpoint.answers.append(ANSWERS[str(amount)])
            case "hold":
                self.endpoint.free.clear()
            case "free":
                self.endpoint.free.set()
            case "crash":
                await self.server.kill()
                self.begin()
            case "trim" if self.last > self.trimmed:
                self.trimmed = min(self.trimmed + int(amount), self.last)
                await self.world.trim(self.trimmed)
                self.server.tails.forget(WEATHER.id, self.world.log, self.trimmed)  # type: ignore[arg-type]
            case "turn":
                for _ in range(20):
                    await asyncio.sleep(0)
            case _:
                await self._steer(action, int(amount))

    async def _steer(self, action: str, amount: int) -> None:
        await self.follower.ready.wait()
        now, numbers = self.world.time(), set(self.follower.memory.numbers)
        epoch, first = self.follower.memory.position.epoch, self.trimmed + 1
        match action:
            case "pause":
                await self.follower.change(lambda state: steering.paused(state, now))
            case "resume":
                await self.follower.change(lambda state: steering.resumed(state, now, anew=False))
            case "retry":
                await self.follower.change(lambda state: steering.retried(state, numbers))
            case "replay" if first <= self.last and len(self.follower.memory.state.replays) < 9:
                last = min(self.last, first + amount)
                await self.follower.change(lambda state: steering.replayed(state, epoch, first, last))

    async def end(self) -> None:
        """Everything goes well from now on."""
        self.endpoint.answers.clear()
        self.endpoint.free.set()
        await self.act("append", 1)  # nobody is told of what was trimmed before anybody saw it until more comes
        for action in ("resume", "retry"):
            await self.act(action, 0)
        await self._resumed()
        await self.act("retry", 0)
        await done(self.follower, self.last)
        await stored(self.follower)

    async def _resumed(self) -> None:
        """An answer that was on its way may have disabled it after all."""
        await support.until(lambda: support.idle(self.follower, self.last) or self._disabled())
        if self._disabled():
            await self.act("resume", 0)
            await done(self.follower, self.last)

    def _disabled(self) -> bool:
        return self.follower.memory.state.status is Status.DISABLED


async def told(actions: list[tuple[str, int | str]]) -> None:
    async with a_world() as world:
        story = Story(world)
        for action in actions:
            await story.act(*action)
        await story.end()
        await check(story)
        await story.server.kill()


async def check(story: Story) -> None:
    taken = [each for each in story.endpoint.taken.values() if "_replay" not in each.id]
    seen = Counter(number for each in taken for number in offsets(each))
    gaps = {number for each in taken if each.gap for number in range(each.gap.first, (each.gap.last or 0) + 1)}
    assert set(seen) | gaps == set(range(1, story.last + 1))
    if not story.trimmed:  # else a delivery may be told anew without what is gone of it
        assert not gaps and set(seen.values()) <= {1}
    bounds: dict[str, list[int]] = {}
    assert all(bounds.setdefault(each.id, offsets(each)) == offsets(each) for each in story.endpoint.parcels)
    assert in_order(story)
    state, offset = await story.world.state()
    assert (offset, state.delivery, state.parked, state.retries) == (story.last, None, 0, ())
    meters = await story.world.meters()
    assert meters.get("attempts", 0) == state.attempts <= len(story.endpoint.parcels)
    assert meters.get("deliveries", 0) == len(story.endpoint.taken) or story.trimmed
    assert not story.follower.memory.numbers


def in_order(story: Story) -> bool:
    """Whether first attempts at records were made in the order of the log."""
    parcels = (each for each in story.endpoint.parcels if each.records and "_replay" not in each.id)
    ids = list(dict.fromkeys(each.id for each in parcels))
    lasts = [int(each.rsplit("-", 1)[1]) for each in ids]
    return lasts == sorted(lasts) or bool(story.trimmed)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTIONS, max_size=25))
def test_nothing_is_lost_or_out_of_order(actions: list[tuple[str, int | str]]):
    asyncio.run(told(actions))
