"""A page: consecutive records of one pipeline, and what is missing before them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from livedash.model.cursor import Cursor
from livedash.model.record import Json, Record

Encoded = TypeVar("Encoded")


@dataclass(frozen=True, slots=True)
class Gap:
    """Records that were asked for and no longer exist: offsets `first` to `last` (both included).

    `reason` is "trimmed" (retention took them; both offsets are known), "epoch" (the cursor belongs to another
    life of the log: what came after offset `first - 1` of that life is gone, and `last` is None) or "ahead" (the
    cursor is beyond the log, as after a restored backup: what it had seen after `first - 1` is gone).
    """

    first: int
    last: int | None
    reason: str

    def json(self) -> dict[str, Json]:
        return {"from": self.first, "to": self.last, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Page:
    """Records of `pipeline` with offsets `after + 1` to `last`, dense. `head` is the log's newest offset at reading.

    `gap` is stated before the records. Empty pages have `last == after`. Pages are shared between readers:
    `encoded` keeps the bytes of each kind of frame, made once.
    """

    pipeline: str
    epoch: str
    after: int
    records: tuple[Record, ...]
    head: int
    gap: Gap | None = None
    _encoded: dict[Callable[["Page"], Any], Any] = field(init=False, default_factory=dict, compare=False, repr=False)

    @property
    def last(self) -> int:
        return self.records[-1].offset if self.records else self.after

    @property
    def cursor(self) -> Cursor:
        """Where to go on after this page."""
        return Cursor(self.epoch, self.last)

    def encoded(self, encode: Callable[["Page"], Encoded]) -> Encoded:
        """`encode(self)`, computed once however many readers ask."""
        if encode not in self._encoded:
            self._encoded[encode] = encode(self)
        encoded: Encoded = self._encoded[encode]
        return encoded
