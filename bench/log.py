"""What SqliteLog.commit takes beside a bare `executemany` loop with the same schema and pragmas.

Run with `python bench/log.py`. Medians of alternating runs, each on a new store in a temporary folder.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from livedash.base.clock import now
from livedash.log import Append
from livedash.log.sqlite import SqliteLog
from livedash.log.sqlite.schema import connect, prepare
from livedash.model import Draft

RUNS = 5
BATCH = 1_000
BATCHES = 100
GROUP = 64
GROUPS = 400
DATA = {"city": "Seattle", "temp": 21.4, "wind": 3.2, "rain": 0.0, "station": "SEA-001", "humidity": 61}


def drafts(number: int) -> list[Draft]:
    start = now()
    return [Draft.encode(DATA, {"temp": 21.4, "wind": 3.2, "rain": 0.0}, start + index) for index in range(number)]


async def batches(path: Path) -> int:
    log = SqliteLog(path, clock=now)
    batch = drafts(BATCH)
    for _ in range(BATCHES):
        await log.commit([Append("bench", batch)])
    await log.close()
    return BATCH * BATCHES


async def groups(path: Path) -> int:
    """What the door does for 64 clients that post one record each."""
    log = SqliteLog(path, clock=now)
    group = [Append("bench", [draft]) for draft in drafts(GROUP)]
    for _ in range(GROUPS):
        await log.commit(group)
    await log.close()
    return GROUP * GROUPS


async def bare(path: Path, batch: int, times: int) -> int:
    """Records only: no head, no index by time, no thread, no outcome."""
    db = connect(str(path))
    prepare(db, str(path))
    rows = drafts(batch)
    for turn in range(times):
        db.execute("BEGIN IMMEDIATE")
        db.executemany(
            "INSERT INTO record VALUES (1, ?, ?, NULL, ?)", [(turn * batch + i, *row) for i, row in enumerate(rows)]
        )
        db.execute("COMMIT")
    db.close()
    return batch * times


async def bare_batches(path: Path) -> int:
    return await bare(path, BATCH, BATCHES)


async def bare_groups(path: Path) -> int:
    return await bare(path, GROUP, GROUPS)


def run() -> list[dict[str, Any]]:
    """A row per measurement: `name`, `value` and `bare` in records a second, and their `ratio`."""
    return [
        _compare(f"log.commit, batches of {BATCH:,}", batches, bare_batches),
        _compare(f"log.commit, groups of {GROUP} appends of one", groups, bare_groups),
    ]


Measured = Callable[[Path], Coroutine[Any, Any, int]]


def _compare(name: str, ours: Measured, bare: Measured) -> dict[str, Any]:
    pairs = [(_rate(ours), _rate(bare)) for _ in range(RUNS)]
    value, beside = (statistics.median(rates) for rates in zip(*pairs, strict=True))
    return {"name": name, "value": round(value), "bare": round(beside), "unit": "records/s", "ratio": value / beside}


def _rate(measured: Measured) -> float:
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        records = asyncio.run(measured(Path(folder) / "log.db"))
        return records / (time.perf_counter() - start)


if __name__ == "__main__":
    for row in run():
        print(f"{row['name']:45} {row['value']:>10,} {row['unit']}   bare {row['bare']:>10,}   {row['ratio']:.2f}")
