"""What comes of an execution, as it is told."""

from collections.abc import Iterable
from typing import Any

import structlog
from graphql import GraphQLError

from livedash.model import Json
from livedash.model.errors import LivedashError
from livedash.web.graphql.refusals import BAD_VARIABLES, INTERNAL, UNFORESEEN, Refused, extensions, problem

_log = structlog.get_logger("livedash.graphql")


def formatted(result: Any) -> dict[str, Json]:
    """A result with what went wrong in it."""
    return {"errors": told(result.errors), "data": result.data} if result.errors else {"data": result.data}


def refused(errors: Iterable[GraphQLError], code: str) -> Refused:
    """Because of `errors`, which nobody gave a code."""
    return Refused([{**error.formatted, "extensions": {"code": code}} for error in errors])


def told(errors: Iterable[GraphQLError]) -> list[dict[str, Json]]:
    """What went wrong in an execution. What we did not foresee is told by the log of the server."""
    return [_told(error) for error in errors]


def _told(error: GraphQLError) -> dict[str, Json]:
    original: BaseException | None = error
    while isinstance(original, GraphQLError) and original.original_error is not None:
        original = original.original_error
    if isinstance(original, LivedashError):
        return {**error.formatted, "extensions": extensions(original)}
    if isinstance(original, GraphQLError):
        return {**error.formatted, "extensions": {"code": BAD_VARIABLES, **(error.extensions or {})}}
    _log.error("a resolver failed", path=error.path, exc_info=original)
    return {**error.formatted, **problem(UNFORESEEN, INTERNAL)}
