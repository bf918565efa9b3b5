"""OpenAPI of the plain ASGI routes, written by hand: FastAPI does not see them."""

from typing import Any

from livedash.base import limits

_PIPELINE = {
    "name": "pipeline",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "Slug or id of the pipeline",
}
_RECORD = {"type": "object", "additionalProperties": True, "description": "Any JSON object"}
_OUTCOME: dict[str, Any] = {
    "type": "object",
    "required": ["accepted", "refused", "first", "last", "cursor", "durable", "errors"],
    "properties": {
        "accepted": {"type": "integer"},
        "refused": {"type": "integer"},
        "first": {"type": ["integer", "null"], "description": "Offset of the first accepted record"},
        "last": {"type": ["integer", "null"], "description": "Offset of the last accepted record"},
        "cursor": {"type": ["string", "null"], "description": "epoch-offset of the last accepted record"},
        "durable": {"type": "boolean", "description": "Whether it is on disk (false: persist is off)"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"index": {"type": "integer"}, "reason": {"type": "string"}},
            },
        },
    },
}


def _problem(text: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": text, "content": {"application/problem+json": {"schema": schema}}}


def _outcome(text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Outcome"}}}}


_APPEND = {
    "tags": ["records"],
    "summary": "Append records",
    "description": "One object, an array of them, or one a line. What cannot be taken is refused alone, with its "
    f"reason. At most {limits.RECORDS_PER_REQUEST:,} records and {limits.BODY_BYTES // limits.MIB} MiB.",
    "operationId": "append_records",
    "security": [{"bearer": []}],
    "parameters": [
        _PIPELINE,
        {
            "name": "Idempotency-Key",
            "in": "header",
            "schema": {"type": "string", "minLength": 1, "maxLength": limits.KEY_LENGTH},
            "description": "A request with a key seen in the last 24 h gets the first outcome again",
        },
        {"name": "Content-Encoding", "in": "header", "schema": {"enum": ["gzip", "identity"]}},
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"oneOf": [_RECORD, {"type": "array", "items": _RECORD}]}},
            "application/x-ndjson": {"schema": {"type": "string"}},
        },
    },
    "responses": {
        "200": _outcome("At least one record is accepted, and on disk"),
        "400": _problem("The body is not JSON at all, or cut off; nothing is stored"),
        "401": _problem("No token, or one that nobody knows"),
        "404": _problem("No such pipeline, or a token of another one"),
        "408": _problem("The body did not arrive in time"),
        "413": _problem("Too large"),
        "415": _problem("A content type or encoding that is not understood"),
        "422": _outcome("Nothing was accepted"),
        "429": _problem("Too much is waiting for the disk; see Retry-After"),
        "503": _problem("The disk or the quota is full; nothing is stored"),
    },
}


def _asks(name: str, description: str, schema: dict[str, Any] | None = None, where: str = "query") -> dict[str, Any]:
    return {"name": name, "in": where, "schema": schema or {"type": "string"}, "description": description}


_STREAM = {
    "tags": ["records"],
    "summary": "Follow records as Server-Sent Events",
    "description": "Records are unnamed events with `id: epoch-offset`. A reconnecting EventSource resumes by itself. "
    "`event: gap` says what no longer exists.",
    "operationId": "stream_records",
    "security": [{"bearer": []}],
    "parameters": [
        _PIPELINE,
        _asks("token", "Instead of the header"),
        _asks("last_event_id", "Resume after this cursor"),
        _asks("Last-Event-ID", "The same, as browsers send it; it wins", where="header"),
        _asks("since", "Without a cursor: begin at this time, or with the newest N as `tail=N`"),
        _asks("tail", "Without a cursor and `since`: begin with the newest so many", {"type": "integer", "minimum": 0}),
        _asks("fields", "Only these paths of `data`, with commas between"),
        _asks("where", "Only records for which this CEL expression is true", {"maxLength": limits.EXPRESSION_CHARS}),
        _asks("ping", "`1`: where it begins, and silence, are said by an event", {"enum": ["0", "1"]}),
    ],
    "responses": {
        "200": {"description": "Events", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
        "400": _problem("Not a cursor"),
        "403": _problem("A token that may not read"),
        "401": _problem("No token, or one that nobody knows"),
        "404": _problem("No such pipeline, or a token of another one"),
        "422": _problem("A parameter that makes no sense"),
    },
}
_GRAPHQL_ANSWERS = {
    "200": {"description": "Executed; what went wrong in it is in `errors`"},
    "400": {"description": "Not a request, or not one of this schema"},
    "401": {"description": "A token that nobody knows"},
    "405": {"description": "A mutation by GET"},
}
_ASK_BY_GET = {
    "tags": ["graphql"],
    "summary": "Ask a GraphQL query",
    "description": "Upgraded to a WebSocket, the protocol `graphql-transport-ws`: there subscriptions are followed. "
    "In a browser, GraphiQL.",
    "operationId": "query",
    "security": [{"bearer": []}, {}],
    "parameters": [
        _asks("query", "In GraphQL's language"),
        _asks("variables", "A JSON object"),
        _asks("operationName", "Which operation of the query"),
    ],
    "responses": _GRAPHQL_ANSWERS,
}
_ASK_BY_POST = {
    "tags": ["graphql"],
    "summary": "Ask a GraphQL query or mutation",
    "operationId": "ask",
    "security": [{"bearer": []}, {}],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["query"],
                    "properties": {
                        "query": {"type": "string"},
                        "variables": {"type": ["object", "null"]},
                        "operationName": {"type": ["string", "null"]},
                    },
                }
            }
        },
    },
    "responses": _GRAPHQL_ANSWERS,
}
PATHS: dict[str, dict[str, Any]] = {
    "/api/graphql": {"get": _ASK_BY_GET, "post": _ASK_BY_POST},
    "/api/pipelines/{pipeline}/records": {"post": _APPEND},
    "/api/pipelines/{pipeline}/stream": {"get": _STREAM},
    "/healthz": {
        "get": {"tags": ["operations"], "summary": "Liveness", "responses": {"200": {"description": "It runs"}}}
    },
}
COMPONENTS: dict[str, Any] = {
    "schemas": {
        "Outcome": _OUTCOME,
        "Problem": {
            "type": "object",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "errors": {"type": "array", "items": {"type": "object"}},
            },
        },
    },
    "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
}


def merged(document: dict[str, Any]) -> dict[str, Any]:
    """FastAPI's document with the plain routes in it."""
    paths = document.get("paths", {})
    for path, methods in PATHS.items():
        paths[path] = methods | paths.get(path, {})
    components = document.get("components", {})
    for name, found in COMPONENTS.items():
        components[name] = components.get(name, {}) | found
    return document | {"paths": dict(sorted(paths.items())), "components": components}
