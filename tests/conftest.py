"""Fixtures that every test may use."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.server import Client, serving

# What lands must not depend on luck: there Hypothesis takes the same examples each time. Elsewhere it goes on looking.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    """A running Livedash with the weather document applied."""
    async with serving(tmp_path / "data") as running:
        yield running
