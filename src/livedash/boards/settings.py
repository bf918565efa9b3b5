"""A viewer's settings of a dashboard: few and quantised, so that a public page cannot mint boards without end."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from livedash.boards.query import Query, seconds
from livedash.model.errors import Fault, Invalid

RANGES = ("1m", "5m", "15m", "30m", "1h", "3h", "6h", "12h", "1d", "2d", "7d", "30d")
_PREFIX = "now-"


@dataclass(frozen=True, slots=True)
class ViewerSettings:
    """What makes one board differ from another of the same dashboard. `range` replaces that of every widget."""

    range: str | None = None
    tz: str = "UTC"

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> "ViewerSettings":
        """From `from=now-15m`, `to=now`, `tz=Europe/Zurich`. Raises Invalid."""
        return cls(_range(query.get("from", ""), query.get("to", "now")), _tz(query.get("tz", "UTC")))

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.tz)

    def apply(self, query: Query) -> Query:
        return query if self.range is None else query.model_copy(update={"range": self.range})


def _range(start: str, end: str) -> str | None:
    if end not in ("", "now"):
        raise _invalid("to", "a dashboard shows time up to now; leave `to` out or write to=now")
    if not start:
        return None
    try:
        wanted = seconds(start.removeprefix(_PREFIX)) if start.startswith(_PREFIX) else 0
    except ValueError:
        wanted = 0
    if not wanted:
        raise _invalid("from", f"`from` looks like from=now-15m; it may be one of {', '.join(RANGES)}")
    return next((text for text in RANGES if seconds(text) >= wanted), RANGES[-1])


def _tz(name: str) -> str:
    if name not in _zones():
        raise _invalid("tz", f"there is no time zone {name[:40]!r}; write one such as Europe/Zurich")
    return name


@cache
def _zones() -> frozenset[str]:
    """Asked for by every page, and to find them takes a walk through the folders of the disk (3 to 20 ms)."""
    return frozenset(available_timezones())


def _invalid(name: str, message: str) -> Invalid:
    return Invalid(message, [Fault((name,), message)])
