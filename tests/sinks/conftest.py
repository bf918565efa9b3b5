from collections.abc import AsyncIterator

import pytest

from tests.sinks.desk import Desk
from tests.sinks.house import House
from tests.sinks.support import Server, World, a_world, serving


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with a_world() as made:
        yield made


@pytest.fixture
async def server(world: World) -> AsyncIterator[Server]:
    async with serving(world) as made:
        yield made


@pytest.fixture
async def desk(world: World) -> AsyncIterator[Desk]:
    async with serving(world) as server:
        made = Desk(server)
        yield made
        made.endpoint.free.set()


@pytest.fixture
async def house(world: World) -> AsyncIterator[House]:
    async with serving(world) as server:
        yield House(server)
