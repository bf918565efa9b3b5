"""From the JSON of a template to what makes the JSON of a body."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from livedash.base import expression, limits
from livedash.base.expression import Expression
from livedash.model import Json
from livedash.model.errors import Fault, Invalid
from livedash.sinks.webhook import texts
from livedash.sinks.webhook.texts import Names

EACH, JOIN = "$each", "$join"

Rows = Sequence[list[Any]]  # for each `$each` what it made of the records, encoded; texts where they are to be joined
Node = Callable[[Names, Rows], Json]
_Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Each:
    """What is made of each record, and what joins the texts of all to one; None: they stay an array."""

    make: Node
    join: str | None


class Compiler:
    """From JSON to what makes JSON. `each` are those `$each` that were met."""

    def __init__(self, names: frozenset[str], *, many: bool) -> None:
        """`names` are what expressions may use; `many`: whether there are records to make something of each."""
        self._names = names
        self._expressions = 0
        self._many = many
        self.each: list[Each] = []

    def compile(self, value: Json) -> Node:
        """Raises Invalid, which says where."""
        node = self._compile(value, ())
        if len(orjson.dumps(value)) > limits.TEMPLATE_CHARS:
            raise _invalid((), f"it has more than {limits.TEMPLATE_CHARS} bytes")
        return node

    def _compile(self, value: Json, path: _Path) -> Node:
        if len(path) > limits.RECORD_DEPTH:
            raise _invalid(path, f"it is nested more than {limits.RECORD_DEPTH} deep")
        match value:
            case dict() if EACH in value:
                return self._array_of_each(value, path)
            case dict():
                return self._object(value, path)
            case list():
                return self._array(value, path)
            case str():
                return self._text(value, path)
        try:  # what a file can hold beside JSON: times, whole numbers without bound
            orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_DATETIME)
        except TypeError:
            raise _invalid(path, f"{str(value)[:40]} is not JSON: write it in quotes") from None
        return lambda _, __: value

    def _object(self, value: Mapping[str, Json], path: _Path) -> Node:
        for key in value:
            if not isinstance(key, str) or texts.OPEN in key or not _is_unicode(key):
                raise _invalid(path, f"the key {str(key)[:40]!a} must be a text without expressions")
        if JOIN in value:
            raise _invalid(path, f"{JOIN} goes with {EACH}")
        nodes = [(_key(key), self._compile(each, (*path, key))) for key, each in value.items()]
        return lambda names, rows: {key: node(names, rows) for key, node in nodes}

    def _array(self, value: Sequence[Json], path: _Path) -> Node:
        spread = [isinstance(each, dict) and EACH in each and JOIN not in each for each in value]
        nodes = list(zip(spread, [self._compile(each, (*path, at)) for at, each in enumerate(value)], strict=True))

        def array(names: Names, rows: Rows) -> Json:
            made: list[Json] = []
            for many, node in nodes:
                if many:
                    made.extend(node(names, rows))
                else:
                    made.append(node(names, rows))
            return made

        return array

    def _array_of_each(self, value: Mapping[str, Json], path: _Path) -> Node:
        join = value.get(JOIN)
        if unknown := [key for key in value if key not in (EACH, JOIN)]:
            raise _invalid(path, f"beside {EACH} there may only be {JOIN}, not {str(unknown[0])[:40]!a}")
        if JOIN in value and not (isinstance(join, str) and _is_unicode(join)):
            raise _invalid((*path, JOIN), "it must be a text")
        if not self._many:
            raise _invalid(path, f"{EACH} has no records here")
        self._many = False
        index = len(self.each)
        self.each.append(Each(self._compile(value[EACH], (*path, EACH)), join))
        self._many = True
        return (lambda _, rows: rows[index]) if join is None else (lambda _, rows: join.join(rows[index]))

    def _text(self, text: str, path: _Path) -> Node:
        if not _is_unicode(text):
            raise _invalid(path, "it is not valid Unicode")
        try:
            make = texts.maker(text, self._expression)
        except (Invalid, ValueError) as error:
            raise _invalid(path, str(error)) from None
        return lambda names, _: make(names)

    def _expression(self, text: str) -> Expression:
        self._expressions += 1
        if self._expressions > limits.TEMPLATE_EXPRESSIONS:
            raise ValueError(f"a template holds at most {limits.TEMPLATE_EXPRESSIONS} expressions")
        return expression.compile(text, self._names)


def _key(key: str) -> str:
    return key[1:] if key.startswith("$$") else key


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _invalid(path: _Path, message: str) -> Invalid:
    where = ".".join(map(str, path))
    return Invalid(f"{where}: {message}" if where else message, [Fault(path, message)])
