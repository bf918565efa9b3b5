"""One reader for all who follow a log at its head: each page is encoded once and written to everybody in one go.

With a task per client to wake for every page, more than half of the event loop's time went into waking. A client that
is behind has a task and a reader of its own until it has caught up; while it takes nothing it has neither.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sized
from contextlib import AsyncExitStack, asynccontextmanager

from livedash.base import limits
from livedash.base.metrics import Metrics
from livedash.model import Clock, Cursor
from livedash.stream.follower import Follower
from livedash.stream.log_channel import LogChannel, Sent
from livedash.stream.shape import Shape
from livedash.stream.tail import Tail


class Broadcast:
    """The channels of this process, one for each tail and shape that somebody follows."""

    def __init__(self, settled: Callable[[], Awaitable[None]], clock: Clock, metrics: Metrics) -> None:
        """`settled()` returns when those who may not follow any more have been let go: nothing is written before."""
        self._settled = settled
        self._clock = clock
        self._metrics = metrics
        self._channels: dict[tuple[Tail, Shape[Sized]], LogChannel] = {}

    def has_room(self, tail: Tail, shape: Shape[Sized]) -> bool:
        """Whether one more may follow in this shape. Only shapes that cost something are counted."""
        if shape.plain or (tail, shape) in self._channels:
            return True
        return sum(each is tail and not other.plain for each, other in self._channels) < limits.STREAM_SHAPES

    def follow(self, tail: Tail, shape: Shape[Sized], cursor: Cursor, sent: Sent) -> Follower:
        """Somebody who has what is up to `cursor`; nothing begins before its `start`. `sent(records, bytes)` counts."""
        key = (tail, shape)
        channel = self._channels.get(key)
        if channel is None:
            channel = self._channels[key] = LogChannel(tail, shape, sent, self._settled, self._clock, self._metrics)
        return Follower(channel, cursor, lambda: self._left(key, channel))

    @asynccontextmanager
    async def quiet(self) -> AsyncIterator[None]:
        """Nobody at the head of a log is being written to meanwhile, so everybody there has the same."""
        async with AsyncExitStack() as stack:
            for channel in list(self._channels.values()):
                await stack.enter_async_context(channel.lines.quiet())
            yield

    def _left(self, key: tuple[Tail, Shape[Sized]], channel: LogChannel) -> None:
        if not channel.followers:
            channel.close()
            self._channels.pop(key, None)
