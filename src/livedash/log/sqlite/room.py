"""How much may still be added to the store: what the quota and the disk leave."""

import shutil
import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path

from livedash.base.limits import MIB
from livedash.log.sqlite import reads

UNLIMITED = 1 << 62
_PLENTY = 256 * MIB  # more than is written in _PLENTY_SECONDS, and than one commit may carry
_PLENTY_SECONDS = 0.25
_WAL_BYTES = 8 * MIB  # the WAL and a sweep need this much of the disk when all the rest is full
_DISK_SHARE = 20  # the reserve is at most this part of the disk, so that small disks are of use too


@dataclass(slots=True)
class Room:
    """`quota`: bytes the log may take, 0 for all there are. `reserve`: bytes that are left free of the disk that
    `file` is on; no file, no disk to fill."""

    file: Path | None
    quota: int
    reserve: int
    _plenty_until: float = field(default=0.0, init=False)

    def left(self, db: sqlite3.Connection) -> int:
        """Asked afresh for each commit, so that room that was freed is found at once. Where there is plenty it is
        asked a few times a second: the question gives up Python's lock six times, which beside a busy event loop
        took a third of a commit's time."""
        if time.monotonic() < self._plenty_until:
            return _PLENTY
        left = self._left(db)
        if left >= 2 * _PLENTY:
            self._plenty_until = time.monotonic() + _PLENTY_SECONDS
        return left

    def _left(self, db: sqlite3.Connection) -> int:
        used, reusable = reads.space(db)
        left = self.quota - used if self.quota else UNLIMITED
        return min(left, self._on_disk(self.file, used + reusable) + reusable) if self.file else left

    def _on_disk(self, file: Path, pages: int) -> int:
        """What may be added to a file that has `pages` bytes of pages, some of them only in the WAL as yet: for
        those the disk must still have room when the WAL is emptied."""
        disk = shutil.disk_usage(file.absolute().parent)
        reserve = min(self.reserve, disk.total // _DISK_SHARE)
        wal = max(_WAL_BYTES - _size(Path(f"{file}-wal")), 0)
        return disk.free - reserve - wal - max(pages - _size(file), 0)


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
