"""Values of records as widgets need them."""

import orjson

from livedash.model import Json

TEXT_CHARS = 200  # of one value on a page; the whole of it is in .json


def number(value: Json) -> int | float | None:
    """The value if it is a number; booleans are not."""
    return value if type(value) is int or type(value) is float else None


def text(value: Json) -> str:
    """Any value in one short line; objects and lists as compact JSON, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    whole = value if isinstance(value, str) else orjson.dumps(value).decode()
    return whole if len(whole) <= TEXT_CHARS else whole[: TEXT_CHARS - 1] + "…"
