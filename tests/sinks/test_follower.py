"""One sink at work: batches, filter, checkpoint, meters, news."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from livedash.base import limits
from livedash.model.errors import StorageError
from livedash.sinks.sink import Parcel
from livedash.sinks.state import Status
from tests.sinks.support import (
    BAD,
    DAY,
    HOUR,
    NEVER,
    NO,
    OK,
    SECOND,
    TROUBLE,
    WEATHER,
    Endpoint,
    Server,
    World,
    a_sink,
    answer,
    done,
    idle,
    offsets,
    settings,
    stored,
    until,
)


async def test_a_lone_record_is_delivered_at_once(server: Server):
    endpoint = Endpoint()
    follower = server.follow(endpoint)
    await done(follower, 0)
    await server.append({"n": 1})
    await until(lambda: endpoint.parcels, seconds=1)  # the next poll would be later
    parcel = endpoint.parcels[0]
    assert (parcel.kind, parcel.pipeline, parcel.records[0].data) == ("records", "weather", {"n": 1})
    assert parcel.moment == parcel.records[0].timestamp
    assert parcel.id.startswith("sk_hook_1_") and parcel.id.endswith("-1")


async def test_what_arrives_meanwhile_makes_the_next_delivery(server: Server):
    endpoint = Endpoint()
    endpoint.free.clear()
    follower = server.follow(endpoint)
    await server.append({})
    await until(lambda: endpoint.parcels)
    for _ in range(5):
        await server.append({})
    endpoint.free.set()
    await done(follower, 6)
    assert endpoint.offsets == [[1], [2, 3, 4, 5, 6]]


async def test_a_batch_is_bounded_by_records_and_bytes(server: Server):
    endpoint = Endpoint(settings(records=3, bytes=limits.RECORD_BYTES))
    await server.world.append(4)
    await server.world.append(2, size=limits.RECORD_BYTES // 2)
    await server.world.append(1)
    follower = server.follow(endpoint)
    await done(follower, 7)
    assert endpoint.offsets == [[1, 2, 3], [4, 5], [6, 7]]


async def test_one_record_each(server: Server):
    endpoint = Endpoint(settings(records=1))
    await server.world.append(250)  # more than the tail holds
    follower = server.follow(endpoint)
    await done(follower, 250)
    assert endpoint.offsets == [[number] for number in range(1, 251)]
    assert len(endpoint.taken) == 250  # each with an id of its own


async def test_bounds_include_what_the_filter_passed_over(server: Server):
    endpoint = Endpoint(settings(records=2, where="data.n > 0"))
    await server.append(*[{"n": n} for n in (0, 1, 0, 1, 0, 1, 0)])
    follower = server.follow(endpoint)
    await done(follower, 7)
    assert endpoint.offsets == [[2, 4], [6]]
    assert [each.id.split("_", 2)[2].split("_")[0] for each in endpoint.parcels] == ["1", "6"]
    assert [each.id.rsplit("-", 1)[1] for each in endpoint.parcels] == ["5", "7"]


async def test_the_checkpoint_moves_where_the_filter_takes_nothing(server: Server):
    endpoint = Endpoint(settings(where="data.n > 0"))
    await server.append(*[{"n": 0}] * 300)
    follower = server.follow(endpoint)
    await until(lambda: follower.ready.is_set())
    server.world.time.now += 6 * SECOND
    await server.append({"n": 0})
    await done(follower, 301)
    assert (await server.world.state())[1] == 301
    assert endpoint.parcels == []


async def test_it_moves_soon_also_when_nothing_else_comes(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "SKIPPED_SECONDS", 0.05)
    server.world.time.held = True
    follower = server.follow(Endpoint(settings(where="data.n > 0")))
    await done(follower, 0)
    await server.append({"n": 0})
    await done(follower, 1)
    await server.append({"n": 0})  # too soon after the last checkpoint
    await until(lambda: follower._supply.cursor.offset == 2)
    assert follower.memory.position.offset == 1
    server.world.time.now += SECOND
    await until(lambda: idle(follower, 2), seconds=2)


async def test_bounds_are_stored_before_the_first_attempt(server: Server):
    endpoint = Endpoint(settings(records=2), [OK, BAD, OK])
    seen: list[bool] = []

    async def look(parcel: Parcel) -> None:
        state, offset = await server.world.state()
        assert state.delivery is not None
        seen.append(state.delivery.id("sk_hook") == parcel.id and offset == parcel.records[0].offset - 1)

    endpoint.on_attempt = look
    await server.world.append(7)
    follower = server.follow(endpoint)
    await done(follower, 7)
    assert seen == [True] * 5


async def test_it_waits_as_the_schedule_says_and_keeps_the_order(server: Server):
    endpoint = Endpoint(settings(records=1), [BAD] * 6 + [NO] * 4)
    await server.world.append(3)
    follower = server.follow(endpoint)
    await done(follower, 3)
    assert endpoint.offsets == [[1]] * 10 + [[2], [3]]
    assert server.world.time.slept == [*TROUBLE[:6], 5, 60, 300]
    assert len({each.id for each in endpoint.parcels[:10]}) == 1
    assert list(await follower.memory.parked()) == [1]


async def test_an_attempt_is_not_made_before_its_time(server: Server):
    time = server.world.time
    time.held = True
    endpoint = Endpoint(answers=[answer("trouble", retry_after=600.0)])
    await server.world.append(1)
    follower = server.follow(endpoint)
    await until(lambda: time.slept)
    time.set(time.now + 599 * SECOND)
    await asyncio.sleep(0.01)
    assert len(endpoint.parcels) == 1
    time.set(time.now + HOUR)
    await done(follower, 1)


async def test_the_wait_goes_on_after_a_restart(world: World):
    world.time.held = True
    endpoint = Endpoint(answers=[BAD, BAD])
    await world.append(1)
    for life in range(2):
        server = Server(world)
        follower = server.follow(endpoint)
        await until(lambda: follower.memory.state.failures == 1 and follower._waiting)  # noqa: B023
        assert len(endpoint.parcels) == 1, life
        await server.kill()
    world.time.set(world.time.now + 6 * SECOND)
    server = Server(world)
    follower = server.follow(endpoint)
    await until(lambda: follower.memory.state.failures == 2)
    assert follower.memory.state.delivery is not None and follower.memory.state.delivery.attempts == 2
    await server.kill()


async def test_nothing_but_failure_for_days_disables(server: Server):
    endpoint = Endpoint(always=BAD)
    await server.world.append(1)
    follower = server.follow(endpoint)
    await until(lambda: follower.memory.state.status is Status.DISABLED)
    assert server.world.time.slept[: len(TROUBLE)] == list(TROUBLE)
    assert 5 * DAY <= server.world.time.now - 20_500 * DAY < 6 * DAY + HOUR
    state, offset = await server.world.state()
    assert (offset, state.delivery is not None) == (0, True)  # nothing is lost by it


async def test_every_delivery_is_metered_once(server: Server):
    endpoint = Endpoint(settings(records=2), [BAD, OK, NEVER, OK])
    await server.world.append(6)
    follower = server.follow(endpoint)
    await done(follower, 6)
    assert await server.world.meters() == {
        "attempts": 5 - 1, "deliveries": 2, "records": 4, "bytes": 20, "failed": 2, "parked": 1
    }  # fmt: skip
    follower.journal.count()
    attempts = server.metrics.sink_attempts
    assert [attempts.labels("weather", "hook", each)._value.get() for each in ("delivered", "trouble", "refused")] == [
        2, 1, 1
    ]  # fmt: skip
    assert server.metrics.sink_records.labels("weather", "hook")._value.get() == 4


async def test_attempts_are_kept_newest_first(server: Server):
    endpoint = Endpoint(settings(records=1), [BAD, replace(OK, status=200, body="thanks"), NEVER])
    await server.world.append(2)
    follower = server.follow(endpoint)
    await done(follower, 2)
    found = await follower.journal.attempts()
    assert [(each["number"], each["outcome"], each["attempt"]) for each in found] == [
        (3, "refused", 1), (2, "delivered", 2), (1, "trouble", 1)
    ]  # fmt: skip
    assert (found[1]["status"], found[1]["response"]["body"], found[1]["ms"], found[1]["bytes"]) == (
        200, "thanks", 10.0, 10
    )  # fmt: skip
    assert [each["number"] for each in await follower.journal.attempts(("delivered",))] == [2]


async def test_only_the_newest_attempts_are_kept(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "ATTEMPTS_KEPT", 3)
    endpoint = Endpoint(settings(records=1), [OK, NEVER] * 5)
    await server.world.append(10)
    follower = server.follow(endpoint)
    await done(follower, 10)
    assert [each["number"] for each in await follower.journal.attempts()] == [10, 9, 8, 7, 6, 5]


@pytest.mark.parametrize("start", [None, 0, 2, 5])
async def test_it_begins_where_it_was_told_to(server: Server, start: int | None):
    await server.world.append(5)
    epoch = (await server.tails.of(WEATHER)).epoch
    endpoint = Endpoint()
    follower = server.follow(endpoint, a_sink(start=None if start is None else f"{epoch}-{start}"))
    await done(follower, 5)
    assert [number for each in endpoint.offsets for number in each] == list(range((start or 0) + 1, 6))


async def test_a_start_that_an_older_backup_does_not_reach(server: Server):
    await server.world.append(5)
    epoch = (await server.tails.of(WEATHER)).epoch
    endpoint = Endpoint()
    follower = server.follow(endpoint, a_sink(start=f"{epoch}-9"))
    await done(follower, 5)
    await server.append({})
    await done(follower, 6)
    assert endpoint.offsets == [[6]]


def events_of(server: Server) -> Callable[[], Any]:
    async def events() -> list[dict[str, Any]]:
        page = await server.world.log.log.read("pl_ops", 0, 100)
        return [record.data for record in page.records]

    return events


async def test_operators_are_told_once(world: World):
    operations = replace(WEATHER, id="pl_ops", slug="ops", source={"type": "operations"})
    world.configure(pipelines=(WEATHER, operations))
    endpoint = Endpoint(answers=[BAD, BAD, BAD])
    endpoint.answers.append(OK)
    await world.append(1)
    server = Server(world)
    follower = server.follow(endpoint)
    await done(follower, 1)
    events = await events_of(server)()
    assert [each["type"] for each in events] == ["sink.failing", "sink.recovered"]
    assert {**events[0], "at": ""} == {
        "type": "sink.failing", "pipeline": "weather", "sink": "hook", "reason": "it was trouble", "at": ""
    }  # fmt: skip
    await server.kill()


async def test_they_are_told_once_also_when_it_dies_in_between(world: World):
    operations = replace(WEATHER, id="pl_ops", slug="ops", source={"type": "operations"})
    world.configure(pipelines=(WEATHER, operations))
    endpoint = Endpoint(answers=[NEVER])
    await world.append(1)
    server = Server(world)
    told = asyncio.Event()
    tell = server.door.append

    async def and_die(*args: Any, **more: Any) -> None:
        await tell(*args, **more)
        told.set()
        await asyncio.Event().wait()

    server.door.append = and_die  # type: ignore[method-assign, assignment]
    server.follow(endpoint)
    await asyncio.wait_for(told.wait(), 5)
    assert (await world.state())[0].news  # still to be told, as far as it remembers
    await server.kill()
    server = Server(world)
    follower = server.follow(endpoint)
    await done(follower, 1)
    assert len(await events_of(server)()) == 1
    await server.kill()


async def test_a_sink_of_operations_is_not_told_of_itself(world: World):
    operations = replace(WEATHER, source={"type": "operations"})
    world.configure(pipelines=(operations,))
    endpoint = Endpoint(always=NEVER)
    await world.append(1)
    server = Server(world)
    follower = server.follow(endpoint)
    await done(follower, 1)  # else each parked delivery made the next
    await server.append({})
    await done(follower, 2)
    assert len(endpoint.parcels) == 2
    await server.kill()


async def test_what_came_of_an_attempt_is_stored_though_nothing_can_be_read(server: Server):
    endpoint = Endpoint(settings(records=1))
    endpoint.free.clear()
    await server.world.append(1)
    follower = server.follow(endpoint)
    await until(lambda: endpoint.parcels)

    def broken(name: str) -> Any:
        raise StorageError("no reads")

    tail = await server.tails.of(WEATHER)
    await server.world.append(150)
    tail.hint(151)
    server.world.log.read = lambda *_: broken("read")  # type: ignore[attr-defined]
    endpoint.free.set()
    await until(lambda: follower.memory.state.attempts == 1)
    await stored(follower)
    assert (await server.world.meters())["deliveries"] == 1
    assert (await server.world.state())[1] == 1
    server._tasks.pop()  # its run ended with the error, as it should: a supervisor would begin it again


async def test_every_parcel_of_a_batch_that_is_read_again_is_the_same(world: World):
    endpoint = Endpoint(settings(records=3), [BAD])
    await world.append(3)
    world.time.held = True
    server = Server(world)
    follower = server.follow(endpoint)
    await until(lambda: follower.memory.state.failures)
    await server.kill()
    world.time.set(world.time.now + HOUR)
    await world.append(3)
    server = Server(world)
    follower = server.follow(endpoint)
    await done(follower, 6)
    first, again, after = endpoint.parcels
    assert (first.id, offsets(first), first.records) == (again.id, offsets(again), again.records)
    assert offsets(after) == [4, 5, 6]
    await server.kill()


async def test_parked_deliveries_fill_up_and_disable(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "PARKED_KEPT", 3)
    endpoint = Endpoint(settings(records=1), always=NO)
    await server.world.append(9)
    follower = server.follow(endpoint)
    await until(lambda: follower.memory.state.status is Status.DISABLED)
    assert list(await follower.memory.parked()) == [1, 2, 3]
    assert follower.memory.state.delivery is not None and follower.memory.state.delivery.first == 4
