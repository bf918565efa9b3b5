"""A cursor: the place in one life of one log from which a client resumes."""

import re
from typing import NamedTuple

from livedash.model.errors import BadCursor

_FORM = re.compile(r"([a-z0-9]{1,16})-([0-9]{1,18})")


class Cursor(NamedTuple):
    """`epoch-offset`: everything up to and including `offset` has been seen. Offset 0 is before the first."""

    epoch: str
    offset: int

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read `epoch-offset`. Raises BadCursor."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise BadCursor(f"a cursor looks like 'k3v9q2-42' (epoch-offset), not {text[:40]!r}")
        return cls(match[1], int(match[2]))

    def __str__(self) -> str:
        return f"{self.epoch}-{self.offset}"
