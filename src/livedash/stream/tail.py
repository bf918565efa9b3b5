"""The newest records of a pipeline in memory: the process's first reader, and everyone shares it."""

import asyncio
import time
from collections import deque

import structlog

from livedash.base import limits
from livedash.base.metrics import Metrics
from livedash.bus import Bus
from livedash.catalog.entries import Pipeline
from livedash.log import Log
from livedash.model import Page, Record
from livedash.model.errors import StorageError
from livedash.stream.logs import Logs
from livedash.stream.waiters import Waiters

_log = structlog.get_logger("livedash.tail")


class Tail:
    """The newest `size` records of one log, kept up with it while somebody waits.

    A hint that arrives within `coalesce` seconds of the last look into the log waits until that time is over, so a
    burst is read and sent as one; a lone record is never delayed.
    """

    def __init__(self, pipeline: str, log: Log, *, size: int, coalesce: float, metrics: Metrics) -> None:
        self.pipeline = pipeline
        self.log = log
        self.epoch = ""
        self.last = 0
        self._records: deque[Record] = deque(maxlen=size)
        self._size = size
        self._coalesce = coalesce
        self._metrics = metrics
        self._stale = True
        self._looking = asyncio.Lock()
        self._looked = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._waiters = Waiters()
        self._pages: dict[int, Page] = {}
        self._reads: dict[int, asyncio.Task[Page]] = {}

    @property
    def records(self) -> tuple[Record, ...]:
        """The newest records, oldest first."""
        return tuple(self._records)

    def hint(self, last: int) -> None:
        """The log may have grown. Nobody waiting, nothing to do but remember it."""
        self._stale = True
        if self._waiters:
            self._look_soon()

    def _look_soon(self) -> None:
        if self._timer is None and (self._task is None or self._task.done()):
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(self._looked + self._coalesce, loop.time()), self._look)

    def _look(self) -> None:
        self._timer = None
        self._task = asyncio.create_task(self._follow(), name=f"tail {self.pipeline}")

    async def _follow(self) -> None:
        try:
            await self.refresh()
        except StorageError as error:  # readers look again at their next poll, and are told then
            _log.warning("cannot read the log", pipeline=self.pipeline, error=str(error))

    async def refresh(self) -> None:
        """Catch up with the log if it may have grown, and wake who waits. Callers at the same time share one look."""
        if not self._stale and not self._looking.locked():
            return
        async with self._looking:
            if not self._stale:
                return
            self._stale = False
            self._looked = asyncio.get_running_loop().time()
            try:
                started = time.perf_counter()
                await self._catch_up()
                self._metrics.refresh.observe(time.perf_counter() - started)
            except BaseException:
                self._stale = True
                raise
        if self._stale:  # it grew again meanwhile
            self.hint(self.last)

    async def poll(self) -> None:
        """Look into the log although no hint came."""
        self._stale = True
        await self.refresh()

    async def _catch_up(self) -> None:
        page = await self.log.read(self.pipeline, self.last, self._size)
        if page.epoch != self.epoch or page.gap or page.head > page.last:
            page = await self._newest(page)
            self._records.clear()
        if page.records or page.epoch != self.epoch:
            self.epoch, self.last = page.epoch, page.last
            self._records.extend(page.records)
            self._pages.clear()
            self._waiters.wake()

    async def _newest(self, page: Page) -> Page:
        newest = await self.log.read(self.pipeline, max(page.head - self._size, 0), self._size)
        while newest.head > newest.last:  # large records: more than one page
            more = await self.log.read(self.pipeline, newest.last, self._size)
            records = (*newest.records, *more.records)[-self._size :]
            newest = Page(self.pipeline, more.epoch, records[0].offset - 1, records, more.head)
        return newest

    def forget(self, through: int) -> None:
        """Records up to `through` were trimmed."""
        while self._records and self._records[0].offset <= through:
            self._records.popleft()
        self._pages.clear()

    def page(self, after: int) -> Page | None:
        """Everything after offset `after`, when it is in memory; None when only the log has it."""
        page = self._pages.get(after)
        if page is not None:
            return page
        first = self._records[0].offset if self._records else self.last + 1
        if not first - 1 <= after <= self.last:
            return None
        skip = after - first + 1
        records = tuple(self._records)[skip:] if skip else tuple(self._records)
        while len(self._pages) >= limits.TAIL_PAGES:  # else memory would grow with every place somebody names
            del self._pages[next(iter(self._pages))]
        page = self._pages[after] = Page(self.pipeline, self.epoch, after, records, self.last)
        return page

    async def read(self, after: int) -> Page:
        """A page of the log, for who is too far behind for this memory. Readers that fell behind together ask for the
        same page at the same time, and share it. Raises StorageError."""
        read = self._reads.get(after)
        if read is None:
            read = asyncio.create_task(self.log.read(self.pipeline, after, limits.PAGE_RECORDS))
            self._reads[after] = read
            read.add_done_callback(lambda _: self._reads.pop(after, None))
        return await asyncio.shield(read)  # who is cancelled must not take the page from the others

    async def grown(self, after: int, wait: float) -> None:
        """Return when there is something after `after`, or after `wait` seconds, or when the epoch changes. A lost
        hint costs at most `limits.POLL_SECONDS`."""
        loop = asyncio.get_running_loop()
        end = loop.time() + wait
        epoch = self.epoch
        while self.last <= after and self.epoch == epoch and (now := loop.time()) < end:
            if self._stale:
                self._look_soon()
            await self._waiters.wait(min(end, now + limits.POLL_SECONDS))
            if self.last <= after and loop.time() - self._looked >= limits.POLL_SECONDS:
                await self.poll()


class Tails:
    """The tails of this process, each made when first asked for."""

    def __init__(self, logs: Logs, bus: Bus, *, size: int, coalesce: float, metrics: Metrics) -> None:
        self._logs = logs
        self._bus = bus
        self._size = size
        self._coalesce = coalesce
        self._metrics = metrics
        self._tails: dict[tuple[str, bool], Tail] = {}

    async def run(self) -> None:
        """Pass hints on until cancelled."""
        async with self._bus.listen() as heads:
            async for head in heads:
                for persist in (True, False):
                    if tail := self._tails.get((head.pipeline, persist)):
                        tail.hint(head.last)

    async def of(self, pipeline: Pipeline) -> Tail:
        """The tail of a pipeline, up to date with its log. Raises StorageError."""
        key = (pipeline.id, pipeline.persist)
        tail = self._tails.get(key)
        if tail is None:
            log, size, coalesce = self._logs.of(pipeline), self._size, self._coalesce
            tail = self._tails[key] = Tail(pipeline.id, log, size=size, coalesce=coalesce, metrics=self._metrics)
            self._metrics.tails.set(len(self._tails))
        await tail.refresh()  # meanwhile it may be forgotten
        return tail

    def forget(self, pipeline: str, log: Log, through: int | None = None) -> None:
        """Records that `log` held up to `through` were trimmed; with None, the pipeline is not kept there any more."""
        key = (pipeline, log is self._logs.durable)
        if through is None:
            self._tails.pop(key, None)
            self._metrics.tails.set(len(self._tails))
        elif tail := self._tails.get(key):
            tail.forget(through)
