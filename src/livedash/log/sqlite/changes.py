"""What a commit stores, as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from livedash.log import Appended, Checkpoint
from livedash.model import Draft, Refusal

Key = tuple[str, str]  # pipeline, Idempotency-Key


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


@dataclass(slots=True)
class Changes:
    """Everything a commit stores."""

    heads: dict[str, Head]
    ended: list[Head] = field(default_factory=list)
    restarted: list[str] = field(default_factory=list)  # pipelines, whose refusals go too
    runs: list[Run] = field(default_factory=list)
    refusals: list[tuple[str, int, Refusal]] = field(default_factory=list)  # pipeline, number, refusal
    requests: dict[Key, Appended] = field(default_factory=dict)
    checkpoints: dict[Key, Checkpoint] = field(default_factory=dict)
    meters: dict[tuple[str, str, str], int] = field(default_factory=dict)  # pipeline, day, name
    size: int = 0  # bytes that the drafts will take, roughly

    def copy(self) -> "Changes":
        return Changes(
            dict(self.heads),
            list(self.ended),
            list(self.restarted),
            list(self.runs),
            list(self.refusals),
            dict(self.requests),
            dict(self.checkpoints),
            dict(self.meters),
            self.size,
        )
