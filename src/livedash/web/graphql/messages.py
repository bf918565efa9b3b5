"""Messages of `graphql-transport-ws` as bytes. What many clients get is made once, with a place left for the id that
each client has given its subscription."""

from collections.abc import Sequence

import orjson

from livedash.model import Json
from livedash.web.socket_line import frame_head, framed

ACK = framed(b'{"type":"connection_ack"}')
PING = framed(b'{"type":"ping"}')
_BEFORE_ID = b',"id":'


def pong(payload: Json) -> bytes:
    """Echoes a ping's payload."""
    return framed(b'{"type":"pong"}' if payload is None else orjson.dumps({"type": "pong", "payload": payload}))


def complete(id: str) -> bytes:
    return framed(orjson.dumps({"type": "complete", "id": id}))


def next(id: str, payload: Json) -> bytes:
    return framed(orjson.dumps({"type": "next", "payload": payload, "id": id}))


def error(id: str, errors: Sequence[Json]) -> bytes:
    return framed(orjson.dumps({"type": "error", "payload": errors, "id": id}))


def ending(id: str) -> bytes:
    """How a message to the client ends that has this `id`; `Messages` make the rest."""
    return orjson.dumps(id) + b"}"


class Messages:
    """Messages with the same payloads for many subscriptions. Those whose ids are equally long get the same bytes but
    for the ids, which are all that is put in for each: `ending.join(parts)`."""

    __slots__ = ("_parts", "_payloads", "_type", "last")

    def __init__(self, type: str, payloads: Sequence[bytes], *, last: bool = False) -> None:
        """`last`: the subscription ends with them."""
        self.last = last
        self._type = type.encode()
        self._payloads = payloads
        self._parts: dict[int, tuple[bytes, ...]] = {}

    def __len__(self) -> int:
        """Bytes of the payloads."""
        return sum(map(len, self._payloads))

    def parts(self, length: int) -> tuple[bytes, ...]:
        """The messages as frames, cut where the ending (of `length` bytes) goes."""
        parts = self._parts.get(length)
        if parts is None:
            parts = self._parts[length] = (*(self._part(payload, length) for payload in self._payloads), b"")
        return parts

    def _part(self, payload: bytes, length: int) -> bytes:
        text = b'{"type":"%b","payload":%b%b' % (self._type, payload, _BEFORE_ID)
        return frame_head(len(text) + length) + text
