"""Streams by both ways: past ASGI, as with uvicorn, and over plain ASGI, as with any other server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from livedash.web import event_streams
from tests.server import Client, serving


@pytest.fixture(params=["taken over", "plain ASGI"])
async def both(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Client]:
    """A server whose streams go one of the two ways."""
    if request.param == "plain ASGI":
        monkeypatch.setattr(event_streams, "take_over", lambda *_: None)
    async with serving(tmp_path / "data") as running:
        yield running
