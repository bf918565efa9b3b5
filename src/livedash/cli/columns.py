"""Rows as columns of text."""

import sys
from collections.abc import Sequence


def print_columns(rows: Sequence[Sequence[str]]) -> None:
    """The first row is the head. Never cut, however narrow the terminal: an id is there to be copied."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
