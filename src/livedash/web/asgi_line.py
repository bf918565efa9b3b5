"""A line over plain ASGI: what serves under another server than uvicorn."""

import asyncio

from starlette.types import Receive, Send

from livedash.base import limits
from livedash.web.http import Headers
from livedash.web.lines import Owner


class AsgiLine:
    """Keeps what it is sent until the server takes it. The task that answers the request runs `serve`."""

    def __init__(self, owner: Owner) -> None:
        self.behind = False
        self._owner = owner
        self._parts: list[bytes] = []
        self._size = 0
        self._closing = False
        self._some = asyncio.Event()

    def send(self, data: bytes) -> None:
        if self._closing:
            return
        self._parts.append(data)
        self._size += len(data)
        self.behind = self._size > limits.LINE_BYTES
        self._some.set()

    def end(self, said: bytes = b"") -> None:
        self._owner.end(said)

    def close(self) -> None:
        """End the response when what was sent has been taken."""
        self._closing = True
        self._some.set()

    async def serve(self, headers: Headers, receive: Receive, send: Send) -> None:
        """Answer with 200 and what is sent, until the end or until the client goes away."""
        gone = asyncio.create_task(_disconnected(receive))
        passing = asyncio.create_task(self._pass_on(headers, send))
        try:
            await asyncio.wait((gone, passing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            passing.cancel()
            await asyncio.gather(gone, passing, return_exceptions=True)
            self._owner.gone()

    async def _pass_on(self, headers: Headers, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while not (self._closing and not self._parts):
            await self._some.wait()
            self._some.clear()
            data, self._parts = b"".join(self._parts), []
            await send({"type": "http.response.body", "body": data, "more_body": True})
            self._size = sum(map(len, self._parts))
            if self.behind and self._size <= limits.LINE_BYTES and not self._closing:
                self.behind = False
                self._owner.resume()
        await send({"type": "http.response.body", "body": b""})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
