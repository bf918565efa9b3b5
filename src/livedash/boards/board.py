"""A board: one dashboard under one set of viewer settings, folded and rendered once for all its viewers."""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from livedash.base import limits
from livedash.base.metrics import Metrics
from livedash.boards import patch
from livedash.boards.feed import Feed
from livedash.boards.widget import Delta, Widget
from livedash.catalog.entries import Dashboard
from livedash.model import Clock, Cursor, Json, Page
from livedash.stream.channel import Channel, Frame
from livedash.stream.frames import event

TICK_SECONDS = 1.0  # how often windows and rates move on when only time passes
PING_SECONDS = 15.0  # a page that hears nothing for longer than this and a little calls itself stale


@dataclass(frozen=True, slots=True)
class Cell:
    """One widget of a board and the feed of its pipeline (None when there is no such pipeline)."""

    id: str
    frame: Markup  # the widget's outside, with one place for its body
    widget: Widget[Any]
    feed: Feed | None


States = dict[str, Any]  # by widget id


class Board:
    """Folds pages into widget states at most `rate` times a second, writes the patches to all who are in `channel`, and
    keeps those of the last versions."""

    def __init__(
        self, dashboard: Dashboard, cells: Sequence[Cell], *, rate: float, clock: Clock, metrics: Metrics
    ) -> None:
        self.dashboard = dashboard
        self.cells = {cell.id: cell for cell in cells}
        self._feeds = tuple({id(cell.feed): cell.feed for cell in cells if cell.feed}.values())
        self._states: States = {}
        self._html: Markup | None = None
        self._pause = 1 / rate
        self._clock = clock
        self._metrics = metrics
        self._epoch = secrets.token_hex(4)
        self._number = 0
        self._patches: deque[bytes] = deque(maxlen=limits.PATCHES_KEPT)
        self.channel = Channel(self.version, lambda records, size: None)
        self.closed = False

    @property
    def version(self) -> Cursor:
        return Cursor(self._epoch, self._number)

    def html(self) -> Markup:
        """The inside of the grid, as of `version`."""
        if self._html is None:
            cells, states = self.cells.values(), self._states
            self._html = Markup("").join(cell.frame.format(cell.widget.render(states[cell.id])) for cell in cells)
        return self._html

    def rows(self, widget: str) -> tuple[list[str], list[list[Json]]]:
        """Column names and rows of one widget. Raises KeyError."""
        return self.cells[widget].widget.rows(self._states[widget])

    def since(self, version: Cursor) -> bytes | None:
        """The patches that lead from `version` to now, joined; None when the board does not know it (any more)."""
        missing = self._number - version.offset
        if version.epoch != self._epoch or not 0 <= missing <= len(self._patches):
            return None
        return b"".join(list(self._patches)[len(self._patches) - missing :])

    async def start(self) -> None:
        """Fold what is there. Raises StorageError."""
        now = self._clock()
        states = {cell.id: cell.widget.start((), now) for cell in self.cells.values()}
        for feed in self._feeds:
            await feed.start(now)
            while await self._read(feed, states):
                pass
        self._states = states

    async def run(self) -> None:
        """Follow the feeds until cancelled: at once when something comes after a pause, then at most `rate` a second.

        What is folded here becomes visible in one moment, in `_publish`: whoever renders meanwhile sees the version
        before, whole."""
        ping_at = 0.0
        await self._tell()  # of what was published when this failed
        while True:
            await self._grown()
            started = time.perf_counter()
            states = dict(self._states)
            try:
                for feed in self._feeds:
                    if not await self._read(feed, states):
                        await self._fold(feed, feed.nothing(), states)
            finally:  # also when a feed fails: what came before that is read, and does not come again
                self._publish(states)
            self._metrics.fold.observe(time.perf_counter() - started)
            await self._tell()
            if time.monotonic() >= ping_at:
                ping_at = time.monotonic() + PING_SECONDS
                await self.channel.write([Frame(self._number, self.ping())], self.version)
            await asyncio.sleep(self._pause)

    async def _grown(self) -> None:
        if not self._feeds:
            return await asyncio.sleep(TICK_SECONDS)
        waits = [asyncio.create_task(feed.grown(TICK_SECONDS)) for feed in self._feeds]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _read(self, feed: Feed, states: States) -> bool:
        """Fold what has come, up to a slice: a board behind a busy pipeline shows how far it is. True if anything."""
        folded = 0
        while folded < limits.BOARD_SLICE_RECORDS:
            page = await feed.next()
            if not page.records and page.gap is None:
                break
            await self._fold(feed, page, states)
            folded += max(len(page.records), 1)
        return folded > 0

    async def _fold(self, feed: Feed, page: Page, states: States) -> None:
        now = self._clock()
        for cell in self.cells.values():
            if cell.feed is feed:
                states[cell.id] = cell.widget.step(states[cell.id], page, now)
                if len(page.records) > limits.TAIL_RECORDS:
                    await asyncio.sleep(0)  # folding a large page is work: others get their turn

    def _publish(self, states: States) -> None:
        deltas: dict[str, Delta] = {}
        for cell in self.cells.values():
            if delta := cell.widget.diff(self._states[cell.id], states[cell.id]):
                deltas[cell.id] = delta
        self._states = states
        if deltas:
            self._html = None
            self._number += 1
            self._patches.append(patch.bundle(self.version, deltas))
            self._metrics.patches.inc()

    async def _tell(self) -> None:
        """Bring everybody to this version."""
        missing = self._number - self.channel.cursor.offset
        if missing:
            newest = list(enumerate(self._patches, self._number - len(self._patches) + 1))[-missing:]
            await self.channel.write([Frame(number, data) for number, data in newest], self.version)

    def ping(self) -> bytes:
        """Says that what a page shows is live."""
        return event("ping", {"now": self._clock() // 1000})
