"""The body of a delivery in a form of the receiver's own: JSON whose texts hold expressions, compiled once.

Outside of `$each` expressions see the newest record. `{"$each": T}` is an array with T for each record; inside an array
its items become items of that array. `{"$each": T, "$join": "\\n"}` is one text. A key that begins with `$$` is written
with one `$`, for receivers who want such a key.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import orjson

from livedash.base import expression, limits
from livedash.model import Gap, Json, Record
from livedash.model.errors import TooLarge
from livedash.sinks.webhook import texts
from livedash.sinks.webhook.compiling import Compiler, Each, Rows
from livedash.sinks.webhook.texts import Names

NAMES = expression.NAMES | {"pipeline", "count"}
GAP_NAMES = frozenset({"gap", "pipeline", "timestamp"})
TURN_SECONDS = 0.002  # of rendering before others get a turn: a large batch may take a second


class Template:
    """A template of batches."""

    def __init__(self, value: Json) -> None:
        """Raises Invalid, which says where."""
        compiler = Compiler(NAMES, many=True)
        self._node = compiler.compile(value)
        self._each = compiler.each

    async def render(self, pipeline: str, moment: int, records: Sequence[Record]) -> bytes:
        """The JSON for these records, the same at each attempt; `moment` (µs) stands in where there is no record.
        Raises TooLarge."""
        common = {"pipeline": pipeline, "count": len(records)}
        rows = await self._rows(records, common)
        last = _names(records[-1]) if records else {"data": {}, "metrics": {}, "timestamp": moment, "offset": 0}
        return _checked(orjson.dumps(self._node({**last, **common}, rows)))

    async def _rows(self, records: Sequence[Record], common: Names) -> Rows:
        """Encoded at once, so that the size of it all is known before it fills the memory."""
        rows: list[list[Any]] = [[] for _ in self._each]
        size, began = 0, time.perf_counter()
        for record in records if self._each else ():
            names = {**_names(record), **common}
            for each, row in zip(self._each, rows, strict=True):
                size += _add(row, each, names)
            if size > limits.TEMPLATE_BODY_BYTES:
                raise _too_large()
            if time.perf_counter() - began > TURN_SECONDS:
                await asyncio.sleep(0)
                began = time.perf_counter()
        return rows


class GapTemplate:
    """A template of gaps. Its expressions see `gap` (`from`, `to`, `reason`), `pipeline` and `timestamp`."""

    def __init__(self, value: Json) -> None:
        """Raises Invalid, which says where."""
        self._node = Compiler(GAP_NAMES, many=False).compile(value)

    def render(self, pipeline: str, moment: int, gap: Gap) -> bytes:
        """The JSON for `gap`. Raises TooLarge."""
        return _checked(orjson.dumps(self._node({"gap": gap.json(), "pipeline": pipeline, "timestamp": moment}, ())))


def _add(row: list[Any], each: Each, names: Names) -> int:
    """What `each` makes of a record; gives its size."""
    made = each.make(names, ())
    if each.join is not None:
        text = texts.as_text(made)
        row.append(text)
        return len(text)
    encoded = orjson.dumps(made)
    row.append(orjson.Fragment(encoded))
    return len(encoded)


def _names(record: Record) -> dict[str, Any]:
    return {
        "data": record.data,
        "metrics": record.metrics,
        "timestamp": record.timestamp,
        "offset": record.offset,
    }


def _checked(body: bytes) -> bytes:
    if len(body) > limits.TEMPLATE_BODY_BYTES:
        raise _too_large()
    return body


def _too_large() -> TooLarge:
    size = limits.TEMPLATE_BODY_BYTES // limits.MIB
    return TooLarge(f"the template makes more than {size} MiB out of this batch; set a smaller one")
