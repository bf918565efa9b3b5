"""From steps to one function."""

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from livedash.base import expression, limits
from livedash.base.expression import Expression
from livedash.mapping.paths import MISSING, find, only, without
from livedash.mapping.steps import COMPUTE_NAMES, Step, Timestamp
from livedash.mapping.times import parser
from livedash.model import Json
from livedash.model.errors import Invalid
from livedash.model.record import metrics_of

Data = dict[str, Json]
Mapper = Callable[[Data, int], tuple[Data, int]]
"""(data, moment of arrival in µs) → (what is kept, timestamp in µs). Never changes its input. Raises Refused."""


class Refused(Invalid):
    """The mapping will not take this record; the message is the reason to keep."""


def compile(steps: Sequence[Step]) -> Mapper:
    """One function that runs `steps` in order; without steps it gives back what it was given."""
    if not steps:
        return _same
    functions = [_function(step) for step in steps]

    def run(data: Data, timestamp: int) -> tuple[Data, int]:
        for function in functions:
            data, timestamp = function(data, timestamp)
        return data, timestamp

    return functions[0] if len(functions) == 1 else run


def _same(data: Data, timestamp: int) -> tuple[Data, int]:
    return data, timestamp


def _function(step: Step) -> Mapper:
    if step.rename is not None:
        return _rename(step.rename)
    if step.keep is not None:
        paths = step.keep
        return lambda data, timestamp: (only(data, paths), timestamp)
    if step.drop is not None:
        return _drop(step.drop)
    if step.timestamp is not None:
        return _timestamp(step.timestamp)
    return _where(step.where) if step.where is not None else _compute(step.compute or {})


def _rename(names: dict[str, str]) -> Mapper:
    """All at once, so that two fields can change names; a renamed top key keeps its place among the others."""

    def run(data: Data, timestamp: int) -> tuple[Data, int]:
        found = {path: find(data, path) for path in names}
        found = {path: (place, value) for path, (place, value) in found.items() if value is not MISSING}
        targets = {names[path] for path in found}
        rest = without(data, [place for place, _ in found.values() if len(place) > 1])
        out: Data = {}
        for key, value in rest.items():
            if key in found:
                out[names[key]] = value
            elif key not in targets:
                out[key] = value
        for path, (place, value) in found.items():
            if len(place) > 1:
                out[names[path]] = value
        return out, timestamp

    return run


def _drop(paths: Sequence[str]) -> Mapper:
    def run(data: Data, timestamp: int) -> tuple[Data, int]:
        places = [place for place, value in (find(data, path) for path in paths) if value is not MISSING]
        return without(data, places), timestamp

    return run


def _timestamp(settings: Timestamp) -> Mapper:
    parse = parser(settings)
    path = settings.field

    def run(data: Data, timestamp: int) -> tuple[Data, int]:
        value = find(data, path)[1]
        if value is MISSING:
            raise Refused(f"timestamp: there is no field {path!r}")
        try:
            return data, parse(value)
        except ValueError as error:
            raise Refused(f"timestamp: {path} = {_short(value)} {error}") from None

    return run


def _where(text: str) -> Mapper:
    condition = expression.compile(text, COMPUTE_NAMES)

    def run(data: Data, timestamp: int) -> tuple[Data, int]:
        if not expression.true(condition, _names(condition, data, timestamp)):
            raise Refused(f"filtered by mapping: {text}")
        return data, timestamp

    return run


def _compute(fields: dict[str, str]) -> Mapper:
    compiled = {name: expression.compile(text, COMPUTE_NAMES) for name, text in fields.items()}

    def run(data: Data, timestamp: int) -> tuple[Data, int]:
        data = dict(data)
        for name, computed in compiled.items():
            data[name] = _result(name, computed, _names(computed, data, timestamp))
        return data, timestamp

    return run


def _result(name: str, computed: Expression, names: dict[str, Any]) -> Json:
    try:
        value = expression.json_value(computed.value(names))
        if isinstance(value, str | list | dict) and len(orjson.dumps(value)) > limits.RECORD_BYTES:
            raise Refused(f"compute {name}: the result is larger than a record may be")
    except (expression.EvaluationError, orjson.JSONEncodeError) as error:
        raise Refused(f"compute {name}: {error}") from None
    return value


def _names(using: Expression, data: Data, timestamp: int) -> dict[str, Any]:
    metrics = metrics_of(data) if "metrics" in using.names else {}
    return {"data": data, "metrics": metrics, "timestamp": timestamp}


def _short(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
