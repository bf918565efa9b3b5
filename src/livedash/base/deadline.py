"""Time limits of many at once, with one timer for all: one for each would be a tenth of what a request costs."""

import asyncio
from types import TracebackType

_LATE = 0.1  # seconds by which a limit may be late


class Deadlines:
    """Time limits that run. All can be ended at once."""

    def __init__(self) -> None:
        self._running: set[Deadline] = set()
        self._timer: asyncio.TimerHandle | None = None

    def within(self, seconds: float) -> "Deadline":
        """`with deadlines.within(15):` raises TimeoutError where it ends, if that takes longer than 15 seconds."""
        return Deadline(self, asyncio.get_running_loop().time() + seconds)

    def expire(self) -> None:
        """Ends all that run now, as if their time were over."""
        for deadline in self._running:
            deadline.expire()

    def started(self, deadline: "Deadline") -> None:
        self._running.add(deadline)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_LATE, self._look)

    def ended(self, deadline: "Deadline") -> None:
        self._running.discard(deadline)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for deadline in self._running:
            if deadline.end <= now:
                deadline.expire()
        self._timer = loop.call_later(_LATE, self._look) if self._running else None


class Deadline:
    """One of them, for one task."""

    __slots__ = ("_among", "_cancelling", "_expired", "_task", "end")

    def __init__(self, among: Deadlines, end: float) -> None:
        self._among = among
        self._expired = False
        self.end = end

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None, "only a task can be timed"
        self._task = task
        self._cancelling = task.cancelling()
        self._among.started(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._among.ended(self)
        if not self._expired:
            return
        cancelled_by_others = self._task.uncancel() > self._cancelling
        if kind is asyncio.CancelledError and not cancelled_by_others:
            raise TimeoutError from error

    def expire(self) -> None:
        if not self._expired:
            self._expired = True
            self._task.cancel()
