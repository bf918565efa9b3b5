"""What resolvers are given: who asks, and the parts of Livedash that answer."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from strawberry.dataloader import DataLoader

from livedash.boards.board import Board
from livedash.boards.settings import ViewerSettings
from livedash.catalog.entries import Dashboard, Pipeline
from livedash.log import Bounds, Log
from livedash.manage import rights
from livedash.model.errors import Denied
from livedash.stream.tail import Tail
from livedash.web import cors
from livedash.web.access import Reading
from livedash.web.graphql.askers import Asker
from livedash.web.parts import Parts


class Context:
    """One operation. What was looked up for it is kept until its end."""

    def __init__(self, parts: Parts, asker: Asker, stack: AsyncExitStack) -> None:
        self.parts = parts
        self.who = asker.who
        self.foreign = asker.foreign
        self._stack = stack
        self._boards: DataLoader[str, Board] = DataLoader(self._watched)
        self._bounds: DataLoader[Pipeline, Bounds] = DataLoader(self._bounds_of, cache_key_fn=lambda each: each.id)

    @classmethod
    @asynccontextmanager
    async def of(cls, parts: Parts, asker: Asker) -> AsyncIterator["Context"]:
        async with AsyncExitStack() as stack:
            yield cls(parts, asker, stack)

    def read(self, name: str, token: str | None = None) -> Reading:
        """The pipeline of that slug or id, by the `token` if one is given. Raises Unknown, Denied or NotFound."""
        directory = self.parts.directory
        who = self.who if token is None else lambda: rights.actor_of(directory, token)
        reading = self.parts.access.to_follow_as(who, name)
        if self.foreign is not None:
            if not isinstance(who(), rights.Holder):
                raise Denied("a page of another origin shows a stream token; an API token is not for pages")
            if not cors.allowed(self.foreign, reading.pipeline.allowed_origins):
                raise Denied(f"pages of {self.foreign} may not read this pipeline; its allowed_origins say which may")
        return reading

    async def tail(self, name: str) -> Tail:
        """Of the pipeline of that slug or id. Raises like `read`, and StorageError."""
        return await self.parts.tails.of(self.read(name).pipeline)

    def administer(self) -> rights.Actor:
        """Who asks, if they may see and change what is configured. Raises Unknown or Denied."""
        actor = self.who()
        rights.may_administer(actor)
        self._check_own()
        return actor

    def view(self, name: str) -> Dashboard:
        """The dashboard of that slug or id. Raises NotFound or Denied."""
        self._check_own()
        return rights.may_view(self.who(), self.parts.directory.dashboard(name))

    async def board(self, dashboard: Dashboard) -> Board:
        """As it is shown, for as long as the operation takes. Raises Busy, StorageError."""
        return await self._boards.load(dashboard.id)

    async def bounds(self, pipeline: Pipeline) -> Bounds:
        """What its log holds; of many pipelines in one question to each log. Raises StorageError."""
        return await self._bounds.load(pipeline)

    def _check_own(self) -> None:
        if self.foreign is not None:
            raise Denied(f"pages of {self.foreign} may read pipelines that allow them, and nothing else")

    async def _watched(self, dashboards: list[str]) -> list[Board | BaseException]:
        return [await self._watch(each) for each in dashboards]

    async def _watch(self, dashboard: str) -> Board | BaseException:
        try:
            watched = self.parts.boards.watch(self.view(dashboard), ViewerSettings())
            return await self._stack.enter_async_context(watched)
        except Exception as error:
            return error

    async def _bounds_of(self, pipelines: list[Pipeline]) -> Sequence[Bounds]:
        found: dict[str, Bounds] = {}
        by_log: dict[int, tuple[Log, list[str]]] = {}
        for each in pipelines:
            log = self.parts.logs.of(each)
            by_log.setdefault(id(log), (log, []))[1].append(each.id)
        for log, ids in by_log.values():
            found |= zip(ids, await log.bounds_of(ids), strict=True)
        return [found[each.id] for each in pipelines]
