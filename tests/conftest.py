"""Fixtures that every test may use."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import uvloop
from hypothesis import settings

from tests.server import Client, serving

# What lands must not depend on luck: there Hypothesis takes the same examples each time. Elsewhere it goes on looking.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


def pytest_asyncio_loop_factories(config: object, item: object) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests run on the event loop that serves: its transports differ in when they say what."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    """A running Livedash with the weather document applied."""
    async with serving(tmp_path / "data") as running:
        yield running
