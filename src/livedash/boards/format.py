"""Numbers, times and units as people read them."""

from datetime import datetime, timedelta, tzinfo
from typing import Literal

from livedash.boards.values import number, text
from livedash.model import Json
from livedash.model.record import EPOCH, from_micros

NOTHING = "–"
Format = Literal["text", "number", "time", "date", "duration", "bytes", "percent", "boolean"]

SYMBOLS = {  # each with the space before it, where there is one
    "celsius": " °C",
    "fahrenheit": " °F",
    "kelvin": " K",
    "percent": "%",
    "%": "%",
    "degrees": "°",
    "°": "°",
    "milliseconds": " ms",
    "meters": " m",
    "kilometers": " km",
    "millimeters": " mm",
    "watts": " W",
    "kilowatts": " kW",
    "volts": " V",
    "amperes": " A",
    "hertz": " Hz",
}
_BYTES = {"bytes": "", "B": "", "bytes/s": "/s", "B/s": "/s"}
_SECONDS = {"seconds", "s", "duration"}
_STEPS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def quantity(value: float | None, unit: str | None = None, decimals: int | None = None) -> str:
    """A number with its unit: `1,234.5 °C`, `1.5 GiB/s`, `2h 5m`, `37%`. Units that have no rule are written as is."""
    if value is None:
        return NOTHING
    if unit in _BYTES:
        return _binary(value, decimals) + _BYTES[unit]
    if unit in _SECONDS:
        return _duration(value, decimals)
    return plain(value, decimals) + (SYMBOLS.get(unit, f" {unit}") if unit else "")


def plain(value: float, decimals: int | None = None) -> str:
    """A number with thousands separators and, unless `decimals` says how many, about four digits that matter."""
    if abs(value) >= 1e15 or (decimals is None and 0 < abs(value) < 0.0005):
        return f"{value:.4g}"
    shown = f"{value:,.{_natural(value) if decimals is None else decimals}f}"
    if decimals is None and "." in shown:
        shown = shown.rstrip("0").rstrip(".")
    return shown.lstrip("-") if not shown.strip("-0.,") else shown  # never "-0.0"


def cell(value: Json, kind: Format | None, decimals: int | None, unit: str | None, zone: tzinfo) -> str:
    """A value in a table. What does not go with `kind` is shown as it is."""
    if value is None:
        return ""
    if kind in ("time", "date"):
        return _moment(value, kind, zone)
    if kind == "boolean" and isinstance(value, bool):
        return "yes" if value else "no"
    amount = number(value)
    if amount is None or kind == "text":
        return text(value)
    if kind in ("bytes", "percent", "duration"):
        return quantity(amount, kind, decimals)
    if kind == "number" or decimals is not None or unit is not None:
        return quantity(amount, unit, decimals)
    return text(round(amount, 5) if abs(amount) >= 0.001 else amount)


def moment(micros: int, zone: tzinfo) -> str:
    """`2026-11-22 19:00:00` in `zone`."""
    return _local(from_micros(micros), zone).strftime("%Y-%m-%d %H:%M:%S")


def _natural(value: float) -> int:
    size = abs(value)
    return 0 if isinstance(value, int) or size >= 1000 else 1 if size >= 100 else 2 if size >= 1 else 3


def _binary(value: float, decimals: int | None) -> str:
    units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    while abs(value) >= 1024 and len(units) > 1:
        value /= 1024
        units.pop(0)
    return f"{plain(value, decimals)} {units[0]}"


def _duration(value: float, decimals: int | None) -> str:
    if abs(value) < 1 and value:
        return f"{plain(value * 1000, decimals)} ms"
    if abs(value) < 60:
        return f"{plain(value, decimals)} s"
    if abs(value) >= 1e11:
        return f"{plain(value)} s"
    rest = round(abs(value))
    parts: list[str] = []
    for name, size in _STEPS:
        amount, rest = divmod(rest, size)
        if amount or parts:
            parts.append(f"{amount}{name}" if amount else "")
    return ("-" if value < 0 else "") + " ".join(part for part in parts[:2] if part)


def _moment(value: Json, kind: Format, zone: tzinfo) -> str:
    try:
        found = _read_moment(value)
    except (TypeError, ValueError, OverflowError):
        return text(value)
    dated = isinstance(value, str) and len(value) <= 10  # a date has no zone to be moved to
    local = found if dated or found.tzinfo is None else _local(found, zone)
    return local.strftime("%Y-%m-%d" if kind == "date" else "%Y-%m-%d %H:%M:%S")


def _read_moment(value: Json) -> datetime:
    amount = number(value)
    if amount is None:
        return datetime.fromisoformat(value)
    return EPOCH + timedelta(seconds=amount if abs(amount) < 1e11 else amount / 1000)


def _local(found: datetime, zone: tzinfo) -> datetime:
    try:
        return found.astimezone(zone)
    except OverflowError:  # the first and last day of the calendar have no local time everywhere
        return found
