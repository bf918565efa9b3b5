"""What a client asks of GraphQL, however it came."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from livedash.model import Json


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    query: str
    operation: str | None = None
    variables: Mapping[str, Json] = field(default_factory=dict)

    @classmethod
    def of(cls, payload: Mapping[str, Json]) -> "Asked":
        """From a payload that is not `malformed`."""
        return cls(payload["query"], payload.get("operationName"), payload.get("variables") or {})


def malformed(payload: Mapping[str, Json]) -> str | None:
    """What is wrong with a payload; None when it can be asked."""
    if not isinstance(payload.get("query"), str):
        return "`query` is a text"
    if not isinstance(payload.get("operationName"), str | None):
        return "`operationName` is a text"
    for name in ("variables", "extensions"):
        if not isinstance(payload.get(name), dict | None):
            return f"`{name}` is an object"
    return None
