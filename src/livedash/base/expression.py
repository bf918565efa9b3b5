"""CEL expressions: filters and computed fields, compiled once and evaluated per record.

The engine has no cost limit and holds the interpreter while it runs, so everything that could be slow is refused
when an expression is compiled: loops over lists (comprehension macros), functions that are not known to be cheap,
patterns that are not short literals, and a record named so often that comparing it with itself takes long.

Numbers. JSON does not tell `5` from `5.0`, and CEL refuses to add one to the other. So an expression is read with
every number of the record and every literal as a decimal: `data.count / 2` is 2.5 for 5. Where decimals make no sense
(an index, `%`) it is evaluated again with whole numbers left whole. Whole numbers from 2**53 on are always left so.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from livedash.base import cel_text, cel_use, limits
from livedash.base.cel_text import Token
from livedash.model import Json
from livedash.model.errors import Fault, Invalid
from livedash.model.record import from_micros, iso, to_micros

NAMES = frozenset({"data", "metrics", "timestamp", "offset"})
Predicate = Callable[[Mapping[str, Json], Mapping[str, float], int, int], bool]

_EXACT = 2**53  # beyond it a decimal cannot hold every whole number


class EvaluationError(Exception):
    """This record has no answer: a field is missing, or is of a type that does not go with the operation."""


class Expression:
    """One compiled expression. Made by `compile`."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text = text
        self._whole = _program(text)
        self._decimal = _program(cel_text.with_decimals(tokens)) if cel_text.has_integers(tokens) else self._whole
        self.names = frozenset(self._whole.variables())
        self._uses: dict[str | int, cel_use.Use] = {name: cel_use.use_of(name, tokens) for name in self.names}

    def value(self, names: Mapping[str, Any], most: int | None = None) -> Any:
        """The result, from `data`, `metrics` (dicts), `timestamp` (µs) and `offset`, those that it names.

        Whole results come as int, times as datetime and durations as timedelta. Raises EvaluationError, also when more
        than `most` values are looked at.
        """
        if most is not None and cel_use.room_left(names, self._uses, most) < 0:
            raise EvaluationError(f"more than {most} values are looked at")
        given = {name: self._given(name, names[name]) for name in self.names}
        try:
            return _whole(self._decimal.execute({name: _decimals(value) for name, value in given.items()}))
        except TypeError:
            return self._again(given)
        except Exception as error:
            raise EvaluationError(_reason(error)) from None

    def _again(self, given: dict[str, Any]) -> Any:
        try:
            return _whole(self._whole.execute(given))
        except Exception as error:
            raise EvaluationError(_reason(error)) from None

    def _given(self, name: str, value: Any) -> Any:
        if name == "timestamp":
            return from_micros(value)
        return cel_use.reduced(value, self._uses[name])


def compile(text: str, names: Iterable[str] = NAMES) -> Expression:
    """Compile `text`, which may use `names`. Raises Invalid with the line and column of the mistake."""
    if len(text) > limits.EXPRESSION_CHARS:
        raise _invalid(f"an expression has at most {limits.EXPRESSION_CHARS} characters, this one has {len(text)}")
    tokens = cel_text.tokens(text)
    try:
        expression = Expression(text, tokens)
        cel_text.check(tokens)
    except ValueError as error:
        raise _invalid(cel_text.message(str(error))) from None
    for unknown in sorted(expression.names - set(names)):
        raise _invalid(f"there is no {unknown!r} here: an expression can use {', '.join(sorted(names))}")
    return expression


def predicate(text: str, most: int | None = None) -> Predicate:
    """Compile `text` to a filter. No answer (a field is missing, a wrong type, more than `most` values looked at) and
    any answer but true are False."""
    expression = compile(text)

    def matches(data: Mapping[str, Json], metrics: Mapping[str, float], timestamp: int, offset: int) -> bool:
        given = {"data": data, "metrics": metrics, "timestamp": timestamp, "offset": offset}
        return true(expression, given, most)

    return matches


def true(expression: Expression, names: Mapping[str, Any], most: int | None = None) -> bool:
    """Whether the expression is true; False when it has no answer."""
    try:
        return expression.value(names, most) is True
    except EvaluationError:
        return False


def json_value(value: Any) -> Json:
    """A result as JSON: times as RFC 3339, durations as seconds. Raises EvaluationError for what JSON has not."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, datetime):
        return iso(to_micros(value))
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, list):
        return [json_value(item) for item in value]
    if isinstance(value, dict):
        # sorted: the engine gives them in another order each time, and the same input must give the same bytes
        return {key: json_value(value[key]) for key in sorted(map(_key, value))}
    raise EvaluationError(f"the result {str(value)[:40]} cannot be written as JSON")


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    raise EvaluationError("the keys of an object must be strings")


def _program(text: str) -> Any:
    import cel  # 6 MB that only users of expressions need

    return cel.compile(text)


def _decimals(value: Any) -> Any:
    kind = type(value)
    if kind is int:
        return float(value) if -_EXACT < value < _EXACT else value
    if kind is dict:
        return {key: _decimals(item) for key, item in value.items()}
    if kind is list:
        return [_decimals(item) for item in value]
    return value


def _whole(value: Any) -> Any:
    kind = type(value)
    if kind is float:
        return int(value) if value.is_integer() and -_EXACT < value < _EXACT else value
    if kind is dict:
        return {key: _whole(item) for key, item in value.items()}
    if kind is list:
        return [_whole(item) for item in value]
    return value


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"there is no field {error.args[0]!r}"
    return str(error).splitlines()[0].split(". ")[0][:200]


def _invalid(message: str) -> Invalid:
    return Invalid(message, [Fault((), message)])


def _check(text: str) -> str:
    try:
        compile(text)
    except Invalid as error:
        raise ValueError(str(error)) from None
    return text


Cel = Annotated[str, Field(max_length=limits.EXPRESSION_CHARS), AfterValidator(_check)]
"""A pydantic type: the text of an expression that compiles."""
