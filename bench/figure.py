"""What a measurement gives."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Figure:
    """One number: the median of `runs`, with what it is held against. `bar` is what it must reach ("more") or stay
    under ("less"); `beside` is the same by simpler means, `beside_name` says which."""

    name: str
    unit: str
    runs: Sequence[float]
    bar: float | None = None
    better: Literal["more", "less"] = "more"
    beside: float | None = None
    beside_name: str = ""
    note: str = ""

    @property
    def value(self) -> float:
        return statistics.median(self.runs)

    @property
    def met(self) -> bool | None:
        """Whether it clears its bar; None when it has none."""
        if self.bar is None:
            return None
        return self.value >= self.bar if self.better == "more" else self.value <= self.bar

    @property
    def ratio(self) -> float | None:
        return self.value / self.beside if self.beside else None

    def json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "unit": self.unit,
            "value": self.value,
            "runs": list(self.runs),
            "bar": self.bar,
            "met": self.met,
            "beside": self.beside,
            "beside_name": self.beside_name,
            "ratio": self.ratio,
            "note": self.note,
        }
