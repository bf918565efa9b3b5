"""What sinks delivered and streams carried, by day, team, pipeline and sink: what a bill is made of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from livedash.base import limits
from livedash.catalog.entries import Snapshot
from livedash.log import Total
from livedash.model import Json
from livedash.model.errors import Fault, Invalid

METERS = ("deliveries", "attempts", "records", "bytes", "failed", "parked", "streams", "events")
DAYS = 30  # told of when nobody says from when to when
COLUMNS = ("day", "team", "pipeline", "sink", "pipeline_slug", "sink_name", *METERS)


@dataclass(frozen=True, slots=True)
class Usage:
    """One day of one sink, or of all streams of a pipeline: then `sink` is None. `team`, `pipeline` and `sink` are ids;
    the names are None once it was deleted."""

    day: str
    team: str
    pipeline: str
    sink: str | None
    pipeline_slug: str | None
    sink_name: str | None
    counted: dict[str, int] = field(default_factory=lambda: dict.fromkeys(METERS, 0))

    def json(self) -> dict[str, Json]:
        return {column: self.counted[column] if column in METERS else getattr(self, column) for column in COLUMNS}


def days(first: date | None, last: date | None, today: date) -> tuple[str, str]:
    """The first and last day (ISO) to tell of: the last 30 unless said otherwise. Raises Invalid."""
    end = last or max(today, first or today)
    begin = first or date.fromordinal(max(end.toordinal() - DAYS + 1, 1))
    if begin > end:
        raise Invalid("`from` is after `to`", [Fault(("from",), "this is after `to`")])
    if (end - begin).days >= limits.USAGE_DAYS:
        raise Invalid(f"one answer tells of {limits.USAGE_DAYS} days at most", [Fault(("from",), "too long ago")])
    return begin.isoformat(), end.isoformat()


def usage(
    totals: Iterable[Total], snapshot: Snapshot, pipeline: str | None = None, sink: str | None = None
) -> list[Usage]:
    """By day, team, pipeline and sink, streams before sinks; only of one `pipeline` (slug or id) or `sink` (name or id)
    if that is given. What was deleted stays counted, and can be named by its id."""
    slugs = {each.id: each.slug for each in snapshot.pipelines}
    names = {each.id: each.name for each in snapshot.sinks}
    found: dict[tuple[str, str, str, str], Usage] = {}
    for total in totals:
        if total.name not in METERS:
            continue
        slug, name = slugs.get(total.pipeline), names.get(total.subject)
        if pipeline not in (None, slug, total.pipeline) or (sink and sink not in (name, total.subject)):
            continue
        key = (total.day, total.team, total.pipeline, total.subject)
        row = found.setdefault(key, Usage(*key[:3], total.subject or None, slug, name))
        row.counted[total.name] += total.total
    return [found[key] for key in sorted(found)]


def summed(rows: Sequence[Usage]) -> dict[str, int]:
    """The sum of each meter."""
    return {name: sum(row.counted[name] for row in rows) for name in METERS}
