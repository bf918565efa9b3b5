"""Texts of a template with `{{ expressions }}` in them."""

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import orjson

from livedash.base import cel_text, limits
from livedash.base.expression import EvaluationError, Expression, json_value
from livedash.model import Json

Names = Mapping[str, Any]  # what an expression may use, with its value
OPEN, CLOSE = "{{", "}}"


def maker(text: str, compile: Callable[[str], Expression]) -> Callable[[Names], Json]:
    """What makes a value out of `text`: one expression and nothing else gives its result, as whatever JSON it is;
    otherwise the results are put into the text. No answer is null, and in a text nothing. Raises ValueError, and
    what `compile` raises."""
    parts = [compile(part) if is_expression else part for is_expression, part in _parts(text)]
    if not any(isinstance(part, Expression) for part in parts):
        return lambda _: text
    if len(parts) == 1 and isinstance(only := parts[0], Expression):
        return lambda names: value(only, names)
    return lambda names: "".join([part if isinstance(part, str) else as_text(value(part, names)) for part in parts])


def value(expression: Expression, names: Names) -> Json:
    """Its result; None when it has no answer: what one record lacks must not hold up the others."""
    try:
        return json_value(expression.value(names))
    except EvaluationError:
        return None


def as_text(value: Json) -> str:
    """A value inside a text: numbers and the like as JSON writes them."""
    if isinstance(value, str):
        return value
    return "" if value is None else orjson.dumps(value).decode()


def _parts(text: str) -> Iterator[tuple[bool, str]]:
    """What `text` consists of, each with whether it is an expression."""
    at = 0
    while (start := text.find(OPEN, at)) >= 0:
        if start > at:
            yield False, text[at:start]
        end = _end(text, start + len(OPEN))
        yield True, text[start + len(OPEN) : end]
        at = end + len(CLOSE)
    if at < len(text):
        yield False, text[at:]


def _end(text: str, start: int) -> int:
    """Where the expression from `start` on is closed. Braces of its own and those in quotes do not close it."""
    depth = 0
    found = cel_text.tokens(text[start : start + limits.EXPRESSION_CHARS + len(CLOSE)])
    for token, after in pairwise(found):
        if token.text == "{":
            depth += 1
        elif token.text == "}" and depth:
            depth -= 1
        elif token.text == "}" and after.text == "}":
            return start + token.position
    raise ValueError(
        f"{OPEN} needs its {CLOSE}, with at most {limits.EXPRESSION_CHARS} characters between them; "
        "write {{ '{{' }} for the braces themselves"
    )
