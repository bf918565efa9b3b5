"""The widget types, one file each. This tuple is the registry."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from livedash.boards.widget import View, Widget
from livedash.boards.widgets.line_chart import LineChart
from livedash.boards.widgets.stat_card import StatCard
from livedash.boards.widgets.table import Table
from livedash.model import Json
from livedash.model.errors import Fault, Invalid

WIDGETS: tuple[type[LineChart] | type[Table] | type[StatCard], ...] = (LineChart, Table, StatCard)

_MAKERS: dict[str, Callable[[Any, View], Widget[Any]]] = {widget.TYPE: widget for widget in WIDGETS}
_CONFIGS = {widget.TYPE: widget.Config for widget in WIDGETS}


def make(type: str, config: Mapping[str, Json], view: View) -> Widget[Any]:
    """A widget of `type` for `view`. Raises Invalid when there is no such type or its settings do not fit."""
    if type not in _MAKERS:
        known = ", ".join(_MAKERS)
        raise Invalid(f"there is no widget type {type!r}, only {known}", [Fault(("type",), f"one of {known}")])
    try:
        settings = _CONFIGS[type].model_validate({**config, "type": type})
    except ValidationError as error:
        faults = [Fault(("config", *e["loc"]), e["msg"]) for e in error.errors()]
        raise Invalid(f"{type}: {faults[0].message}", faults) from None
    return _MAKERS[type](settings, view)
