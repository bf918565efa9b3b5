"""The boards of this process: made when somebody looks, shared by all who look, gone when nobody does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from livedash.base import limits
from livedash.base.metrics import Metrics
from livedash.base.supervise import Health, supervise
from livedash.boards.board import Board
from livedash.boards.layout import cells_of
from livedash.boards.settings import ViewerSettings
from livedash.catalog.directory import Directory
from livedash.catalog.entries import Dashboard, Pipeline
from livedash.model import Clock
from livedash.model.errors import Busy
from livedash.stream.tail import Tails

LINGER_SECONDS = 20.0  # between a page and its live connection, and over a reload


@dataclass(slots=True)
class _Place:
    """Where the board for one dashboard and one set of settings is, or is being made."""

    made_from: tuple[object, ...]
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    board: Board | None = None
    task: asyncio.Task[None] | None = None
    watches: set["Watch"] = field(default_factory=set)
    linger: asyncio.TimerHandle | None = None

    def close(self) -> None:
        if self.linger:
            self.linger.cancel()
        if self.board:
            self.board.closed = True
        if self.task:
            self.task.cancel()
        for watch in list(self.watches):
            watch.moved()


class Watch:
    """Somebody looks at a board; `moved()` is called when it is closed, and they must ask for another one."""

    def __init__(self, moved: Callable[[], None], left: Callable[["Watch"], None]) -> None:
        self.moved = moved
        self.board: Board
        self._left = left

    def leave(self) -> None:
        """To be called once."""
        self._left(self)


_Key = tuple[str, ViewerSettings]


class Boards:
    """Gives out boards. A board whose dashboard or pipelines changed is closed; its viewers ask again."""

    def __init__(
        self, directory: Directory, tails: Tails, *, rate: float, clock: Clock, metrics: Metrics, health: Health
    ) -> None:
        self._directory = directory
        self._tails = tails
        self._rate = rate
        self._clock = clock
        self._metrics = metrics
        self._health = health
        self._places: dict[_Key, _Place] = {}

    async def run(self) -> None:
        """Close boards that are out of date, until cancelled."""
        revision = self._directory.revision
        while True:
            revision = await self._directory.changed(revision)
            for key, place in list(self._places.items()):
                dashboard = self._directory.dashboard(key[0])
                if dashboard is None or self._made_from(dashboard) != place.made_from:
                    self._drop(key, place)

    @asynccontextmanager
    async def watch(self, dashboard: Dashboard, settings: ViewerSettings) -> AsyncIterator[Board]:
        """The board for as long as the context is open. Raises like `take`."""
        watch = await self.take(dashboard, settings, lambda: None)
        try:
            yield watch.board
        finally:
            watch.leave()

    async def take(self, dashboard: Dashboard, settings: ViewerSettings, moved: Callable[[], None]) -> Watch:
        """A watch on the board, which is started; it may be closed already. Raises Busy when there are too many,
        StorageError."""
        key, place = self._place(dashboard, settings)
        watch = Watch(moved, lambda each: self._leave(key, place, each))
        place.watches.add(watch)
        if place.linger:
            place.linger.cancel()
        try:
            watch.board = await self._board(key, place, dashboard)
        except BaseException:
            watch.leave()
            raise
        return watch

    def _leave(self, key: _Key, place: _Place, watch: Watch) -> None:
        place.watches.discard(watch)
        if not place.watches:
            place.linger = asyncio.get_running_loop().call_later(LINGER_SECONDS, self._drop, key, place)

    def _place(self, dashboard: Dashboard, settings: ViewerSettings) -> tuple[_Key, _Place]:
        key = (dashboard.id, settings)
        made_from = self._made_from(dashboard)
        place = self._places.get(key)
        if place is not None and place.made_from != made_from:
            self._drop(key, place)
            place = None
        if place is None:
            self._check_room(dashboard)
            place = self._places[key] = _Place(made_from)
            self._metrics.boards.set(len(self._places))
        return key, place

    def _check_room(self, dashboard: Dashboard) -> None:
        same = sum(other[0] == dashboard.id for other in self._places)
        if same >= limits.BOARDS_PER_DASHBOARD or len(self._places) >= limits.BOARDS:
            raise Busy("too many different settings are being looked at; try again in a moment", LINGER_SECONDS)

    async def _board(self, key: _Key, place: _Place, dashboard: Dashboard) -> Board:
        async with place.lock:
            if place.board is None:
                cells = await cells_of(dashboard, key[1], self._directory, self._tails)
                board = Board(dashboard, cells, rate=self._rate, clock=self._clock, metrics=self._metrics)
                await board.start()
                place.board = board
                if self._places.get(key) is not place:  # dropped while it was being made
                    board.closed = True
                    return board
                work = supervise(f"board {dashboard.slug}", board.run, health=self._health, metrics=self._metrics)
                place.task = asyncio.create_task(work, name=f"board {dashboard.slug}")
            return place.board

    def _made_from(self, dashboard: Dashboard) -> tuple[object, ...]:
        names = {widget.query["pipeline"] for widget in dashboard.widgets}
        pipelines: list[Pipeline | None] = [self._directory.pipeline(name) for name in sorted(names)]
        return (dashboard.revision, *((pipeline.id, pipeline.revision) if pipeline else None for pipeline in pipelines))

    def _drop(self, key: _Key, place: _Place) -> None:
        place.close()
        if self._places.get(key) is place:
            del self._places[key]
        self._metrics.boards.set(len(self._places))

    async def close(self) -> None:
        """End every board."""
        tasks = [place.task for place in self._places.values() if place.task]
        for key, place in list(self._places.items()):
            self._drop(key, place)
        await asyncio.gather(*tasks, return_exceptions=True)
