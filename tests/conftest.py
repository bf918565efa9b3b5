"""Fixtures that every test may use."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server import Client, serving


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    """A running Livedash with the weather document applied."""
    async with serving(tmp_path / "data") as running:
        yield running
