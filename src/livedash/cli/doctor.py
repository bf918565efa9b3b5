"""`livedash doctor`: what is wrong with the data folder or this host, and what to do about it."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from rich.console import Console

from livedash.base.config import Settings
from livedash.base.folder import Folder
from livedash.base.limits import MIB
from livedash.base.secrets import KEY_FILE, Vault
from livedash.model.errors import LivedashError
from livedash.web.static import Assets, AssetsMissing

Check = Callable[[Settings, Folder], Iterator[str]]
_LOW_SPACE = 512 * MIB


def examine(data: Path | None) -> int:
    """Print every finding. Exit status: 0 when all is well, else 1. Raises Conflict while a server runs there."""
    settings = Settings.load(data=data)
    out = Console(highlight=False, soft_wrap=True)
    if not settings.data.exists():
        out.print(f"{settings.data} does not exist yet; `livedash serve` makes it", markup=False)
        return 0
    folder, wrong = Folder(settings.data), 0
    with folder.locked():
        for name, check in _CHECKS.items():
            findings = list(check(settings, folder))
            wrong += len(findings)
            out.print(f"{'✗' if findings else '✓'} {name}", style="red" if findings else "green")
            for finding in findings:
                out.print(f"    {finding}", markup=False)
    return 1 if wrong else 0


def _private(settings: Settings, folder: Folder) -> Iterator[str]:
    for path in (folder.path, *folder.path.glob("*.token"), *folder.path.glob("*.key")):
        if path.stat().st_mode & 0o077:
            yield f"{path} can be read by others; run: chmod go= {path}"


def _space(settings: Settings, folder: Folder) -> Iterator[str]:
    free = shutil.disk_usage(folder.path).free
    if free < max(settings.disk_reserve, _LOW_SPACE):
        yield f"only {free // MIB} MiB of the disk are free; free some, or shorten the retention"


def _secrets(settings: Settings, folder: Folder) -> Iterator[str]:
    """Opens each, and never makes a key: a new one would open nothing and hide what is missing."""
    try:
        sealed = _query(folder.catalog, "SELECT id, sealed FROM token WHERE sealed IS NOT NULL")
    except sqlite3.Error:  # the next check says so
        return
    if not settings.secret_key and not (folder.path / KEY_FILE).exists():
        if sealed:
            yield f"{folder.path / KEY_FILE} is missing; restore it, or set LIVEDASH_SECRET_KEY as it was"
        return
    try:
        vault = Vault.open(folder.path, settings.secret_key)
        for about, secret in sealed:
            vault.unseal(secret, about)
    except LivedashError as error:
        yield str(error)


def _databases(settings: Settings, folder: Folder) -> Iterator[str]:
    for path in (folder.catalog, folder.log):
        try:
            found = [row[0] for row in _query(path, "PRAGMA quick_check")] or ["ok"]
        except sqlite3.Error as error:
            found = [str(error)]
        if found != ["ok"]:
            yield f"{path} is damaged ({found[0].splitlines()[-1]}); restore it from a backup"


def _query(path: Path, statement: str) -> list[Any]:
    """Rows of a database that is only read; none when there is no such file. Raises sqlite3.Error."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        return database.execute(statement).fetchall()


def _assets(settings: Settings, folder: Folder) -> Iterator[str]:
    try:
        Assets.load()
    except AssetsMissing as error:
        yield str(error)


_CHECKS: dict[str, Check] = {
    "only its owner reads the data folder": _private,
    "there is room on the disk": _space,
    "stored secrets can be opened": _secrets,
    "the databases are whole": _databases,
    "the pages' script and style are there": _assets,
}
