"""`livedash serve`: a server, and the file it is configured from."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import structlog

from livedash.app import App
from livedash.base import clock
from livedash.base.config import Settings
from livedash.base.folder import Folder
from livedash.cli.files import texts_of, variables_of
from livedash.cli.running import run, setup_link
from livedash.manage.apply import Applied, apply
from livedash.manage.document import load
from livedash.manage.plan import plan
from livedash.manage.rights import Admin
from livedash.model.errors import LivedashError

_log = structlog.get_logger("livedash.config")
SOURCE = "config"  # what `--config` made is known by this name
# Looked at rather than watched: what is watched for changes differs between an edit, a replaced file and a mounted
# volume, and over a network nobody tells. A look costs a few microseconds.
LOOK_SECONDS = 0.25

_Sight = tuple[int, int, int] | None


def serve_until_stopped(config: Path | None, **overrides: Any) -> None:
    """Run the server; raises what keeps it from starting, a mistake in `config` included."""
    settings = Settings.load(**overrides)
    watching: set[asyncio.Task[None]] = set()

    async def prepare(app: App, url: str) -> None:
        if config:
            seen = _look(config)
            await apply_file(app, config)
            watching.add(asyncio.create_task(_watch(app, config, seen)))
        kept = "LIVEDASH_ADMIN_TOKEN" if settings.admin_token else settings.data / Folder.ADMIN_TOKEN
        sys.stdout.write(f"Livedash is at {url}\nAdmin token: {kept}\n")
        sys.stdout.write(f"Sign in (once, within 15 minutes): {setup_link(app, url)}\n")
        sys.stdout.flush()

    run(settings, prepare)


async def apply_file(app: App, path: Path) -> Applied:
    """Apply one file in the server's own name. Raises Invalid with every mistake, Conflict."""
    texts = await asyncio.to_thread(texts_of, [path])
    document = await asyncio.to_thread(load, texts, variables_of(texts))
    planned = plan(document, app.catalog.snapshot, SOURCE)
    applied = await apply(app.catalog, Admin(SOURCE), planned, clock.now, app.logs.head)
    for line in str(applied.plan).splitlines():
        (_log.warning if line.startswith("!") else _log.info)("applied", file=str(path), plan=line)
    for slug, token in applied.made_tokens.items():
        sys.stdout.write(f"Ingest token of {slug} (shown only now): {token}\n")
    sys.stdout.flush()
    return applied


async def _watch(app: App, path: Path, seen: _Sight) -> None:
    """Apply the file again whenever it changes, once it has been still for a look: half a file may be a valid
    document, and what it does not say any more would go. A mistake in it is said and changes nothing."""
    changing = False
    while True:  # for as long as the server runs
        await asyncio.sleep(LOOK_SECONDS)
        before, seen = seen, _look(path)
        if seen != before or not changing:
            changing = seen != before
            continue
        changing = False
        try:
            await apply_file(app, path)
        except LivedashError as error:
            _log.error("not applied", file=str(path), error=str(error))
        except Exception:  # a bug: the next change of the file is looked at all the same
            _log.exception("not applied", file=str(path))


def _look(path: Path) -> _Sight:
    """What changes with the file, also when it is replaced; None while it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
