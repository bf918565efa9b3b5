"""Two sinks behind a runner."""

from livedash.catalog.entries import Sink as Entry
from livedash.sinks.runner import Sinks
from tests.sinks.endpoint import Endpoint
from tests.sinks.support import Server, a_sink, done

ONE, TWO = a_sink("one"), a_sink("two")


class House:
    def __init__(self, server: Server) -> None:
        self.server, self.world = server, server.world
        self.endpoints: dict[str, Endpoint] = {"one": Endpoint(), "two": Endpoint()}
        self.made: list[Entry] = []
        self.sinks: Sinks = server.sinks(self._make)

    def _make(self, entry: Entry) -> Endpoint:
        self.made.append(entry)
        return self.endpoints[entry.name]

    async def idle(self, entry: Entry, last: int) -> None:
        await self.sinks.report(entry)
        await done(self.sinks._running[entry.id][0], last)
