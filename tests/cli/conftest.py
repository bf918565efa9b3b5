"""One server process for all tests that only need some server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.support import Shell
from tests.server import process


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with process(tmp_path_factory.mktemp("cli") / "data") as (_, url):
        yield url


@pytest.fixture
def shell(server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    for name in ("LIVEDASH_DATA", "LIVEDASH_URL", "LIVEDASH_TOKEN", "LIVEDASH_ADMIN_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return Shell(server_url, tmp_path)
