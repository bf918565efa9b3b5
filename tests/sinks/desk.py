"""One sink behind a runner, for those who steer it."""

from livedash.sinks.runner import Sinks
from tests.sinks.endpoint import Endpoint, settings
from tests.sinks.support import Server, a_sink, done, until

HOOK = a_sink()


class Desk:
    """One sink with batches of two behind a runner, and its follower."""

    def __init__(self, server: Server) -> None:
        self.server, self.world = server, server.world
        self.endpoint = Endpoint(settings(records=2))
        self.world.configure(HOOK)
        self.sinks: Sinks = server.sinks(lambda entry: self.endpoint)

    async def idle(self, last: int) -> None:
        await self.sinks.report(HOOK)
        await done(self.follower, last)

    @property
    def follower(self):  # type: ignore[no-untyped-def]
        return self.sinks._running[HOOK.id][0]

    async def in_flight(self, count: int) -> None:
        await until(lambda: len(self.endpoint.parcels) == count)
