"""How much may still be added to the store: what the quota and the disk leave."""

import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from livedash.base.limits import MIB
from livedash.log.sqlite import reads

UNLIMITED = 1 << 62
_WAL_BYTES = 8 * MIB  # the WAL and a sweep need this much of the disk when all the rest is full
_DISK_SHARE = 20  # the reserve is at most this part of the disk, so that small disks are of use too


@dataclass(frozen=True, slots=True)
class Room:
    """`quota`: bytes the log may take, 0 for all there are. `reserve`: bytes that are left free of the disk that
    `file` is on; no file, no disk to fill."""

    file: Path | None
    quota: int
    reserve: int

    def left(self, db: sqlite3.Connection) -> int:
        """Asked afresh for each commit (some 20 µs), so that room that was freed is found at once."""
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
