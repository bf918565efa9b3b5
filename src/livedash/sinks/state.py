"""What is remembered of a sink between two attempts: the state of its checkpoint. Plain values and their JSON."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

import orjson

from livedash.model import Cursor, Gap, Json
from livedash.sinks.sink import Kind


class Status(StrEnum):
    """Whether a sink delivers. `paused` by people; `disabled` by what the endpoint did."""

    RUNNING = "running"
    PAUSED = "paused"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A batch with its bounds, stored before its first attempt: records `first` to `last` of `epoch`, or a gap after
    which it goes on behind `last`, noticed at `moment` (µs). `replay` numbers the replay that it belongs to, `parked`
    the parked delivery that is retried. `due` (µs) is when the next attempt may begin; `attempts` were made, of which
    `refusals` refused it, the last for `reason`."""

    kind: Kind
    epoch: str
    first: int
    last: int
    gap: Gap | None = None
    moment: int = 0
    replay: int | None = None
    parked: int | None = None
    attempts: int = 0
    refusals: int = 0
    due: int = 0
    reason: str = ""

    @property
    def following(self) -> bool:
        """Whether the checkpoint moves when it is settled; replays and retries do not move it."""
        return self.replay is None and self.parked is None

    @property
    def cursor(self) -> Cursor:
        """The place behind it."""
        return Cursor(self.epoch, self.last)

    def same(self, other: "Delivery | None") -> bool:
        """Whether `other` is this one, to whatever moment its next attempt was moved."""
        return other is self or (other is not None and replace(other, due=self.due) == self)

    def id(self, sink: str) -> str:
        """The webhook-id: the same at each attempt, also after a restart. It ends with the cursor of the last record.
        What people replay has an id of its own, so that no receiver takes it for a repetition."""
        kind = "" if self.kind == "records" else f"_{self.kind}"
        again = "" if self.replay is None else f"_replay{self.replay}"
        return f"{sink}{kind}{again}_{self.first}_{self.cursor}"


@dataclass(frozen=True, slots=True)
class Replay:
    """Records `next` to `last` of `epoch` are delivered once more, beside what is new."""

    number: int
    epoch: str
    next: int
    last: int


@dataclass(frozen=True, slots=True)
class News:
    """What operators are to be told of. `number` makes sure that they are told once."""

    number: int
    type: str
    reason: str
    at: int


@dataclass(frozen=True, slots=True)
class State:
    """`reason` and `since` (µs) belong to the status. `failing` is the moment since when nothing but failures came,
    `warned` whether people were told of it; `caught_up` the last moment at which nothing was left to deliver. `replay`,
    `parking` and `told` number what was made last; `attempts` and `failures` were made ever, `parked` are there now.
    `retries` are the parked deliveries whose retry was asked for, oldest first; `news` still has to be told. `turn`
    says that a replay or retry is next, before what is new."""

    status: Status = Status.RUNNING
    reason: str = ""
    since: int = 0
    delivery: Delivery | None = None
    failing: int | None = None
    warned: bool = False
    caught_up: int = 0
    attempts: int = 0
    failures: int = 0
    parking: int = 0
    parked: int = 0
    replay: int = 0
    replays: tuple[Replay, ...] = ()
    retries: tuple[int, ...] = ()
    turn: bool = False
    told: int = 0
    news: tuple[News, ...] = ()

    def encode(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Of an empty body, the state of a sink that was never asked to do anything."""
        if not body:
            return cls()
        fields = orjson.loads(body)
        return replace(
            cls(**fields),
            status=Status(fields["status"]),
            delivery=_delivery(fields["delivery"]),
            replays=tuple(Replay(**each) for each in fields["replays"]),
            retries=tuple(fields["retries"]),
            news=tuple(News(**each) for each in fields["news"]),
        )


def _delivery(fields: dict[str, Json] | None) -> Delivery | None:
    return None if fields is None else delivery_of(fields)


def delivery_of(fields: dict[str, Json]) -> Delivery:
    """A delivery from its JSON."""
    return Delivery(**fields | {"gap": fields["gap"] and Gap(**fields["gap"])})
