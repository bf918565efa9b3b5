"""What pages of other origins may read of a pipeline: every answer says so, errors too, or they all look the same."""

from starlette.types import Message, Receive, Scope, Send

from livedash.catalog.directory import Directory
from livedash.web import cors
from livedash.web.http import Headers, answer


class CrossOrigin:
    """An unknown pipeline is answered like one that allows nobody, so that nothing is told."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def preflight(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """`OPTIONS`: may a page of that origin ask? Needs no token: browsers send none."""
        await answer(send, 204, cors.preflight(scope, self._origins(name)), b"")

    def telling(self, name: str, scope: Scope, send: Send) -> Send:
        """`send` that adds the headers to an answer."""

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self.headers(name, scope)]
            await send(message)

        return told

    def headers(self, name: str, scope: Scope) -> Headers:
        return cors.headers(scope, self._origins(name))

    def _origins(self, name: str) -> tuple[str, ...]:
        pipeline = self._directory.pipeline(name)
        return pipeline.allowed_origins if pipeline else ()
