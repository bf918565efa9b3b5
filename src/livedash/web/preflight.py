"""`OPTIONS` on a pipeline's stream and records: may a page of that origin ask? Needs no token: browsers send none."""

from starlette.types import Receive, Scope, Send

from livedash.catalog.directory import Directory
from livedash.web import cors
from livedash.web.http import answer


class Preflight:
    """An unknown pipeline is answered like one that allows nobody, so that nothing is told."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def __call__(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        pipeline = self._directory.pipeline(name)
        headers = cors.preflight(scope, pipeline.allowed_origins if pipeline else ())
        await answer(send, 204, headers, b"")
