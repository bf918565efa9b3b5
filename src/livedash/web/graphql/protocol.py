"""`graphql-transport-ws`, decided without a socket: what a message of a client asks for, by what came before it."""

from collections.abc import Container
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import orjson

from livedash.model import Json
from livedash.web.graphql.asked import Asked, malformed

SUBPROTOCOL = "graphql-transport-ws"
REASON_BYTES = 123  # of a close frame


class Code(IntEnum):
    """Why a socket is closed. Clients come back after the first group, and give up after the second."""

    GOING_AWAY = 1001
    RESTART = 1012
    TRY_AGAIN = 1013
    FORBIDDEN = 4403
    INIT_TIMEOUT = 4408

    BAD_MESSAGE = 4400
    UNAUTHORIZED = 4401
    WRONG_SUBPROTOCOL = 4406
    DUPLICATE = 4409
    TOO_MANY_INITS = 4429


@dataclass(frozen=True, slots=True)
class Init:
    """Let the client in, by what it shows in `payload`, and say so."""

    payload: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Pong:
    """Answer with the same payload."""

    payload: Json


@dataclass(frozen=True, slots=True)
class Start:
    """Begin the operation `id`."""

    id: str
    asked: Asked


@dataclass(frozen=True, slots=True)
class Stop:
    """The client wants no more of the operation `id`, if it goes on at all."""

    id: str


@dataclass(frozen=True, slots=True)
class Close:
    """End the socket."""

    code: Code
    reason: str


Step = Init | Pong | Start | Stop | Close | None


class Conversation:
    """One socket's state: whether the client has shown who it is, and whether it was let in."""

    def __init__(self, going_on: Container[str]) -> None:
        """`going_on`: the ids of its operations."""
        self.begun = False
        self.let_in = False
        self._going_on = going_on

    def step(self, message: bytes) -> Step:
        """What to do about a message; None is nothing."""
        try:
            said = orjson.loads(message)
        except orjson.JSONDecodeError:
            return _bad("a message is JSON")
        if not isinstance(said, dict) or not isinstance(kind := said.get("type"), str):
            return _bad("a message is an object with a type")
        match kind:
            case "connection_init":
                return self._init(said)
            case "subscribe":
                return self._subscribe(said)
            case "complete":
                return Stop(said["id"]) if isinstance(said.get("id"), str) else _bad("complete has an id")
            case "ping":
                return Pong(said.get("payload")) if _has_fitting_payload(said) else _bad("a payload is an object")
            case "pong":
                return None if _has_fitting_payload(said) else _bad("a payload is an object")
        return _bad(f"no client sends {kind[:40]}")

    def _init(self, said: dict[str, Any]) -> Step:
        if not _has_fitting_payload(said):
            return _bad("a payload is an object")
        if self.begun:
            return Close(Code.TOO_MANY_INITS, "Too many initialisation requests")
        self.begun = True
        return Init(said.get("payload") or {})

    def _subscribe(self, said: dict[str, Any]) -> Step:
        id, payload = said.get("id"), said.get("payload")
        if not isinstance(id, str) or not id:
            return _bad("subscribe has an id, which is a text")
        if not isinstance(payload, dict):
            return _bad("subscribe has a payload, which is an object")
        if mistake := malformed(payload):
            return _bad(mistake)
        if not self.let_in:
            return Close(Code.UNAUTHORIZED, "Unauthorized")
        if id in self._going_on:
            return Close(Code.DUPLICATE, f"Subscriber for {_short(id)} already exists")
        return Start(id, Asked.of(payload))


def _has_fitting_payload(said: dict[str, Any]) -> bool:
    return isinstance(said.get("payload"), dict | None)


def _bad(reason: str) -> Close:
    return Close(Code.BAD_MESSAGE, f"Invalid message: {reason}")


def _short(id: str) -> str:
    """So that the reason fits into a close frame."""
    return id.encode()[:60].decode(errors="ignore")
