"""Running totals of a window: exact however long it slides."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from livedash.boards.query import Aggregate
from livedash.boards.values import number
from livedash.boards.window import NEVER, SECOND, Entry

Number = int | float
Sample = tuple[tuple[int, int], Number]  # the order of a record and a number of it

Picker = Callable[[Iterable[Number]], Number]  # min or max
EXTREMES: dict[str, Picker] = {"min": min, "max": max}


_ONE = 1074  # binary places after which no float has any digit


def _exact(value: Number) -> int:
    """`value` in units of 2**-1074, exactly."""
    numerator, denominator = value.as_integer_ratio()
    return numerator << (_ONE + 1 - denominator.bit_length())


@dataclass(frozen=True, slots=True)
class Totals:
    """Of the entries in a window: how many have a value, and of the numbers among them count and sum.

    The sum is a whole number, so that taking values out leaves no trace of them: `sum` and `avg` are rounded once.
    """

    present: int = 0
    count: int = 0
    exact: int = 0

    @property
    def sum(self) -> float | None:
        return _quotient(self.exact, 1) if self.count else None

    @property
    def avg(self) -> float | None:
        return _quotient(self.exact, self.count) if self.count else None

    def after(self, added: Sequence[Entry], dropped: Sequence[Entry]) -> "Totals":
        """The totals when `added` came and `dropped` went."""
        came, went = list(numbers(added)), list(numbers(dropped))
        return Totals(
            self.present + _present(added) - _present(dropped),
            self.count + len(came) - len(went),
            self.exact + sum(map(_exact, came)) - sum(map(_exact, went)),
        )


def extreme(
    pick: Picker, old: Number | None, entries: Sequence[Entry], added: Iterable[Entry], dropped: Iterable[Entry]
) -> Number | None:
    """The least or largest of `entries` (`pick` is min or max), where `old` was that before `added` and `dropped`.

    All are looked at only when the old one went and no other is equal to it."""
    values = list(numbers(added)) if old is None else [old, *numbers(added)]
    if old is not None and old in numbers(dropped) and all(number(entry.value) != old for entry in entries):
        values = list(numbers(entries))
    return pick(values) if values else None


class Tally(NamedTuple):
    """Of the values of one line in a stretch of time: how many, and what the aggregate of the chart needs."""

    size: int = 0
    exact: int = 0  # for sum and avg
    picked: Number | None = None  # for min, max and last
    newest: tuple[int, int] = (NEVER, 0)  # the order of the last


class Joining:
    """Keeps the tallies of one chart; `width` is a stretch in µs, for rates."""

    def __init__(self, how: Aggregate, width: int) -> None:
        self._how = how
        self._width = width
        self._pick = EXTREMES.get(how)

    def after(self, old: Tally, came: Sequence[Sample], went: Sequence[Sample]) -> Tally:
        """The tally when `came` (in order) are in and `went`, older than all that stay, are out."""
        size = old.size + len(came) - len(went)
        if self._how in ("sum", "avg"):
            return Tally(size, old.exact + _total(came) - _total(went))
        if self._how == "last" and came:
            newest, value = came[-1]
            return Tally(size, 0, value, newest) if newest > old.newest else old._replace(size=size)
        if self._pick and came:
            known = () if old.picked is None else (old.picked,)
            return Tally(size, 0, self._pick([*known, *(value for _, value in came)]))
        return old._replace(size=size)

    def is_lost(self, old: Tally, went: Sequence[Sample]) -> bool:
        """Whether `old` does not tell what is left without `went`: the least or largest is among them."""
        return self._pick is not None and any(value == old.picked for _, value in went)

    def value(self, tally: Tally | None) -> Number | None:
        """What is shown; None for nothing, save for totals, and for a sum beyond all numbers."""
        size = tally.size if tally else 0
        if self._how == "count":
            return size
        if self._how == "rate":
            return size * SECOND / self._width
        if not tally:
            return 0 if self._how == "sum" else None
        if self._how in ("sum", "avg"):
            return _quotient(tally.exact, 1 if self._how == "sum" else size)
        return tally.picked


def numbers(entries: Iterable[Entry]) -> Iterator[Number]:
    """The values that are numbers."""
    return (value for entry in entries if (value := number(entry.value)) is not None)


def _total(samples: Iterable[Sample]) -> int:
    return sum(_exact(value) for _, value in samples)


def _present(entries: Iterable[Entry]) -> int:
    return sum(entry.value is not None for entry in entries)


def _quotient(exact: int, count: int) -> float | None:
    try:
        return exact / (count << _ONE)
    except OverflowError:
        return None  # beyond the largest number there is
