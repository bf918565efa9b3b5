"""Running totals of a window: exact however long it slides."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from livedash.boards.values import number
from livedash.boards.window import Entry

Number = int | float

Picker = Callable[[list[Number]], Number]  # min or max


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
        came, went = _numbers(added), _numbers(dropped)
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
    values = _numbers(added) if old is None else [old, *_numbers(added)]
    if old is not None and old in _numbers(dropped) and all(number(entry.value) != old for entry in entries):
        values = _numbers(entries)
    return pick(values) if values else None


def _numbers(entries: Iterable[Entry]) -> list[Number]:
    return [value for entry in entries if (value := number(entry.value)) is not None]


def _present(entries: Iterable[Entry]) -> int:
    return sum(entry.value is not None for entry in entries)


def _quotient(exact: int, count: int) -> float | None:
    try:
        return exact / (count << _ONE)
    except OverflowError:
        return None  # beyond the largest number there is
