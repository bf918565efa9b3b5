from collections.abc import AsyncIterator

import pytest

from tests.sinks.support import Server, World, a_world, serving


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with a_world() as made:
        yield made


@pytest.fixture
async def server(world: World) -> AsyncIterator[Server]:
    async with serving(world) as made:
        yield made
