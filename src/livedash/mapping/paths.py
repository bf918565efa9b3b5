"""Reading and changing records by path, always on a copy. A path is a literal key first, then nested keys."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from livedash.model import Json

MISSING = object()


def find(data: Mapping[str, Json], path: str) -> tuple[tuple[str, ...], Json]:
    """Where `path` leads, as keys, and the value there; MISSING when it leads nowhere."""
    if path in data:
        return (path,), data[path]
    keys = tuple(path.split("."))
    value: Json = data
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            return keys, MISSING
        value = value[key]
    return keys, value


def without(data: Mapping[str, Json], places: Iterable[tuple[str, ...]]) -> dict[str, Json]:
    """A copy of `data` without what is at `places`; `data` and what it holds stay as they are."""
    out = dict(data)
    copied = {id(out)}
    for *parents, last in places:
        inner: dict[str, Json] | None = out
        for key in parents:
            inner = _own(inner, key, copied) if inner is not None else None
        if inner is not None:
            inner.pop(last, None)
    return out


def only(data: Mapping[str, Json], paths: Iterable[str]) -> dict[str, Json]:
    """What is at `paths`, in the same shape."""
    out: dict[str, Json] = {}
    copied = {id(out)}
    for path in paths:
        (*parents, last), value = find(data, path)
        if value is MISSING:
            continue
        inner: Any = out
        for key in parents:
            if id(inner) not in copied:
                break  # an outer path has kept this whole already
            if key not in inner:
                inner[key] = {}
                copied.add(id(inner[key]))
            inner = inner[key]
        if id(inner) in copied:
            inner[last] = value
    return out


def _own(outer: dict[str, Json], key: str, copied: set[int]) -> dict[str, Json] | None:
    """The object at `key`, replaced by a copy of its own unless it is one already."""
    inner = outer.get(key)
    if not isinstance(inner, dict):
        return None
    if id(inner) not in copied:
        inner = outer[key] = dict(inner)
        copied.add(id(inner))
    return cast("dict[str, Json]", inner)
