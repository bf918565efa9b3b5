"""The built scripts, style sheet and icon: small, held in memory and served as plain ASGI."""

import asyncio
import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

FOLDER = Path(__file__).parent / "static"

_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_HELPER = "livedash.js"
_HEADERS = {"Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
_IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}  # a name holds a hash: new content, new name
_FOR_ALL = {
    "Cache-Control": "public, max-age=3600",  # its name stays over updates
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


class AssetsMissing(Exception):
    """The static assets are not built: run `npm ci && npm run build` in the assets folder, or install a wheel."""

    def __str__(self) -> str:
        return str(type(self).__doc__)


@dataclass(slots=True)
class _File:
    type: str
    plain: bytes
    headers: Mapping[str, str]
    _packed: bytes | None = None

    async def packed(self) -> bytes:
        """By gzip. Done when it is first asked for, and in a thread: GraphiQL takes 50 ms."""
        if self._packed is None:
            self._packed = await asyncio.to_thread(partial(gzip.compress, self.plain, mtime=0))
        return self._packed


class Assets:
    """The files of manifest.json. `url(name)` for templates; the object itself is the ASGI app to mount at `prefix`.
    Only `livedash.js` there, the helper that pages of other sites load, keeps its name and may be loaded by all."""

    def __init__(self, manifest: Mapping[str, str], files: Mapping[str, _File], prefix: str) -> None:
        self._manifest = manifest
        self._files = files
        self._prefix = prefix

    @classmethod
    def load(cls, folder: Path = FOLDER, prefix: str = "/static") -> Self:
        """Reads what the build left in `folder`. Raises AssetsMissing."""
        try:
            manifest: dict[str, str] = json.loads((folder / "manifest.json").read_bytes())
            return cls(manifest, {name: _read(folder / name) for name in manifest.values()}, prefix)
        except FileNotFoundError as error:
            raise AssetsMissing from error

    def url(self, name: str) -> str:
        """`theme.js` → `/static/theme.<hash>.js`. Raises KeyError for what was not built."""
        return f"{self._prefix}/{self._manifest[name]}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (await self._answer(scope))(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response:
        file = self._files.get(scope["path"].rpartition("/")[2])
        if file is None:
            return PlainTextResponse("Not found", 404)
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("Method not allowed", 405, {"Allow": "GET, HEAD"})
        asked = Headers(scope=scope)
        if file.headers["ETag"] in asked.get("if-none-match", ""):
            return Response(status_code=304, headers=file.headers)
        if "gzip" in asked.get("accept-encoding", ""):
            packed = {**file.headers, "Content-Encoding": "gzip"}
            return Response(await file.packed(), headers=packed, media_type=file.type)
        return Response(file.plain, headers=file.headers, media_type=file.type)


def _read(path: Path) -> _File:
    plain = path.read_bytes()
    tag = f'W/"{hashlib.sha256(plain).hexdigest()[:16]}"'  # weak: the same for the packed bytes
    headers = {**_HEADERS, **(_FOR_ALL if path.name == _HELPER else _IMMUTABLE), "ETag": tag}
    return _File(_TYPES[path.suffix], plain, headers)
