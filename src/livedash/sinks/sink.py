"""What a sink is: somewhere that parcels of records are delivered to. `follower.py` decides what to deliver when, and
what a failure means; a sink makes one attempt and says how it went."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from livedash.base import limits
from livedash.base.config import Size
from livedash.base.expression import Cel
from livedash.model import Gap, Record

Kind = Literal["records", "gap", "test"]
Path = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Batch(BaseModel):
    """How much one delivery may carry. What is there is sent at once; a batch fills while another is on its way."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    records: int = Field(default=100, ge=1, le=limits.DELIVERY_RECORDS, description="Records; 1 sends each on its own")
    bytes: Size = Field(
        default=256 * limits.KIB, ge=limits.RECORD_BYTES, le=limits.DELIVERY_BYTES, description="Bytes of records"
    )


class SinkSettings(BaseModel):
    """What every type of sink can be told."""

    # Names of texts. They are secrets where a document takes them from a variable.
    MAY_BE_SECRET: ClassVar[frozenset[str]] = frozenset()
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    batch: Batch = Field(default=Batch(), description="How much one delivery may carry")
    where: Cel | None = Field(default=None, description="Only records for which this is true")
    fields: tuple[Path, ...] | None = Field(
        default=None, min_length=1, max_length=100, description="Only these paths of each record's data and metrics"
    )


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is delivered at once. `id` is the same at each attempt, `pipeline` a slug. `moment` (µs) is when what it
    tells of happened: that of the newest record. A gap has `gap`, everything else records (a test may have none)."""

    id: str
    kind: Kind
    pipeline: str
    moment: int
    records: tuple[Record, ...] = ()
    gap: Gap | None = None


class Outcome(StrEnum):
    """What an attempt came to. `trouble`: the endpoint does not work now, the same may go well later. `refused`: it
    works, and does not take this."""

    DELIVERED = "delivered"
    TROUBLE = "trouble"
    REFUSED = "refused"


class Directive(StrEnum):
    """What the endpoint asked for beside its answer: send nothing any more, or never this again."""

    DISABLE = "disable"
    ABORT = "abort-message"


@dataclass(frozen=True, slots=True)
class Sent:
    """The request of an attempt, without secrets; `head` and `body` are cut to what is kept, `size` is the whole."""

    head: str = ""
    body: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """How one attempt went. `reason` says in words why it failed. `retry_after` is the endpoint's wish in seconds."""

    outcome: Outcome
    seconds: float
    reason: str = ""
    status: int | None = None
    retry_after: float | None = None
    directive: Directive | None = None
    sent: Sent = field(default=Sent())
    head: str = ""
    body: str = ""


class Sink(Protocol):
    """One sink with its settings."""

    @property
    def settings(self) -> SinkSettings: ...

    async def deliver(self, parcel: Parcel) -> Answer:
        """One attempt. Raises nothing but cancellation: what goes wrong is an Answer. (Bugs are raised.)"""
        ...
