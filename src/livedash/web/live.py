"""`GET /d/{slug}/live?version=`: what happens on a dashboard after the version a page has, as Server-Sent Events."""

import asyncio
from functools import partial

from starlette.types import Receive, Scope, Send

from livedash.base.metrics import Metrics
from livedash.boards import patch
from livedash.boards.board import Board
from livedash.boards.boards import Boards
from livedash.boards.settings import ViewerSettings
from livedash.catalog.entries import Dashboard
from livedash.model import Clock, Cursor
from livedash.model.errors import BadCursor, NotFound
from livedash.web.access import Access
from livedash.web.http import query, text_header
from livedash.web.streams import Streams, Write

PING_SECONDS = 15.0  # a page that hears nothing for longer than this and a little calls itself stale
_NOWHERE = Cursor("0", 0)  # no board has this version


class Live:
    """Follows one board for each open page."""

    def __init__(self, boards: Boards, access: Access, streams: Streams, clock: Clock, metrics: Metrics) -> None:
        self._boards = boards
        self._access = access
        self._streams = streams
        self._clock = clock
        self._metrics = metrics

    async def __call__(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        version = _version(scope)
        try:
            dashboard = self._access.to_view(name, scope)
        except NotFound:
            if version == _NOWHERE:
                raise
            # the page had a version, so the dashboard went while it was away; of a 404 its EventSource learns nothing
            return await self._streams.serve(receive, send, _say_gone)
        settings = ViewerSettings.parse(query(scope))
        with self._metrics.viewers.track_inprogress():
            pump = partial(self._pump, dashboard, settings, version, scope)
            await self._streams.serve(receive, send, pump)

    async def _pump(
        self, dashboard: Dashboard, settings: ViewerSettings, version: Cursor, scope: Scope, write: Write
    ) -> None:
        while current := self._access.still_viewable(dashboard, scope):
            async with self._boards.watch(current, settings) as board:
                version = await self._follow(board, version, scope, write)
        await _say_gone(write)

    async def _follow(self, board: Board, version: Cursor, scope: Scope, write: Write) -> Cursor:
        """Bring the viewer up to the board's version and keep it there, until the board is closed or the viewer may
        not look at it any more: a session ends without anything being changed."""
        loop = asyncio.get_running_loop()
        ping_at = look_at = 0.0
        while not board.closed:
            if loop.time() >= look_at:
                look_at = loop.time() + PING_SECONDS
                if not self._access.may_view(board.dashboard, scope):
                    break
            if version != board.version:
                chunk, version = _changes(board, version), board.version
                await write(chunk)
            elif loop.time() >= ping_at:
                ping_at = loop.time() + PING_SECONDS
                await write(patch.event("ping", {"now": self._clock() // 1000}))
            await board.changed(version, max(min(ping_at, look_at) - loop.time(), 0))
        return version


async def _say_gone(write: Write) -> None:
    await write(patch.event("gone", {"detail": "It may also have been made private; ask whoever runs this Livedash."}))


def _changes(board: Board, version: Cursor) -> bytes:
    chunk = board.since(version)
    return chunk if chunk is not None else patch.state(board.version, board.dashboard.title, board.html())


def _version(scope: Scope) -> Cursor:
    """The version the page has; one we cannot read is one no board knows."""
    text = text_header(scope, b"last-event-id") or query(scope).get("version", "")
    try:
        return Cursor.parse(text)
    except BadCursor:
        return _NOWHERE
