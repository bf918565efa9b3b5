"""`livedash doctor`: all well, each thing that can be wrong, and never a change."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from livedash.base.folder import Folder
from livedash.cli import app
from livedash.web.static import Assets, AssetsMissing
from tests.server import serving


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A data folder as a server left it."""
    async with serving(tmp_path / "data"):
        pass
    return tmp_path / "data"


def examine(folder: Path, **env: str) -> Result:
    more = {"LIVEDASH_DISK_RESERVE": "0", "LIVEDASH_SECRET_KEY": None, "LIVEDASH_ADMIN_TOKEN": None, **env}
    return CliRunner().invoke(app, ["doctor", "--data", str(folder)], env=more, prog_name="livedash")


def wrong(result: Result) -> list[str]:
    return [line.removeprefix("✗ ") for line in result.output.splitlines() if line.startswith("✗")]


def test_all_is_well(folder: Path) -> None:
    result = examine(folder)
    assert result.exit_code == 0, result.output
    assert [line[:1] for line in result.output.splitlines()] == ["✓"] * 5


def test_nothing_there_yet(tmp_path: Path) -> None:
    result = examine(tmp_path / "none")
    assert (result.exit_code, (tmp_path / "none").exists()) == (0, False)
    assert result.output == f"{tmp_path / 'none'} does not exist yet; `livedash serve` makes it\n"


def test_others_can_read_it(folder: Path) -> None:
    folder.chmod(0o755)
    (folder / "secret.key").chmod(0o644)
    result = examine(folder)
    assert (result.exit_code, wrong(result)) == (1, ["only its owner reads the data folder"])
    assert f"    {folder} can be read by others; run: chmod go= {folder}\n" in result.output
    assert f"chmod go= {folder / 'secret.key'}\n" in result.output


def test_the_disk_is_nearly_full(folder: Path) -> None:
    result = examine(folder, LIVEDASH_DISK_RESERVE="1000TB")
    assert (result.exit_code, wrong(result)) == (1, ["there is room on the disk"])


def test_the_key_is_gone_or_another(folder: Path) -> None:
    (folder / "secret.key").unlink()
    gone = examine(folder)
    assert (gone.exit_code, wrong(gone)) == (1, ["stored secrets can be opened"])
    assert "secret.key is missing; restore it" in gone.output
    assert not (folder / "secret.key").exists()  # a new one would open nothing
    other = examine(folder, LIVEDASH_SECRET_KEY="another passphrase")
    assert (other.exit_code, wrong(other)) == (1, ["stored secrets can be opened"])
    short = examine(folder, LIVEDASH_SECRET_KEY="short")
    assert "at least 16 characters" in short.output


@pytest.mark.parametrize("name", ["catalog.db", "log.db"])
def test_a_database_is_damaged(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"not a database, " * 1000)
    result = examine(folder)
    assert (result.exit_code, wrong(result)) == (1, ["the databases are whole"])
    assert f"    {folder / name} is damaged (file is not a database); restore it from a backup\n" in result.output


def test_the_assets_are_not_built(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Assets:
        raise AssetsMissing

    monkeypatch.setattr(Assets, "load", missing)
    result = examine(folder)
    assert (result.exit_code, wrong(result)) == (1, ["the pages' script and style are there"])
    assert "npm ci" in result.output


def test_it_refuses_while_a_server_has_the_folder(folder: Path) -> None:
    with Folder(folder).locked():
        result = examine(folder)
    assert result.exit_code == 1
    assert result.output == f"error: another Livedash uses {folder}; stop it first or choose another --data\n"
    assert examine(folder).exit_code == 0
