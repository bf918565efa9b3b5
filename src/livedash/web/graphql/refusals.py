"""Errors as GraphQL tells them: the message for people, `extensions.code` for programs."""

from collections.abc import Sequence
from typing import Any

from livedash.model import Json
from livedash.model.errors import (
    Busy,
    Conflict,
    CursorExpired,
    Denied,
    Invalid,
    LivedashError,
    NotFound,
    StorageError,
    Unknown,
)

_CODES: tuple[tuple[type[LivedashError], str], ...] = (  # the most special first
    (Unknown, "UNAUTHENTICATED"),
    (Denied, "FORBIDDEN"),
    (NotFound, "NOT_FOUND"),
    (Invalid, "BAD_USER_INPUT"),
    (Conflict, "CONFLICT"),
    (CursorExpired, "CURSOR_EXPIRED"),
    (Busy, "THROTTLED"),
    (StorageError, "UNAVAILABLE"),
)
PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
BAD_VARIABLES = "BAD_USER_INPUT"
TOO_COMPLEX = "TOO_COMPLEX"
BAD_REQUEST = "BAD_REQUEST"
INTERNAL = "INTERNAL_SERVER_ERROR"
UNFORESEEN = "Something went wrong here; the log of the server says what."


class Refused(Exception):
    """A request is not executed. `errors` are ready to be told."""

    def __init__(self, errors: Sequence[dict[str, Json]]) -> None:
        super().__init__(errors[0]["message"])
        self.errors = errors


def problem(message: str, code: str, **more: Json) -> dict[str, Json]:
    """One error, without a place in the query."""
    return {"message": message, "extensions": {"code": code, **more}}


def refused_for(error: LivedashError) -> Refused:
    """Because of an error of ours."""
    return Refused([{"message": str(error), "extensions": extensions(error)}])


def extensions(error: LivedashError) -> dict[str, Json]:
    found: dict[str, Any] = {"code": next((code for kind, code in _CODES if isinstance(error, kind)), INTERNAL)}
    match error:
        case CursorExpired():
            found["cursor"] = error.first
        case Busy():
            found["retryAfter"] = error.retry_after
        case Invalid(faults=faults) if faults:
            found["faults"] = [{"path": list(fault.path), "message": fault.message} for fault in faults]
    return found
