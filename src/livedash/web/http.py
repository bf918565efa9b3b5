"""The little that a plain ASGI handler needs: headers, a body within its limits, an answer."""

import asyncio
import zlib
from collections.abc import Iterable
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from livedash.base import limits
from livedash.model.errors import LivedashError, Malformed, TooLarge, TooSlow, Unsupported
from livedash.web.problem import encoded, headers_of, problem_of, status_of

JSON = (b"content-type", b"application/json")
PROBLEM = (b"content-type", b"application/problem+json")
_INLINE_INFLATE = 4 * limits.KIB  # unpacks to 4 MiB at worst, a few ms; more is done in a thread (zlib lets the GIL go)
_PIECE = 64 * limits.KIB  # of a packed body at a time: what follows a member is copied

Headers = Iterable[tuple[bytes, bytes]]


class Disconnected(Exception):
    """The client went away before its request was complete."""


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first header of that (lower-case) name."""
    return next((value for key, value in scope["headers"] if key == name), None)


def text_header(scope: Scope, name: bytes) -> str | None:
    value = header(scope, name)
    return None if value is None else value.decode("latin-1")


def query(scope: Scope) -> dict[str, str]:
    """Query parameters; the last of equal names wins."""
    return dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))


def bearer(scope: Scope) -> str | None:
    """The token of `Authorization: Bearer …`."""
    value = text_header(scope, b"authorization")
    if value is None or value[:7].lower() != "bearer ":
        return None
    return value[7:].strip()


async def answer(send: Send, status: int, headers: Headers, body: bytes) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, (b"content-length", b"%d" % len(body)), (b"x-content-type-options", b"nosniff")],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, error: LivedashError, headers: Headers = ()) -> None:
    """Answer with the error as a problem."""
    more = [(key.encode(), value.encode()) for key, value in headers_of(error).items()]
    await answer(send, status_of(error), [PROBLEM, *headers, *more], encoded(problem_of(error)))


async def body(scope: Scope, receive: Receive, most: int = limits.BODY_BYTES) -> bytes:
    """The whole body, unpacked; it may come as `most` bytes. Raises TooLarge, TooSlow, Unsupported, Malformed or
    Disconnected."""
    coding = (header(scope, b"content-encoding") or b"identity").strip().lower()
    if coding not in (b"identity", b"gzip", b"x-gzip"):
        raise Unsupported(f"Content-Encoding {coding.decode('latin-1')!r} is not understood; send gzip or none")
    _check_length(scope, most)
    try:
        async with asyncio.timeout(limits.BODY_SECONDS):
            raw = await _receive(receive, most)
    except TimeoutError:
        raise TooSlow(f"the body did not arrive within {limits.BODY_SECONDS:.0f} s") from None
    if coding == b"identity":
        return raw
    return gunzip(raw) if len(raw) <= _INLINE_INFLATE else await asyncio.to_thread(gunzip, raw)


def _check_length(scope: Scope, most: int) -> None:
    length = header(scope, b"content-length")
    if length is not None and length.isdigit() and int(length) > most:
        raise _too_large(most)


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"a body may have {most // limits.KIB:,} KiB; send less at a time")


async def _receive(receive: Receive, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise _too_large(most)
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def gunzip(raw: bytes) -> bytes:
    """Unpack gzip, all members, up to `limits.UNPACKED_BYTES`. Raises TooLarge or Malformed."""
    parts: list[bytes] = []
    view, at, room = memoryview(raw), 0, limits.UNPACKED_BYTES
    unpacker, members = _member(), 1
    while at < len(raw):
        if unpacker.eof:
            unpacker, members = _member(), members + 1
        piece = view[at : at + _PIECE]
        try:
            parts.append(unpacker.decompress(piece, room + 1))
        except zlib.error as error:
            raise Malformed(f"the body is not gzip: {error}") from None
        room -= len(parts[-1])
        if room < 0 or members > limits.GZIP_MEMBERS:
            raise TooLarge(f"a body may unpack to {limits.UNPACKED_BYTES // limits.MIB} MiB; send smaller batches")
        at += len(piece) - len(unpacker.unused_data)
    if raw and not unpacker.eof:
        raise Malformed("the gzip body is cut off")
    return b"".join(parts)


def _member() -> "zlib._Decompress":
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
