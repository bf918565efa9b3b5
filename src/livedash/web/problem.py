"""Errors as RFC 9457 `application/problem+json`: the one place that knows which status an error has."""

from http import HTTPStatus

import orjson

from livedash.model import Json
from livedash.model.errors import (
    Busy,
    Conflict,
    CursorExpired,
    Denied,
    Invalid,
    LivedashError,
    Malformed,
    NotFound,
    StorageError,
    TooLarge,
    TooSlow,
    Unknown,
    Unsupported,
)

_STATUS: tuple[tuple[type[LivedashError], int], ...] = (  # the most special first
    (TooSlow, 408),
    (Malformed, 400),
    (TooLarge, 413),
    (Unsupported, 415),
    (Invalid, 422),
    (Unknown, 401),
    (Denied, 403),
    (NotFound, 404),
    (Conflict, 409),
    (CursorExpired, 410),
    (Busy, 429),
    (StorageError, 503),
)
FULL_RETRY_SECONDS = 10  # a full disk is not free again sooner


def status_of(error: LivedashError) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def headers_of(error: LivedashError) -> dict[str, str]:
    """What the status wants beside the body: when to come back, how to say who one is."""
    match error:
        case Busy():
            return {"retry-after": str(max(1, round(error.retry_after)))}
        case StorageError():
            return {"retry-after": str(FULL_RETRY_SECONDS)}
        case Unknown():
            return {"www-authenticate": 'Bearer realm="livedash"'}
        case TooSlow():
            # not for TooLarge: who is cut off while still sending never sees the answer
            return {"connection": "close"}
    return {}


def problem(status: int, detail: str, **more: Json) -> dict[str, Json]:
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}


def problem_of(error: LivedashError) -> dict[str, Json]:
    return problem(status_of(error), str(error), **_more(error))


def _more(error: LivedashError) -> dict[str, Json]:
    match error:
        case Malformed(line=int()):
            return {"errors": [{"detail": str(error), "line": error.line, "column": error.column}]}
        case CursorExpired():
            return {"cursor": error.first}
        case Invalid(faults=faults) if faults:
            return {"errors": [{"pointer": _pointer(fault.path), "detail": fault.message} for fault in faults]}
    return {}


def _pointer(path: tuple[str | int, ...]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def encoded(body: dict[str, Json]) -> bytes:
    return orjson.dumps(body)
