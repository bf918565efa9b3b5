"""`GET /d/{slug}/live?version=`: what happens on a dashboard after the version a page has, as Server-Sent Events."""

import asyncio
from collections.abc import Callable
from functools import partial

import structlog
from starlette.types import Receive, Scope, Send

from livedash.base.metrics import Metrics
from livedash.boards import patch
from livedash.boards.boards import Boards, Watch
from livedash.boards.settings import ViewerSettings
from livedash.catalog.entries import Dashboard
from livedash.model import Cursor
from livedash.model.errors import BadCursor, Busy, NotFound, StorageError
from livedash.stream.channel import Line
from livedash.web.access import Access
from livedash.web.event_streams import brief, farewell, gone, opened
from livedash.web.http import query, text_header
from livedash.web.streams import Streams

_log = structlog.get_logger("livedash.live")
_NOWHERE = Cursor("0", 0)  # no board has this version
_GONE = gone("deleted", "It may also have been made private; ask whoever runs this Livedash.")


class Live:
    """Lets pages in and brings each to its board."""

    def __init__(self, boards: Boards, access: Access, streams: Streams, metrics: Metrics) -> None:
        self._boards = boards
        self._access = access
        self._streams = streams
        self._metrics = metrics

    async def __call__(self, name: str, scope: Scope, receive: Receive, send: Send) -> int:
        version = _version(scope)
        try:
            dashboard = self._access.to_view(name, scope)
        except NotFound:
            if version == _NOWHERE:
                raise
            # the page had a version, so the dashboard went while it was away; of a 404 its EventSource learns nothing
            return await brief(send, _GONE + farewell())
        find = partial(self._access.still_viewable, dashboard, scope)
        viewer = Viewer(self._boards, find, ViewerSettings.parse(query(scope)), version)
        self._metrics.viewers.inc()
        return await opened(
            self._streams,
            scope,
            receive,
            send,
            viewer,
            of=dashboard.id,
            refusal=lambda: None if find() else _GONE,
            left=self._metrics.viewers.dec,
        )


class Viewer:
    """One open page: the version that it has, on a board or on its way to one."""

    def __init__(
        self, boards: Boards, find: Callable[[], Dashboard | None], settings: ViewerSettings, version: Cursor
    ) -> None:
        """`find()` is the dashboard as it is now, None when there is none (any more) for this viewer."""
        self._boards = boards
        self._find = find
        self._settings = settings
        self._version = version
        self._watch: Watch | None = None
        self._task: asyncio.Task[None] | None = None
        self._line: Line

    def start(self, line: Line) -> None:
        self._line = line
        self._look()

    def resume(self) -> None:
        if self._watch is not None:
            self._show(self._watch)

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._leave()

    def last_words(self) -> bytes:
        """The version that it has stands in the address it comes back to."""
        return b""

    def fell_behind(self, cursor: Cursor) -> None:
        self._version = cursor

    def catch_up(self, cursor: Cursor) -> None:
        self._version = cursor
        self.resume()

    def _look(self) -> None:
        """The board is not there yet, or was closed: look for the one that is right now."""
        self._leave()
        self._task = asyncio.create_task(self._arrive(), name="viewer")

    def _leave(self) -> None:
        if self._watch is not None:
            watch, self._watch = self._watch, None
            watch.board.channel.leave(self._line)
            watch.leave()

    async def _arrive(self) -> None:
        try:
            while dashboard := self._find():
                watch = await self._boards.take(dashboard, self._settings, self._moved)
                if not watch.board.closed:
                    self._watch = watch
                    return self._show(watch)
                watch.leave()
            self._line.end(_GONE)
        except (Busy, StorageError) as error:
            _log.warning("a live page ends early", error=str(error))
            self._line.end()

    def _moved(self) -> None:
        if self._watch is not None:  # else it is being looked for
            self._look()

    def _show(self, watch: Watch) -> None:
        """What the page has not, then live with all the others."""
        board = watch.board
        if self._line.behind:
            return
        if self._version != board.version:
            changes = board.since(self._version)
            state = patch.state(board.version, board.dashboard.title, board.html()) if changes is None else changes
            self._line.send(state)
            self._version = board.version
        self._line.send(board.ping())
        if not self._line.behind:
            board.channel.join(self._line, self, self._version)


def _version(scope: Scope) -> Cursor:
    """The version the page has; one we cannot read is one no board knows."""
    text = text_header(scope, b"last-event-id") or query(scope).get("version", "")
    try:
        return Cursor.parse(text)
    except BadCursor:
        return _NOWHERE
