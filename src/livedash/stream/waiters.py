"""Who waits for the same thing."""

import asyncio


class Waiters:
    """Tasks that wait to be woken together, each until a moment of its own. One timer serves them all; a timeout
    each would be one made and cancelled per client and event."""

    def __init__(self) -> None:
        self._ends: dict[asyncio.Future[None], float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    def __bool__(self) -> bool:
        """Whether anybody waits."""
        return bool(self._ends)

    async def wait(self, end: float) -> None:
        """Return when woken, or at `end` (the event loop's time)."""
        waiter = asyncio.get_running_loop().create_future()
        self._ends[waiter] = end
        self._arm(end)
        try:
            await waiter
        finally:
            self._ends.pop(waiter, None)

    def wake(self) -> None:
        """Everybody."""
        waiters, self._ends = self._ends, {}
        for waiter in waiters:
            _let_go(waiter)

    def _arm(self, at: float) -> None:
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(at, self._expire)
        self._timer_at = at

    def _expire(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        for waiter in [waiter for waiter, end in self._ends.items() if end <= now]:
            del self._ends[waiter]
            _let_go(waiter)
        if self._ends:
            self._arm(min(self._ends.values()))


def _let_go(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)
