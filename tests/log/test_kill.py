"""Acknowledged means on disk: a process that dies in the middle of its commits loses none of them."""

import asyncio
import signal
import sys
from pathlib import Path

from livedash.log.sqlite import SqliteLog

from .support import HandClock, offsets

_CHILD = """
import asyncio, os, sys
from livedash.log import Append
from livedash.log.sqlite import SqliteLog, reads
from livedash.model import Draft
async def main():
    log = SqliteLog(sys.argv[1], clock=lambda: 0)
    async def write(me):
        for number in range(1_000_000):
            names = [b"%d-%d-%d" % (me, number, index) for index in range(3)]
            (outcome,) = await log.commit([Append("p", [Draft(0, name) for name in names])])
            os.write(1, b"".join(b"%d %s\\n" % (outcome.first + i, name) for i, name in enumerate(names)))
    await asyncio.gather(*map(write, range(4)))
asyncio.run(main())
"""


async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    acknowledged: dict[int, bytes] = {}
    for lives in range(1, 4):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _CHILD, str(tmp_path / "log.db"), stdout=asyncio.subprocess.PIPE
        )
        assert child.stdout is not None
        written = b""
        while written.count(b"\n") < 300 * lives:
            written += await child.stdout.read(4096)
        child.send_signal(signal.SIGKILL)
        written += await child.stdout.read()
        await child.wait()
        for line in written.decode().splitlines():
            offset, name = line.split(" ")
            assert acknowledged.setdefault(int(offset), name.encode()) == name.encode(), "an offset was given twice"
    log = SqliteLog(tmp_path / "log.db", clock=HandClock())
    assert await offsets(log, "p") == list(range(1, (await log.bounds("p")).last + 1))
    for offset, name in acknowledged.items():
        assert (await log.read("p", offset - 1, 1)).records[0].body == name
    await log.close()
