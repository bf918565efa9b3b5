"""What examples/rebroadcast holds has bounds, and its requirements are whole: looked at from inside."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from .rebroadcast import EPOCH, EVENTS, FOLDER, SECRET


async def test_too_many_pages_are_asked_to_come_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = load()
    monkeypatch.setattr(module, "PAGES", 0)
    app = module.make_app(SECRET, str(tmp_path / "events.db"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://example") as client:
        answer = await client.get(EVENTS)
    assert (answer.status_code, answer.text) == (200, "retry: 30000\n\n")


async def test_what_is_kept_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = load()
    monkeypatch.setattr(module, "EVENTS", 10)
    monkeypatch.setattr(module, "DELIVERIES", 5)
    history = module.History(str(tmp_path / "events.db"))
    for number in range(100):
        history.add(f"delivery-{number}", [(f"{EPOCH}-{number}", b"")])
    assert [number for number, _ in history.read(0)] == list(range(91, 101))
    assert history._db.execute("SELECT count(*) FROM delivery").fetchone() == (5,)


def load() -> Any:
    """The example as a module."""
    spec = importlib.util.spec_from_file_location("rebroadcast_app", FOLDER / "app.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_requirements_are_what_it_imports() -> None:
    required = {line.split(">=")[0] for line in (FOLDER / "requirements.txt").read_text().splitlines()}
    lines = (FOLDER / "app.py").read_text().splitlines()
    imported = {line.split()[1].split(".")[0] for line in lines if line.startswith(("import ", "from "))}
    assert imported - set(sys.stdlib_module_names) == required
