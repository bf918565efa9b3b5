"""What `livedash send` shows on standard error: a progress bar on a terminal, and lines above it anywhere."""

import os
import stat
import sys
from types import TracebackType
from typing import BinaryIO, Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Show:
    """A progress bar of bytes when `source` is a file, of time when nobody knows how much will come."""

    def __init__(self, title: str, source: BinaryIO) -> None:
        self._title = title
        self._console = Console(stderr=True, highlight=False)
        size = _size(source)
        amount = (DownloadColumn(), TimeRemainingColumn()) if size else (TimeElapsedColumn(),)
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), *amount)
        self._bar = Progress(*columns, console=self._console, disable=not self._console.is_terminal, transient=True)
        self._task = self._bar.add_task(title, total=size)
        if source is sys.stdin.buffer and sys.stdin.isatty():
            self.tell("One JSON object a line; Ctrl-D ends.")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def advance(self, sent: int, accepted: int) -> None:
        """`sent` bytes more; `accepted` records in all."""
        self._bar.update(self._task, advance=sent, description=f"{self._title}: {accepted:,} records")

    def tell(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)


def _size(source: BinaryIO) -> int | None:
    """Bytes of a regular file, standard input that is one included."""
    found = os.fstat(source.fileno())
    return found.st_size or None if stat.S_ISREG(found.st_mode) else None
