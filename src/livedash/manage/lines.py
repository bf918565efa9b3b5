"""YAML as plain data, together with the line of everything in it and the `${NAME}` references it was written with."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from livedash.base import limits
from livedash.manage.faults import Path
from livedash.model import Json

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, ten times as fast where libyaml is there
_REFERENCE = re.compile(r"\$(\$\{)|\$\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass
class Text:
    """What one YAML text says. `lines` start at 1; `references` are the values that are one `${NAME}` and nothing
    else, as written; `mistakes` are (path, line, message)."""

    data: Json = None
    lines: dict[Path, int] = field(default_factory=dict)
    references: dict[Path, str] = field(default_factory=dict)
    mistakes: list[tuple[Path, int, str]] = field(default_factory=list)


def read(text: str, variables: Mapping[str, str]) -> Text:
    """Read `text`, with `${NAME}` in values replaced from `variables` and `$${` standing for `${`. Never raises."""
    if len(text) > limits.DOCUMENT_CHARS:
        return Text(mistakes=[((), 1, f"the document is longer than {limits.DOCUMENT_CHARS} characters")])
    loader = _Loader(text)
    try:
        _check_depth(text)
        return _Builder(loader, variables).text(loader.get_single_node())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return Text(mistakes=[((), mark.line + 1 if mark else 1, error.problem or "this is not YAML")])
    except yaml.YAMLError as error:
        return Text(mistakes=[((), 1, f"this is not YAML: {error}".splitlines()[0])])
    finally:
        loader.dispose()


def _check_depth(text: str) -> None:
    """Before nodes are made: that recurses in C, and ends the process when it is too deep."""
    depth = 0
    for event in yaml.parse(text, _Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > limits.DOCUMENT_DEPTH:
            raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=event.start_mark)  # type: ignore[arg-type]


def names(text: str) -> set[str]:
    """The names of the variables that `text` refers to; comments are read along, which does no harm."""
    return {match[2] for match in _REFERENCE.finditer(text) if match[2] and _NAME.fullmatch(match[2])}


class _Builder:
    """Makes plain data of YAML nodes."""

    def __init__(self, loader: Any, variables: Mapping[str, str]) -> None:
        self._loader = loader
        self._variables = variables
        self._out = Text()
        self._nodes = 0

    def text(self, root: yaml.Node | None) -> Text:
        if root is not None:
            self._out.lines[()] = _line(root)
            self._out.data = self._value(root, ())
        return self._out

    def _value(self, node: yaml.Node, path: Path) -> Json:
        self._nodes += 1
        if self._nodes > limits.DOCUMENT_NODES or len(path) > limits.DOCUMENT_DEPTH:  # an alias can stand for itself
            raise yaml.MarkedYAMLError(problem="too many values", problem_mark=node.start_mark)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._item(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _item(self, node: yaml.Node, path: Path) -> Json:
        self._out.lines[path] = _line(node)
        return self._value(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> Json:
        out: dict[str, Json] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode):
                self._mistake(key_node, path, "a key must be a word")
            elif key in out:
                self._mistake(key_node, (*path, key), f"the key {key!r} is there twice")
            else:
                self._out.lines[*path, key] = _line(key_node)
                out[key] = self._value(value_node, (*path, key))
        return out

    def _scalar(self, node: yaml.Node, path: Path) -> Json:
        try:
            value = self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            problem = getattr(error, "problem", None) or error
            return self._mistake(node, path, f"this value cannot be read: {problem}")
        if isinstance(value, str):
            return self._resolve(node, value, path)
        if isinstance(value, float) and not math.isfinite(value):
            return self._mistake(node, path, "a number must be finite")
        plain = value is None or isinstance(value, bool | int | float)
        return value if plain else node.value  # YAML takes 2026-11-22 for a date; here it is a text

    def _resolve(self, node: yaml.Node, text: str, path: Path) -> str:
        def replace(match: re.Match[str]) -> str:
            if match[1]:
                return "${"
            if not _NAME.fullmatch(match[2]):
                self._mistake(node, path, f"{match[0]} does not name a variable; write $${{ for a plain ${{")
            elif match[2] not in self._variables:
                self._mistake(node, path, f"the environment variable {match[2]} is not set")
            else:
                return self._variables[match[2]]
            return match[0]

        if (whole := _REFERENCE.fullmatch(text)) and whole[2]:
            self._out.references[path] = text
        return _REFERENCE.sub(replace, text)

    def _mistake(self, node: yaml.Node, path: Path, message: str) -> None:
        self._out.mistakes.append((path, _line(node), message))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
