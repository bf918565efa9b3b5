"""A plan in words, one line for each thing and each field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import orjson

from livedash.manage.merge import MISSING, FieldChange
from livedash.manage.state import is_digest
from livedash.model import Json

if TYPE_CHECKING:
    from livedash.manage.plan import Plan

_SIGNS = {"create": "+", "update": "~", "delete": "-"}
_SHORT = 60  # characters of a value; enough to recognise it


def show(plan: Plan) -> Iterator[str]:
    """`+` is made, `~` changed, `-` deleted, `!` in conflict, `=` kept as people changed it here."""
    for change in plan.changes:
        if change.action == "unchanged":
            continue
        yield f"{_SIGNS[change.action]} {thing(change.key)}"
        if change.action == "update":
            yield from (f"    {_field(each)}" for each in change.fields)
    for conflict in plan.conflicts:
        yield f"! {thing(conflict.key)}: {conflict.reason}"
    for key, name in plan.kept:
        yield f"= {thing(key)}: " + (f"{name} was changed here and stays" if name else "was deleted here and stays so")
    yield _summary(plan)


def thing(key: str) -> str:
    """`dashboards.main.widgets.temp` → `widget main/temp`."""
    parts = key.split(".")
    return f"{parts[-2].removesuffix('s')} {'/'.join(parts[1::2])}"


def _field(change: FieldChange) -> str:
    return f"{change.name}: {_value(change.name, change.before)} → {_value(change.name, change.after)}"


def _value(name: str, value: Json) -> str:
    if is_digest(name, value):
        return "none" if value is MISSING else value["reference"] or "(hidden)"
    text = "not set" if value is MISSING else orjson.dumps(value).decode()
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


def _summary(plan: Plan) -> str:
    count = dict.fromkeys((*_SIGNS, "unchanged"), 0)
    for change in plan.changes:
        count[change.action] += 1
    parts = [f"{count['create']} to create", f"{count['update']} to change", f"{count['delete']} to delete"]
    return ", ".join([*parts, f"{count['unchanged']} unchanged", f"{len(plan.conflicts)} in conflict"])
