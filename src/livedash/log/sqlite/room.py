"""How much may still be added to the store: what the quota and the disk leave."""

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from livedash.log.sqlite import reads

UNLIMITED = 1 << 62
_DISK_SHARE = 20  # the reserve is at most this part of the disk, so that small disks are of use too


@dataclass(frozen=True, slots=True)
class Room:
    """`quota`: bytes the log may take, 0 for all there are. `reserve`: bytes that are left free of the disk under
    `folder`; no folder, no disk to fill."""

    folder: Path | None
    quota: int
    reserve: int

    def left(self, db: sqlite3.Connection) -> int:
        """Asked afresh for each commit (some 20 µs), so that room that was freed is found at once."""
        if not self.quota and not self.reserve:
            return UNLIMITED
        used, reusable = reads.space(db)
        left = self.quota - used if self.quota else UNLIMITED
        return min(left, self._on_disk() + reusable)

    def _on_disk(self) -> int:
        if self.folder is None or not self.reserve:
            return UNLIMITED
        disk = os.statvfs(self.folder)
        return disk.f_frsize * disk.f_bavail - min(self.reserve, disk.f_frsize * disk.f_blocks // _DISK_SHARE)
