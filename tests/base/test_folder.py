"""The data folder belongs to its owner, and to one process at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from livedash.base.folder import Folder
from livedash.model.errors import Conflict, StorageError


def test_it_is_made_for_its_owner_only(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "a" / "b")
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert {folder.catalog.parent, folder.log.parent, folder.admin_token.parent} == {folder.path}
    assert Folder(folder.path).path == folder.path  # again is no mistake


def test_where_there_can_be_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StorageError, match=f"cannot make the data folder {path}: "):
            Folder(path)


def test_one_at_a_time(tmp_path: Path) -> None:
    first, second = Folder(tmp_path), Folder(tmp_path)
    with first.locked():
        assert (tmp_path / "lock").read_text() == str(os.getpid())
        with pytest.raises(Conflict, match=f"another Livedash uses {tmp_path}; stop it first"), second.locked():
            pass
        assert (tmp_path / "lock").read_text() == str(os.getpid())  # who was refused wrote nothing
    with second.locked():
        pass


def test_a_killed_process_lets_go(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from livedash.base.folder import Folder\n"
        "with Folder(Path(sys.argv[1])).locked():\n    sys.stdout.write('held'); sys.stdout.flush(); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.read(4) == b"held"
    with pytest.raises(Conflict), Folder(tmp_path).locked():
        pass
    holder.kill()
    holder.communicate()
    with Folder(tmp_path).locked():
        assert (tmp_path / "lock").read_text() == str(os.getpid())


def test_a_lock_that_cannot_be_taken(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(StorageError, match="cannot write in the data folder"), Folder(tmp_path).locked():
        pass
