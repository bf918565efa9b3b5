"""What a body of records holds, item by item. What cannot be parsed alone is said alone."""

from collections.abc import Iterator

import orjson

from livedash.base import limits
from livedash.model import Json
from livedash.model.errors import Malformed, TooLarge, Unsupported
from livedash.stream.intake import Unreadable

_LINES = {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}
# curl -d sends the form type when no other is given: the first try of most people
_JSON = {"", "application/json", "application/x-www-form-urlencoded"}
_BOM = b"\xef\xbb\xbf"


def items(content_type: str, body: bytes) -> Iterator[Json | Unreadable]:
    """The items of a body, in order. Raises Malformed, TooLarge or Unsupported before the first item."""
    kind = content_type.partition(";")[0].strip().lower()
    body = body.removeprefix(_BOM)
    _check_values(body)
    if kind in _LINES:
        return _lines(body)
    if kind in _JSON or kind.endswith("+json"):
        return _document(body)
    raise Unsupported(f"Content-Type {kind!r} is not understood; send application/json or application/x-ndjson")


def _document(body: bytes) -> Iterator[Json | Unreadable]:
    if not body.strip():
        raise Malformed("the body is empty; send a JSON object, an array of them, or NDJSON")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"the body is not JSON: {error.msg}", error.lineno, error.colno) from None
    found = document if isinstance(document, list) else [document]
    _check_count(len(found))
    return iter(found)


def _lines(body: bytes) -> Iterator[Json | Unreadable]:
    lines = [line for line in body.split(b"\n") if line and not line.isspace()]
    _check_count(len(lines))
    return (_line(line) for line in lines)


def _line(line: bytes) -> Json | Unreadable:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Unreadable(line, f"not JSON: {error.msg} at column {error.colno}")


def _check_values(body: bytes) -> None:
    """Before anything is parsed. Counted roughly, in strings too: nothing that people send comes near the limit."""
    most = limits.VALUES_PER_REQUEST
    if len(body) > most and sum(map(body.count, (b",", b"[", b"{", b"\n"))) > most:
        raise TooLarge(f"a request may hold {most:,} values; send smaller batches")


def _check_count(count: int) -> None:
    if count > limits.RECORDS_PER_REQUEST:
        raise TooLarge(
            f"a request may hold {limits.RECORDS_PER_REQUEST:,} records, not {count:,}; send smaller batches"
        )
