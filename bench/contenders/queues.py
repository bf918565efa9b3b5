"""sse-starlette under uvicorn with a queue per client, each event encoded once for all.

`python queues.py PORT`"""

import asyncio
import sys
from collections.abc import AsyncIterator

import uvicorn
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

queues: set[asyncio.Queue[bytes]] = set()
records = 0


async def alive(_: Request) -> Response:
    return Response()


async def publish(request: Request) -> Response:
    global records
    records += 1
    body = await request.body()
    frame = ServerSentEvent(body.decode(), id=f"k3v9q2m4-{records}", sep="\n").encode()
    for queue in queues:
        queue.put_nowait(frame)
    return JSONResponse({"accepted": 1})


async def stream(_: Request) -> Response:
    async def frames() -> AsyncIterator[bytes]:
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        queues.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            queues.discard(queue)

    return EventSourceResponse(frames(), ping=0)


app = Starlette(
    routes=[Route("/alive", alive), Route("/publish", publish, methods=["POST"]), Route("/stream", stream)],
)

if __name__ == "__main__":
    uvicorn.run(
        app, port=int(sys.argv[1]), loop="uvloop", http="httptools", log_level="error", access_log=False, backlog=4096
    )
