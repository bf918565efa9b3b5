"""The one way in for who follows a pipeline, by stream or by subscription: within the limits, counted and metered."""

from collections.abc import Callable, Sized
from functools import partial
from typing import NamedTuple

from livedash.base.metrics import Metrics
from livedash.catalog.entries import Pipeline
from livedash.model import Cursor
from livedash.stream.broadcast import Broadcast
from livedash.stream.follower import Follower
from livedash.stream.meter import StreamMeter
from livedash.stream.shape import Shape
from livedash.stream.tail import Tail
from livedash.web.admission import Admission, Throttled


class Entered(NamedTuple):
    """Somebody was let in. `left()` is called once when they have gone."""

    follower: Follower
    left: Callable[[], None]


class Entrance:
    """Lets clients in and hands them to the broadcast."""

    def __init__(self, broadcast: Broadcast, admission: Admission, meter: StreamMeter, metrics: Metrics) -> None:
        self._broadcast = broadcast
        self._admission = admission
        self._meter = meter
        self._metrics = metrics

    async def enter(
        self, pipeline: Pipeline, tail: Tail, shape: Shape[Sized], cursor: Cursor, address: str, *, resumes: bool
    ) -> Entered | Throttled:
        """Somebody at `address` who has what is up to `cursor`; nothing begins before the follower's `start`.
        `resumes`: with a valid cursor of their own."""
        if not self._broadcast.has_room(tail, shape):
            return self._admission.too_many_shapes()
        if throttled := await self._admission.admit(pipeline.id, address, resumed=resumes):
            return throttled
        self._meter.opened(pipeline)
        self._metrics.streams.inc()
        follower = self._broadcast.follow(tail, shape, cursor, partial(self._meter.sent, pipeline))
        return Entered(follower, partial(self._left, pipeline, address))

    def _left(self, pipeline: Pipeline, address: str) -> None:
        self._metrics.streams.dec()
        self._admission.leave(pipeline.id, address)
