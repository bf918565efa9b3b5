"""The data folder: everything Livedash keeps, readable by its owner only."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from livedash.model.errors import Conflict, StorageError

DEMO_FOLDER = Path("livedash-demo")  # the demo's own, unless a setting says otherwise


class Folder:
    """Paths in one data folder. Making it creates the folder with mode 0700."""

    ADMIN_TOKEN = "admin.token"
    LOCK = "lock"  # holds the number of the process that has the folder

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"cannot make the data folder {path}: {error.strerror}") from None

    @property
    def catalog(self) -> Path:
        return self.path / "catalog.db"

    @property
    def log(self) -> Path:
        return self.path / "log.db"

    @property
    def admin_token(self) -> Path:
        return self.path / self.ADMIN_TOKEN

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one process. Raises Conflict when another has it, StorageError."""
        try:
            file = (self.path / self.LOCK).open("a", encoding="utf-8")
        except OSError as error:
            raise StorageError(f"cannot write in the data folder {self.path}: {error.strerror}") from None
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict(f"another Livedash uses {self.path}; stop it first or choose another --data") from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield
