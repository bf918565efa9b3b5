"""Records with only chosen fields."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from livedash.model import Json, Record


class Selection:
    """Chosen paths of `data`, and the metrics at or under them. A path is tried first as a literal key, then as nested
    keys, through objects only; what it finds stays in its nested place. What a record lacks is left out."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = tuple((path, tuple(path.split("."))) for path in fields)
        self._paths = frozenset(fields)
        self._under = tuple(f"{path}." for path in fields)

    def json(self, record: Record) -> bytes:
        """The record as on every channel, with what was chosen."""
        return orjson.dumps(
            {
                "offset": record.offset,
                "timestamp": record.event["timestamp"],
                "data": self._data(record.data),
                "metrics": {
                    name: number
                    for name, number in record.metrics.items()
                    if name in self._paths or name.startswith(self._under)
                },
            }
        )

    def _data(self, data: Mapping[str, Json]) -> dict[str, Json]:
        chosen: dict[str, Json] = {}
        for path, keys in self._fields:
            if path in data:
                chosen[path] = data[path]
            elif len(keys) > 1 and _has(data, keys):
                _take(chosen, data, keys)
        return chosen


def _has(data: Json, keys: Sequence[str]) -> bool:
    for key in keys:
        if not isinstance(data, dict) or key not in data:
            return False
        data = data[key]
    return True


def _take(chosen: dict[str, Json], data: Any, keys: Sequence[str]) -> None:
    """Put the value at `keys` of `data` at the same place of `chosen`. Where another path chose an object whole, that
    is the record's own, and is given what it has."""
    for key in keys[:-1]:
        chosen = chosen.setdefault(key, {})
        data = data[key]
    chosen[keys[-1]] = data[keys[-1]]
