"""How many streams are opened and open at a time. Who is not let in is told so on a stream that ends at once: any other
answer would end an EventSource for good."""

import math
import time
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from livedash.base import limits
from livedash.base.config import Settings
from livedash.base.metrics import Metrics

SPREAD_MS = 30_000  # over which those who were turned away come back: a wave must not come back as one
SOON_MS = 5_000  # nobody knows when a place is free

Reason = Literal["opens", "connections", "address", "filters"]


@dataclass(frozen=True, slots=True)
class Throttled:
    """Why somebody is not let in, and the range (ms) from which the time to come back is taken."""

    reason: Reason
    detail: str
    retry_ms: tuple[int, int]


class Admission:
    """Lets streams in, within the settings. Resumes count only against connections: a deploy brings every client back
    in the same minute."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._per_minute = settings.stream_opens_per_minute
        self._most = settings.stream_connections
        self._most_of_address = settings.stream_connections_per_address
        self._metrics = metrics
        self._of_pipeline: Counter[str] = Counter()
        self._of_address: Counter[str] = Counter()
        # the window slides: a fixed one lets twice the number in around its end
        self._opens = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def admit(self, pipeline: str, address: str, *, resumed: bool) -> Throttled | None:
        """None when they are let in, and then `leave` must be called once when they have gone. `resumed`: with a valid
        cursor."""
        throttled = self._full(pipeline, address)
        if throttled is None and not resumed and self._per_minute:
            throttled = await self._too_fast(pipeline)
        if throttled is None:
            self._of_pipeline[pipeline] += 1
            self._of_address[address] += 1
        return throttled

    def leave(self, pipeline: str, address: str) -> None:
        for counter, key in ((self._of_pipeline, pipeline), (self._of_address, address)):
            counter[key] -= 1
            if not counter[key]:
                del counter[key]  # there are more addresses than memory

    def too_many_shapes(self) -> Throttled:
        """As many filters and choices of fields are followed as may be."""
        return self._throttled(
            "filters",
            f"{limits.STREAM_SHAPES} different filters and choices of fields of this pipeline are followed at the same "
            "time, and no more can be; use one of them or filter at your end.",
            SOON_MS,
        )

    def _full(self, pipeline: str, address: str) -> Throttled | None:
        if self._most and self._of_pipeline[pipeline] >= self._most:
            return self._throttled(
                "connections",
                f"{self._most} streams of this pipeline are open, the most there may be (LIVEDASH_STREAM_CONNECTIONS).",
                SOON_MS,
            )
        if self._most_of_address and self._of_address[address] >= self._most_of_address:
            return self._throttled(
                "address",
                f"{self._most_of_address} streams are open from your address, the most there may be "
                "(LIVEDASH_STREAM_CONNECTIONS_PER_ADDRESS).",
                SOON_MS,
            )
        return None

    async def _too_fast(self, pipeline: str) -> Throttled | None:
        item = RateLimitItemPerMinute(self._per_minute)
        if await self._opens.hit(item, pipeline):  # gives nobody else a turn, or more could be let in than may be open
            return None
        stats = await self._opens.get_window_stats(item, pipeline)
        wait = stats.reset_time - time.time() + 60 / self._per_minute  # when places begin to come free, and one more
        return self._throttled(
            "opens",
            f"{self._per_minute} new streams a minute may be opened of this pipeline "
            "(LIVEDASH_STREAM_OPENS_PER_MINUTE); who resumes with a cursor is not counted.",
            max(math.ceil(wait * 1000), 0),
        )

    def _throttled(self, reason: Reason, detail: str, wait_ms: int) -> Throttled:
        self._metrics.throttled.labels(reason).inc()
        return Throttled(reason, detail, (wait_ms, wait_ms + SPREAD_MS))
