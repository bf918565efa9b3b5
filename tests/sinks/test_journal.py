"""What is counted and kept of attempts."""

from dataclasses import replace
from typing import Any

import pytest

from livedash.base import limits
from livedash.model import Gap
from livedash.model.errors import StorageError
from livedash.sinks.state import Status
from tests.sinks.endpoint import BAD, NEVER, NO, OK, Endpoint, settings
from tests.sinks.support import WEATHER, Server, done, stored, until


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


async def test_parked_deliveries_fill_up_and_disable(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "PARKED_KEPT", 3)
    endpoint = Endpoint(settings(records=1), always=NO)
    await server.world.append(9)
    follower = server.follow(endpoint)
    await until(lambda: follower.memory.state.status is Status.DISABLED)
    assert list(await follower.memory.parked()) == [1, 2, 3]
    assert follower.memory.state.delivery is not None and follower.memory.state.delivery.first == 4


async def test_what_is_gone_of_a_parked_delivery_begins_with_it(server: Server):
    """Also when it was trimmed while its second page was read."""
    follower = server.follow(Endpoint(always=NEVER))
    await server.world.append(9)
    await done(follower, 9)
    number, (parked, _) = (await follower.memory.parked()).popitem()
    state = replace(follower.memory.state, retries=(number,))
    found, _, writes = follower.journal.split(state, replace(parked, parked=number), Gap(5, 7, "trimmed"), 1)
    assert found.delivery is not None and found.delivery.gap == Gap(1, 7, "trimmed")
    assert (found.retries, found.parked, len(writes)) == ((number, number + 1), 2, 2)
