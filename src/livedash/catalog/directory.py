"""The catalog in memory: what hot paths ask. Lives on the event loop's thread."""

import asyncio
from collections.abc import Sequence

from livedash.base import clock, tokens
from livedash.catalog.entries import Dashboard, Grant, Pipeline, Sink, Snapshot, Token, TokenKind
from livedash.model import Clock
from livedash.model.errors import NotFound

ADMIN = "tk_admin"  # the id that the installation's own admin token is known by


class Directory:
    """Look-ups in one snapshot at a time. Pipelines and dashboards are named by slug or id."""

    def __init__(self, snapshot: Snapshot, admin_token: str | None = None, clock: Clock = clock.now) -> None:
        """`admin_token` is an API token that is kept outside the catalog; `clock` says which tokens are over."""
        self._clock = clock
        self._admin = {} if admin_token is None else {tokens.digest(admin_token): Grant(TokenKind.API, None, ADMIN)}
        self._waiting: set[asyncio.Future[None]] = set()
        self._take(snapshot)

    @property
    def revision(self) -> int:
        return self.snapshot.revision

    def pipeline(self, name: str) -> Pipeline | None:
        return self._pipelines.get(name)

    def sink(self, name: str, pipeline: str | None = None) -> Sink | None:
        """A sink by its id, or by its name in the pipeline with the id `pipeline`."""
        return self._sinks.get((pipeline, name)) or self._sinks.get((None, name))

    def sinks(self, pipeline: str | None = None) -> Sequence[Sink]:
        """All, or those of the pipeline with this id; by pipeline and name."""
        return [each for each in self._sinks_sorted if pipeline in (None, each.pipeline)]

    def dashboard(self, name: str) -> Dashboard | None:
        return self._dashboards.get(name)

    def pipelines(self) -> Sequence[Pipeline]:
        """All, by slug."""
        return self._pipelines_sorted

    def dashboards(self) -> Sequence[Dashboard]:
        """All, by slug."""
        return self._dashboards_sorted

    def grant(self, text: str) -> Grant | None:
        """What a token opens; None when nobody knows it, or its time is over. About a microsecond."""
        digest = tokens.digest(text)
        ending = self._ending.get(digest)
        return None if ending and ending.over(self._clock()) else self._grants.get(digest)

    def stream_token(self, pipeline: str) -> str:
        """The text of the token that opens the stream of the pipeline with this id, not one that is ending. Raises
        NotFound when every one was revoked."""
        token = self._stream_tokens.get(pipeline)
        if token is None or token.text is None:
            raise NotFound("this pipeline has no stream token; rotate it to get one")
        return token.text

    async def changed(self, revision: int) -> int:
        """Wait until the revision is not `revision`; the one it is then."""
        while self.revision == revision:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.add(waiter)
            try:
                await waiter
            finally:
                self._waiting.discard(waiter)
        return self.revision

    def refresh(self, snapshot: Snapshot) -> None:
        """Answer from `snapshot` from now on, and wake who waits for a change."""
        self._take(snapshot)
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    def _take(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._pipelines_sorted = tuple(sorted(snapshot.pipelines, key=lambda each: each.slug))
        self._dashboards_sorted = tuple(sorted(snapshot.dashboards, key=lambda each: each.slug))
        self._pipelines = {name: each for each in snapshot.pipelines for name in (each.id, each.slug)}
        self._dashboards = {name: each for each in snapshot.dashboards for name in (each.id, each.slug)}
        slugs = {each.id: each.slug for each in snapshot.pipelines}
        self._sinks_sorted = sorted(snapshot.sinks, key=lambda each: (slugs[each.pipeline], each.name))
        self._sinks: dict[tuple[str | None, str], Sink] = {(None, each.id): each for each in snapshot.sinks}
        self._sinks |= {(each.pipeline, each.name): each for each in snapshot.sinks}
        self._grants = {each.digest: Grant(each.kind, each.pipeline, each.id) for each in snapshot.tokens}
        self._grants |= self._admin  # last: a pipeline's token of the same text must not lock the admin out
        ending = {each.digest: each for each in snapshot.tokens if each.until is not None}
        self._ending = {digest: each for digest, each in ending.items() if digest not in self._admin}
        lasting = [each for each in snapshot.tokens if each.until is None]
        self._stream_tokens = {each.pipeline: each for each in sorted(lasting, key=_preference)}


def _preference(token: Token) -> tuple[bool, bool, int]:
    """The last one wins: a stream token before any other, the main one before others, then the newest."""
    return token.kind is TokenKind.STREAM, token.main, token.created
