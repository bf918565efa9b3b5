"""`/api/graphql` as a WebSocket: opens sockets and looks after them."""

import asyncio
from functools import partial

from starlette.types import Receive, Scope, Send

from livedash.base.metrics import Metrics
from livedash.model.errors import Busy, Denied
from livedash.web.entrance import Entrance
from livedash.web.graphql.askers import Askers
from livedash.web.graphql.engines import Engines
from livedash.web.graphql.protocol import SUBPROTOCOL, Code
from livedash.web.graphql.session import Session
from livedash.web.http import answer, refuse
from livedash.web.problem import status_of
from livedash.web.socket_line import Handshake, SocketLine
from livedash.web.streams import Streams

_CLOSE = (b"connection", b"close")  # the parser has stopped at the upgrade and would read nothing behind it
_TICK_SECONDS = 1.0
_TICK_SLICE = 250  # sockets looked at before others get a turn (about 0.5 ms)


class Sockets:
    """Every open socket."""

    def __init__(
        self, engines: Engines, askers: Askers, entrance: Entrance, streams: Streams, metrics: Metrics, *, most: int
    ) -> None:
        """`most` may be open at the same time; 0 is any number."""
        self.engine = engines.engine
        self.entrance = entrance
        self.streams = streams
        self._askers = askers
        self._metrics = metrics
        self._most = most
        self._open: set[Session] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> int:
        """The status of the handshake. The socket goes on when this has returned."""
        try:
            self._askers.check_origin(scope)
        except Denied as error:
            await refuse(send, error, [_CLOSE])
            return status_of(error)
        handshake = Handshake(scope, SUBPROTOCOL)
        if handshake.response.status_code != 101:
            return await _refused(handshake, send)
        asker = self._askers.of(scope)
        session = Session(self, partial(self._askers.shown, asker), (scope.get("client") or ("?",))[0])
        line = handshake.take(scope, session)
        if line is None:
            raise Busy("a WebSocket needs Livedash's own server (livedash serve)", 60)
        self._open.add(session)
        self._metrics.sockets.inc()
        self.streams.add(session, partial(self._begin, session, line, speaks=handshake.speaks))
        return 101

    def _begin(self, session: Session, line: SocketLine, *, speaks: bool) -> None:
        session.begin(line)
        if not speaks:
            session.close(Code.WRONG_SUBPROTOCOL, f"Subprotocol not acceptable: speak {SUBPROTOCOL}")
        elif self._most and len(self._open) > self._most:
            self._metrics.throttled.labels("sockets").inc()
            session.close(Code.TRY_AGAIN, f"{self._most} sockets are open, the most there may be")

    def gone(self, session: Session) -> None:
        """It has ended, by either side."""
        if session in self._open:
            self._open.remove(session)
            self._metrics.sockets.dec()
            self.streams.discard(session)

    async def run(self) -> None:
        """See that clients are there and ask for something, until cancelled."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            await self._look()

    async def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        for number, session in enumerate(list(self._open), 1):
            session.tick(now)
            if number % _TICK_SLICE == 0:
                await asyncio.sleep(0)


async def _refused(handshake: Handshake, send: Send) -> int:
    response = handshake.response
    fields = [(name.lower().encode(), value.encode()) for name, value in response.headers.raw_items()]
    kept = [field for field in fields if field[0] not in (b"date", b"connection", b"content-length")]
    await answer(send, response.status_code, [*kept, _CLOSE], bytes(response.body or b""))
    return response.status_code
