"""What a commit stores, as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from livedash.log import Appended, Checkpoint
from livedash.model import Draft, Refusal

K = TypeVar("K")
V = TypeVar("V")
Key = tuple[str, str]  # pipeline, Idempotency-Key
Meter = tuple[str, str, str, str, str]  # day, team, pipeline, subject, name
_ABSENT: Any = object()


class Head(NamedTuple):
    """One life of one pipeline's log. `pipeline` is None once it ended; `refused` counts every refusal ever kept."""

    life: int
    pipeline: str | None
    epoch: str
    first: int = 1
    last: int = 0
    bytes: int = 0
    refused: int = 0


class Run(NamedTuple):
    """Drafts that get consecutive offsets, from `first` on."""

    life: int
    first: int
    drafts: Sequence[Draft]


class Kept(NamedTuple):
    """A refusal with its number among all of the pipeline's in this life."""

    life: int
    pipeline: str
    number: int
    refusal: Refusal


@dataclass(slots=True)
class Changes:
    """Everything a commit stores. Lists only grow and dictionaries are changed by `put` and `drop`, so that `undo`
    takes back what one write did at the cost of that write, however much the commit carries."""

    heads: dict[str, Head]
    ended: list[Head] = field(default_factory=list)
    restarted: list[str] = field(default_factory=list)  # pipelines, whose refusals go too
    forgotten: list[str] = field(default_factory=list)  # readers; what the others say of them came later
    runs: list[Run] = field(default_factory=list)
    refusals: list[Kept] = field(default_factory=list)
    requests: dict[Key, Appended] = field(default_factory=dict)
    checkpoints: dict[tuple[str, str], Checkpoint] = field(default_factory=dict)  # reader, pipeline
    notes: dict[tuple[str, str, int], bytes | None] = field(default_factory=dict)  # reader, kind, key
    meters: dict[tuple[str, str, str, str, str], int] = field(
        default_factory=dict
    )  # day, team, pipeline, subject, name
    size: int = 0  # bytes that the drafts will take, roughly
    _journal: list[tuple[dict[Any, Any], Any, Any]] = field(default_factory=list, init=False)
    _lengths: tuple[int, ...] = field(default=(), init=False)
    _size: int = field(default=0, init=False)

    def begin(self) -> None:
        """From here on `undo` takes back."""
        self._journal.clear()
        self._lengths = tuple(map(len, self._lists()))
        self._size = self.size

    def undo(self) -> None:
        for table, key, before in reversed(self._journal):
            if before is _ABSENT:
                del table[key]
            else:
                table[key] = before
        for grown, length in zip(self._lists(), self._lengths, strict=True):
            del grown[length:]
        self.size = self._size

    def put(self, table: dict[K, V], key: K, value: V) -> None:
        self._journal.append((table, key, table.get(key, _ABSENT)))
        table[key] = value

    def drop(self, table: dict[K, V], key: K) -> None:
        self._journal.append((table, key, table.pop(key)))

    def _lists(self) -> tuple[list[Any], ...]:
        return self.ended, self.restarted, self.forgotten, self.runs, self.refusals
