"""`livedash serve`: a server, and the file it is configured from."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import structlog

from livedash.app import App
from livedash.base import clock
from livedash.base.config import Settings
from livedash.cli.applying import texts_of, variables_of
from livedash.cli.running import run
from livedash.manage.apply import Applied, apply
from livedash.manage.document import load
from livedash.manage.plan import plan
from livedash.manage.rights import Admin
from livedash.model.errors import LivedashError

_log = structlog.get_logger("livedash.config")
SOURCE = "config"  # what `--config` made is known by this name


def serve_until_stopped(config: Path | None, **overrides: Any) -> None:
    """Run the server; raises what keeps it from starting, a mistake in `config` included."""
    settings = Settings.load(**overrides)
    watching: set[asyncio.Task[None]] = set()

    async def prepare(app: App, url: str) -> None:
        if config:
            await apply_file(app, config)
            watching.add(asyncio.create_task(_watch(app, config)))
        sys.stdout.write(f"Livedash is at {url}\nAdmin token: {settings.data / 'admin.token'}\n")
        sys.stdout.flush()

    run(settings, prepare)


async def apply_file(app: App, path: Path) -> Applied:
    """Apply one file in the server's own name. Raises Invalid with every mistake, Conflict."""
    texts = await asyncio.to_thread(texts_of, [path])
    document = await asyncio.to_thread(load, texts, variables_of(texts))
    applied = await apply(app.catalog, Admin(SOURCE), plan(document, app.catalog.snapshot, SOURCE), clock.now)
    for line in str(applied.plan).splitlines():
        _log.info("applied", file=str(path), plan=line)
    for slug, token in applied.made_tokens.items():
        sys.stdout.write(f"Ingest token of {slug} (shown only now): {token}\n")
    return applied


async def _watch(app: App, path: Path) -> None:
    """Apply the file again whenever it changes. A mistake in it is said and changes nothing."""
    from watchfiles import awatch

    def ours(_: object, changed: str) -> bool:
        return Path(changed).name == path.name

    # the folder, not the file: editors and deployments replace a file rather than write into it
    async for _ in awatch(path.parent, watch_filter=ours):
        try:
            await apply_file(app, path)
        except LivedashError as error:
            _log.error("not applied", file=str(path), error=str(error))
