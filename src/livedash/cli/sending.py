"""`livedash send`: records from a file or standard input into a pipeline, in batches, without duplicates."""

import random
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from livedash.cli.client import Refused, Unreachable, answer, call, connect, records_path
from livedash.cli.progress import Show
from livedash.model.errors import Invalid, LivedashError

BATCH_LINES = 1_000
READ_BYTES = 4_000_000  # at once: well below what a server takes in one body
RETRIES = 8
FIRST_WAIT = 0.5  # seconds; doubled each time, so that eight tries last about a minute
LISTED = 100  # refused lines that are told one by one
_PASSING = (408, 429, 500, 502, 503, 504)

Tell = Callable[[str], None]


@dataclass(slots=True)
class Tally:
    """What became of the lines so far. `lines` counts those whose fate is known, empty ones too."""

    lines: int = 0
    accepted: int = 0
    refused: int = 0
    listed: int = 0
    cursor: str | None = None


def batches(source: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Lines in batches, each with the number of its first line. What comes slowly is not held back until a batch is
    full. Raises Invalid for a line without an end."""
    first, rest = 1, b""
    while chunk := source.read1(READ_BYTES):  # type: ignore[attr-defined] # BufferedReader and BytesIO have it
        *lines, rest = (rest + chunk).split(b"\n")
        for start in range(0, len(lines), BATCH_LINES):
            group = lines[start : start + BATCH_LINES]
            yield first, b"\n".join(group) + b"\n"
            first += len(group)
        if len(rest) > READ_BYTES:
            raise Invalid(f"line {first} is longer than {READ_BYTES:,} bytes; send one JSON object a line")
    if rest:
        yield first, rest


def send(client: httpx.Client, pipeline: str, batch: bytes, first: int, tally: Tally, tell: Tell) -> None:
    """Send one batch, count what became of it and tell what was refused. A try whose answer was lost is repeated
    under the same key, so nothing is stored twice. Raises Refused or Unreachable after the last try."""
    outcome = _tried(client, pipeline, batch, str(uuid.uuid4()), tell)
    tally.accepted += outcome["accepted"]
    tally.refused += outcome["refused"]
    tally.cursor = outcome["cursor"] or tally.cursor
    lines = batch.removesuffix(b"\n").split(b"\n")
    filled = [number for number, line in enumerate(lines, first) if line.strip()]
    for error in outcome["errors"][: LISTED - tally.listed]:
        tell(f"refused: line {filled[error['index']]}: {error['reason']}")
        tally.listed += 1
    tally.lines = first + len(lines) - 1


def _tried(client: httpx.Client, pipeline: str, batch: bytes, key: str, tell: Tell) -> Any:
    headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": key}
    for again in range(1, RETRIES + 1):
        try:
            return answer(client, "POST", records_path(pipeline), content=batch, headers=headers, accept=(422,))
        except (Unreachable, Refused) as error:
            if again == RETRIES or (isinstance(error, Refused) and error.status not in _PASSING):
                raise
            wait = FIRST_WAIT * 2 ** (again - 1) * random.uniform(0.8, 1.2)
            tell(f"{error}; trying again in {wait:.1f} s")
            time.sleep(wait)
    raise AssertionError("the last try returns or raises")


def send_file(pipeline: str, file: str) -> int:
    """Exit status: 0 when every line was accepted, else 2. Raises what ends it early, after a word on how far it
    came."""
    tally = Tally()
    with ExitStack() as stack:
        source = sys.stdin.buffer if file == "-" else stack.enter_context(_opened(file))
        client = stack.enter_context(connect())
        call(client, "GET", "/healthz", accept=range(400, 600))  # no server at all: better said now than in a minute
        show = stack.enter_context(Show(pipeline, source))
        try:
            for first, batch in batches(source):
                send(client, pipeline, batch, first, tally, show.tell)
                show.advance(len(batch), tally.accepted)
        except (LivedashError, KeyboardInterrupt):
            if tally.lines:
                show.tell(f"stopped after line {tally.lines:,}; what follows may not be stored")
                _report(tally, show.tell)
            raise
        _report(tally, show.tell)
    return 2 if tally.refused else 0


def _opened(file: str) -> BinaryIO:
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise Invalid(f"cannot read {file}: {error.strerror}") from None


def _report(tally: Tally, tell: Tell) -> None:
    if unlisted := tally.refused - tally.listed:
        tell(f"and {unlisted:,} more were refused")
    tell(f"{tally.accepted:,} accepted, {tally.refused:,} refused; cursor {tally.cursor or '–'}")
