"""Rows as CSV."""

import csv
import io
from collections.abc import Iterable

import orjson

from livedash.model import Json

CSV_TYPE = "text/csv; charset=utf-8"


def to_csv(columns: Iterable[str], rows: Iterable[Iterable[Json]]) -> bytes:
    """Nothing for null, JSON for what is nested and for booleans."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: Json) -> Json:
    return orjson.dumps(value).decode() if isinstance(value, dict | list | bool) else value
