"""From what arrived to what is kept: mapping, limits, encoding. Pure."""

from collections.abc import Callable

import orjson

from livedash.base import limits
from livedash.mapping import Refused
from livedash.model import Draft, Json, Refusal
from livedash.model.record import metrics_of

Map = Callable[[dict[str, Json], int], tuple[dict[str, Json], int]]


class Unreadable:
    """An item of a request that could not even be parsed: what was sent, and why not."""

    __slots__ = ("body", "reason")

    def __init__(self, body: bytes, reason: str) -> None:
        self.body = body
        self.reason = reason


def take(item: Json | Unreadable, mapping: Map, arrival: int) -> Draft:
    """One item of a request as a draft. Raises Refused with the reason."""
    if type(item) is not dict:
        raise Refused(item.reason if isinstance(item, Unreadable) else f"not a JSON object but {_kind(item)}")
    _check_depth(item, limits.RECORD_DEPTH)
    data, timestamp = mapping(item, arrival)
    try:
        draft = Draft.encode(data, metrics_of(data), timestamp)
    except (orjson.JSONEncodeError, ValueError, OverflowError) as error:
        raise Refused(f"cannot be kept as JSON: {error}") from None
    if len(draft.body) > limits.RECORD_BYTES:
        raise Refused(f"larger than {limits.RECORD_BYTES // limits.KIB} KiB")
    return draft


def refusal(index: int, item: Json | Unreadable, reason: str) -> Refusal:
    return Refusal(index, reason, _sent(item)[: limits.REFUSAL_BYTES])


def _sent(item: Json | Unreadable) -> bytes:
    if isinstance(item, Unreadable):
        return item.body
    try:
        return orjson.dumps(item, default=str)
    except orjson.JSONEncodeError:  # nested deeper than it writes, though not deeper than it reads
        return orjson.dumps(_cut(item, limits.RECORD_DEPTH))


def _cut(value: Json, left: int) -> Json:
    """`value` without what is nested deeper than `left`."""
    if type(value) is dict:
        return {key: _cut(child, left - 1) for key, child in value.items()} if left else "…"
    if type(value) is list:
        return [_cut(child, left - 1) for child in value] if left else "…"
    return value


def _check_depth(value: Json, left: int) -> None:
    for child in value.values() if type(value) is dict else value:
        if type(child) is dict or type(child) is list:
            if left == 1:
                raise Refused(f"nested deeper than {limits.RECORD_DEPTH}")
            _check_depth(child, left - 1)


def _kind(item: Json) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(item), "a number")
