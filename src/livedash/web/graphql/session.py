"""One socket: what its client says is decided by the conversation and done here."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from livedash.base import limits
from livedash.model import Json
from livedash.model.errors import LivedashError
from livedash.web.admission import Throttled
from livedash.web.graphql import messages
from livedash.web.graphql.asked import Asked
from livedash.web.graphql.protocol import Close, Code, Conversation, Init, Pong, Start, Stop
from livedash.web.graphql.refusals import INTERNAL, UNFORESEEN, Refused, problem, refused_for
from livedash.web.graphql.subscription import Subscription
from livedash.web.socket_line import SocketLine

if TYPE_CHECKING:
    from livedash.web.graphql.askers import Asker
    from livedash.web.graphql.engine import Engine
    from livedash.web.graphql.sockets import Sockets

_log = structlog.get_logger("livedash.graphql")


class Session:
    """Looked after like a stream; it follows nothing itself."""

    of = ""

    def __init__(self, host: "Sockets", admit: Callable[[dict[str, Json]], "Asker"], address: str) -> None:
        """`admit(payload)` is who shows the payload of a `connection_init`; it raises LivedashError."""
        self._address = address
        self._host = host
        self._admit = admit
        self._asker: Asker | None = None
        self._operations: dict[str, asyncio.Task[None] | Subscription] = {}
        self._conversation = Conversation(self._operations)
        self._turns = asyncio.Semaphore(limits.GRAPHQL_AT_ONCE)
        self._flowing = asyncio.Event()
        self._opened = self._busy = asyncio.get_running_loop().time()
        self._pinged = 0.0
        self.line: SocketLine

    def begin(self, line: SocketLine) -> None:
        self.line = line
        self._flowing.set()

    @property
    def behind(self) -> bool:
        return self.line.behind

    def send(self, data: bytes) -> None:
        """One or more messages as frames."""
        self.line.send(data)

    def received(self, message: bytes) -> None:
        match self._conversation.step(message):
            case Init(payload):
                self._let_in(payload)
            case Pong(payload):
                self.send(messages.pong(payload))
            case Start(id, asked):
                self._start(id, asked)
            case Stop(id):
                self.forget(id)
            case Close(code, reason):
                self.close(code, reason)

    def resume(self) -> None:
        self._flowing.set()
        for each in list(self._operations.values()):
            if isinstance(each, Subscription):
                each.resume()

    def gone(self) -> None:
        self._host.gone(self)
        for id in list(self._operations):
            self.forget(id)

    def end(self, said: bytes = b"") -> None:
        """As every line can be ended; there is nothing to say but why."""
        self.dismiss()

    def check(self) -> None:
        """Close it when what its client showed opens nothing any more."""
        try:
            if self._asker is not None:
                self._asker.who()
        except LivedashError:
            self.close(Code.FORBIDDEN, "Forbidden")

    def dismiss(self) -> None:
        self.close(Code.RESTART, "The server stops; come back in a moment")

    def close(self, code: Code, reason: str) -> None:
        self.line.end_with(code, reason)
        self.gone()

    def forget(self, id: str) -> None:
        """The operation, if it goes on, ends here."""
        operation = self._operations.pop(id, None)
        if isinstance(operation, Subscription):
            self._host.streams.discard(operation)
            operation.stop()
        elif operation is not None and operation is not asyncio.current_task():
            operation.cancel()
        self._busy = asyncio.get_running_loop().time()

    def fail(self, id: str, error: LivedashError) -> None:
        """The operation ends with an error."""
        self.send(messages.error(id, refused_for(error).errors))
        self.forget(id)

    def tick(self, now: float) -> None:
        """See whether the client is still there, and what for. `now` is the event loop's time."""
        heard = self.line.heard
        if not self._conversation.let_in:
            if now - self._opened > limits.INIT_SECONDS:
                self.close(Code.INIT_TIMEOUT, "Connection initialisation timeout")
        elif not self._operations and now - self._busy > limits.IDLE_SECONDS:
            self.close(Code.GOING_AWAY, "Nothing was asked for a while")
        elif self.behind:
            pass  # it cannot say anything before it has taken what it got; whether it lives, TCP knows
        elif self._pinged > heard:
            if now - self._pinged > limits.PING_SECONDS:
                self.line.drop()
        elif now - heard > limits.PING_SECONDS:
            self._pinged = now
            self.send(messages.PING)

    def _let_in(self, payload: dict[str, Json]) -> None:
        try:
            self._asker = self._admit(payload)
        except LivedashError:
            return self.close(Code.FORBIDDEN, "Forbidden")
        self._conversation.let_in = True
        self.send(messages.ACK)

    def _start(self, id: str, asked: Asked) -> None:
        if len(self._operations) >= limits.GRAPHQL_OPERATIONS:
            text = f"a socket has at most {limits.GRAPHQL_OPERATIONS} operations at the same time; open another one"
            return self.send(messages.error(id, [problem(text, "TOO_MANY_OPERATIONS")]))
        self._operations[id] = asyncio.create_task(self._run(id, asked), name="graphql operation")

    async def _run(self, id: str, asked: Asked) -> None:
        assert self._asker is not None, "nothing is started before"
        try:
            engine = await self._host.engine()
            if engine.is_subscription(asked):
                await self._follow(id, asked, engine, self._asker)
            else:
                await self._answer(id, asked, engine, self._asker)
        except Refused as refused:
            self._finish(id, messages.error(id, refused.errors))
        except LivedashError as error:
            self._finish(id, messages.error(id, refused_for(error).errors))
        except Exception:
            _log.exception("an operation failed")
            self._finish(id, messages.error(id, [problem(UNFORESEEN, INTERNAL)]))

    async def _answer(self, id: str, asked: Asked, engine: "Engine", asker: "Asker") -> None:
        async with self._turns:  # else who asks much and takes nothing could have everything in memory
            if self.behind:
                self._flowing.clear()
                await self._flowing.wait()
            answer = await engine.answer(asked, asker)
            self._finish(id, messages.next(id, answer) + messages.complete(id))

    async def _follow(self, id: str, asked: Asked, engine: "Engine", asker: "Asker") -> None:
        found, shape = await engine.follow(asked, asker)
        pipeline, resumes = found.reading.pipeline, found.resumes
        entered = await self._host.entrance.enter(
            pipeline, found.tail, shape, found.cursor, self._address, resumes=resumes
        )
        if isinstance(entered, Throttled):
            return self._throttle(id, entered)
        subscription = Subscription(self, id, pipeline.id, entered, found.reading.refusal, own_token=found.own_token)
        self._operations[id] = subscription
        self._host.streams.add(subscription, subscription.begin)

    def _throttle(self, id: str, why: Throttled) -> None:
        """A client that has nothing else here is sent away, since then it comes back by itself. One that has is told,
        so that it keeps what it has."""
        if len(self._operations) == 1:
            return self.close(Code.TRY_AGAIN, why.reason)
        told = problem(why.detail, "THROTTLED", reason=why.reason, retryAfter=why.retry_ms[0] / 1000)
        self._finish(id, messages.error(id, [told]))

    def _finish(self, id: str, said: bytes) -> None:
        self.send(said)
        self.forget(id)
