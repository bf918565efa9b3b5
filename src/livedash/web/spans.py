"""Which records somebody means: by offsets, cursors or times."""

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from livedash.catalog.entries import Pipeline
from livedash.log import Bounds, Log
from livedash.model import Cursor
from livedash.model.errors import CursorExpired, Fault, Invalid
from livedash.model.record import to_micros

_PAIRS = (("first", "last"), ("after", "through"), ("since", "until"))


class Span(BaseModel):
    """A range of records, in one of three ways."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first: int | None = Field(default=None, ge=1, description="Offset of the first one, with `last`")
    last: int | None = Field(default=None, ge=1, description="Offset of the last one")
    after: str | None = Field(default=None, description="Cursor behind which it begins, with `through`")
    through: str | None = Field(default=None, description="Cursor of the last one")
    since: AwareDatetime | None = Field(default=None, description="Time from which on, with `until`")
    until: AwareDatetime | None = Field(default=None, description="Time before which")

    async def offsets(self, log: Log, pipeline: Pipeline) -> tuple[int, int]:
        """The first and last offset. Raises Invalid, BadCursor, CursorExpired."""
        match [pair for pair in _PAIRS if any(getattr(self, name) is not None for name in pair)]:
            case [(begin, end)] if None not in (getattr(self, begin), getattr(self, end)):
                return await self._resolved(log, pipeline)
        message = "give `first` and `last`, or `after` and `through`, or `since` and `until`"
        raise Invalid(message, [Fault((), message)])

    async def _resolved(self, log: Log, pipeline: Pipeline) -> tuple[int, int]:
        if self.after is not None and self.through is not None:
            bounds = await log.bounds(pipeline.id)
            return _offset(bounds, self.after) + 1, _offset(bounds, self.through)
        if self.since is not None and self.until is not None:
            return await _found(log, pipeline, self.since), await _found(log, pipeline, self.until) - 1
        return self.first or 1, self.last or 1


def _offset(bounds: Bounds, text: str) -> int:
    cursor = Cursor.parse(text)
    if cursor.epoch != bounds.epoch:
        raise CursorExpired(str(Cursor(bounds.epoch, bounds.first - 1)))
    return cursor.offset


async def _found(log: Log, pipeline: Pipeline, moment: datetime) -> int:
    return await log.find(pipeline.id, to_micros(moment))
