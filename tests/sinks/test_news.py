"""Operators are told what happened to a sink, once."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.sinks.endpoint import BAD, NEVER, OK, Endpoint
from tests.sinks.support import WEATHER, Server, World, done


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
