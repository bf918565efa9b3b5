"""From what a subscription asks to a follower of the broadcast, within the same limits as any stream."""

from functools import partial
from typing import TYPE_CHECKING

from livedash.base.metrics import Metrics
from livedash.catalog.entries import Pipeline
from livedash.stream.broadcast import Broadcast
from livedash.stream.meter import StreamMeter
from livedash.web.admission import Admission, Throttled
from livedash.web.graphql.subscription import Subscription
from livedash.web.streams import Streams

if TYPE_CHECKING:
    from livedash.web.graphql.records import Following
    from livedash.web.graphql.session import Session
    from livedash.web.graphql.subscription_shape import SubscriptionShape


class Subscriptions:
    """Lets subscriptions in."""

    def __init__(
        self, broadcast: Broadcast, admission: Admission, streams: Streams, meter: StreamMeter, metrics: Metrics
    ) -> None:
        self._broadcast = broadcast
        self._admission = admission
        self._streams = streams
        self._meter = meter
        self._metrics = metrics

    async def open(
        self, session: "Session", id: str, found: "Following", shape: "SubscriptionShape"
    ) -> Subscription | Throttled:
        """Begin, or say why not."""
        pipeline, tail, address = found.reading.pipeline, found.tail, session.address
        if not self._broadcast.has_room(tail, shape):
            return self._admission.too_many_shapes()
        if throttled := await self._admission.admit(pipeline.id, address, resumed=found.resumes):
            return throttled
        self._meter.opened(pipeline)
        self._metrics.streams.inc()
        follower = self._broadcast.follow(tail, shape, found.cursor, partial(self._meter.sent, pipeline))
        left = partial(self._left, pipeline, address)
        refusal = found.reading.refusal
        return Subscription(session, id, pipeline.id, follower, refusal, left, own_token=found.own_token)

    def _left(self, pipeline: Pipeline, address: str, subscription: Subscription) -> None:
        self._streams.discard(subscription)
        self._metrics.streams.dec()
        self._admission.leave(pipeline.id, address)
