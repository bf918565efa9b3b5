"""`livedash send`: records from a file or standard input into a pipeline, in batches, without duplicates."""

import os
import random
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import httpx
import orjson
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from livedash.cli.client import Refused, Unreachable, call, connect
from livedash.model.errors import Invalid

BATCH_LINES = 1_000
BATCH_BYTES = 8_000_000  # well below what a server takes
RETRIES = 8
FIRST_WAIT = 0.5  # seconds; doubled each time, so that eight tries last about two minutes
_PASSING = (408, 429, 500, 502, 503, 504)


@dataclass(slots=True)
class Tally:
    """What became of the lines sent so far."""

    accepted: int = 0
    refused: int = 0
    cursor: str | None = None
    errors: list[str] = field(default_factory=list)


def batches(source: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Lines in batches, each with the number of its first line."""
    lines: list[bytes] = []
    size, first = 0, 1
    for number, line in enumerate(source, 1):
        lines.append(line if line.endswith(b"\n") else line + b"\n")
        size += len(line)
        if len(lines) >= BATCH_LINES or size >= BATCH_BYTES:
            yield first, b"".join(lines)
            lines, size, first = [], 0, number + 1
    if lines:
        yield first, b"".join(lines)


def send(client: httpx.Client, pipeline: str, batch: bytes, first: int, tally: Tally) -> None:
    """Send one batch and count what became of it. A try whose answer was lost is repeated under the same key, so
    nothing is stored twice. Raises Refused or Unreachable after the last try."""
    outcome = _tried(client, pipeline, batch, str(uuid.uuid4()))
    tally.accepted += outcome["accepted"]
    tally.refused += outcome["refused"]
    tally.cursor = outcome["cursor"] or tally.cursor
    filled = [n for n, line in enumerate(batch.splitlines(), first) if line.strip()]
    tally.errors += [f"line {filled[error['index']]}: {error['reason']}" for error in outcome["errors"]]


def _tried(client: httpx.Client, pipeline: str, batch: bytes, key: str) -> dict[str, Any]:
    headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": key}
    path = f"/api/pipelines/{pipeline}/records"
    for wait in (*(FIRST_WAIT * 2**n for n in range(RETRIES - 1)), None):
        try:
            response = call(client, "POST", path, content=batch, headers=headers, accept=(422,))
            return cast("dict[str, Any]", orjson.loads(response.content))
        except (Unreachable, Refused) as error:
            if wait is None or (isinstance(error, Refused) and error.status not in _PASSING):
                raise
            time.sleep(wait * random.uniform(0.8, 1.2))
    raise AssertionError("the last try returns or raises")


def send_file(pipeline: str, file: str) -> int:
    """Exit status: 0 when every line was accepted, else 2."""
    tally = Tally()
    with ExitStack() as stack:
        source = sys.stdin.buffer if file == "-" else stack.enter_context(_opened(file))
        size = os.fstat(source.fileno()).st_size or None if file != "-" else None
        bar = stack.enter_context(_bar(size))
        task = bar.add_task(pipeline, total=size)
        client = stack.enter_context(connect())
        for first, batch in batches(source):
            send(client, pipeline, batch, first, tally)
            bar.update(task, advance=len(batch), description=f"{pipeline}: {tally.accepted:,} records")
    _report(tally)
    return 2 if tally.refused else 0


def _opened(file: str) -> BinaryIO:
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise Invalid(f"cannot read {file}: {error.strerror}") from None


def _bar(size: int | None) -> Progress:
    """A progress bar on standard error: of bytes when the size is known."""
    amount = (DownloadColumn(), TimeRemainingColumn()) if size else (TimeElapsedColumn(),)
    return Progress(TextColumn("{task.description}"), BarColumn(), *amount, console=Console(stderr=True))


def _report(tally: Tally) -> None:
    out = Console(stderr=True, highlight=False, soft_wrap=True)
    for error in tally.errors:
        out.print(f"refused: {error}", style="yellow", markup=False)
    if unlisted := tally.refused - len(tally.errors):
        out.print(f"and {unlisted:,} more were refused", style="yellow")
    out.print(f"{tally.accepted:,} accepted, {tally.refused:,} refused; cursor {tally.cursor or '–'}")
