"""Running totals of a window: exact however long it slides."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from livedash.boards.values import number
from livedash.boards.window import Entry

Number = int | float

_ONE = 1074  # binary places after which no float has any digit


def _exact(value: Number) -> int:
    """`value` in units of 2**-1074, exactly."""
    numerator, denominator = value.as_integer_ratio()
    return numerator << (_ONE + 1 - denominator.bit_length())


@dataclass(frozen=True, slots=True)
class Totals:
    """Of the entries in a window: how many have a value, and of the numbers among them count, sum, least, largest.

    The sum is a whole number, so that taking values out leaves no trace of them: `sum` and `avg` are rounded once.
    """

    present: int = 0
    count: int = 0
    exact: int = 0
    low: Number | None = None
    high: Number | None = None

    @property
    def sum(self) -> float | None:
        return _quotient(self.exact, 1) if self.count else None

    @property
    def avg(self) -> float | None:
        return _quotient(self.exact, self.count) if self.count else None

    def after(self, entries: Sequence[Entry], added: Iterable[Entry], dropped: Iterable[Entry]) -> "Totals":
        """The totals of `entries`, which are those of before with `added` and without `dropped`."""
        came, went = _numbers(added), _numbers(dropped)
        low, high = self.low, self.high
        if went and (min(went) == low or max(went) == high):
            came_all = _numbers(entries)
            low, high = min(came_all, default=None), max(came_all, default=None)
        elif came:
            low = min(came) if low is None else min(low, *came)
            high = max(came) if high is None else max(high, *came)
        return Totals(
            self.present + _present(added) - _present(dropped),
            self.count + len(came) - len(went),
            self.exact + sum(map(_exact, came)) - sum(map(_exact, went)),
            low,
            high,
        )


def _numbers(entries: Iterable[Entry]) -> list[Number]:
    return [value for entry in entries if (value := number(entry.value)) is not None]


def _present(entries: Iterable[Entry]) -> int:
    return sum(entry.value is not None for entry in entries)


def _quotient(exact: int, count: int) -> float | None:
    try:
        return exact / (count << _ONE)
    except OverflowError:
        return None  # beyond the largest number there is
