"""Strawberry's own handler of graphql-transport-ws under uvicorn, with a queue per subscription; a record is decoded
once for all, and JSON is written by orjson. `python strawberry_queues.py PORT`"""

import asyncio
import gc
import logging
import sys
from collections.abc import AsyncIterator
from typing import Any

import orjson
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from strawberry.asgi import GraphQL
from strawberry.scalars import JSON

queues: set[asyncio.Queue["Record"]] = set()
records = 0


@strawberry.type
class Record:
    offset: int
    cursor: str
    timestamp: str
    data: JSON
    metrics: JSON


@strawberry.type
class Query:
    alive: bool = True


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def pipeline_events(
        self, pipeline_id: strawberry.ID, token: str | None = None, after: str | None = None, where: str | None = None
    ) -> AsyncIterator[Record]:
        queue: asyncio.Queue[Record] = asyncio.Queue()
        queues.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            queues.discard(queue)


class Quick(GraphQL[Any, Any]):
    def encode_json(self, data: object) -> str:
        return orjson.dumps(data).decode()


async def alive(_: Request) -> Response:
    return Response()


async def publish(request: Request) -> Response:
    global records
    records += 1
    posted = orjson.loads(await request.body())
    record = Record(
        offset=records,
        cursor=f"k3v9q2m4-{records}",
        timestamp=posted["timestamp"],
        data=posted["data"],
        metrics=posted["metrics"],
    )
    for queue in queues:
        queue.put_nowait(record)
    return JSONResponse({"accepted": 1})


graphql = Quick(strawberry.Schema(query=Query, subscription=Subscription))
app = Starlette(
    routes=[
        Route("/alive", alive),
        Route("/publish", publish, methods=["POST"]),
        WebSocketRoute("/api/graphql", graphql),
        Mount("/api/graphql", graphql),
    ],
)

if __name__ == "__main__":
    logging.disable(logging.INFO)
    gc.set_threshold(20_000, 50, 100)  # as Livedash does: by default half as much again
    gc.freeze()
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_level="error",
        access_log=False,
        backlog=4096,
    )
