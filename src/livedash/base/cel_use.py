"""What an expression uses of a record, read from its text. To convert a record for the engine costs more than most
expressions do, so it gets no more than that."""

import re
from collections.abc import Iterator

from livedash.base.cel_text import Token, solid
from livedash.model import Json

Use = dict[str | int, "Use"] | None
"""The keys and indexes that are looked at, as a tree; None where a value is used whole."""

_PLAIN = re.compile(r"'([^'\\]*)'|\"([^\"\\]*)\"")
_END = Token("sign", "", 0)
TEXT_CHARS = 16  # of a text cost about as much as one value: patterns look at each


def use_of(name: str, found: list[Token]) -> Use:
    """What is used of the variable `name`."""
    tokens = [_END, *solid(found), _END, _END, _END]
    tree: dict[str | int, Use] = {}
    for index, token in enumerate(tokens):
        if token.text == name and token.kind == "name" and tokens[index - 1].text != ".":
            steps = _steps(tokens, index + 1)
            if not steps:
                return None
            _add(tree, steps)
    return tree


def _steps(tokens: list[Token], at: int) -> list[str | int]:
    """`.key`, `["key"]` and `[0]` from there on, but not the name of a method."""
    steps: list[str | int] = []
    while True:
        first, second, third = tokens[at : at + 3]
        if first.text == "." and second.kind == "name" and third.text != "(":
            steps.append(second.text)
            at += 2
        elif first.text == "[" and third.text == "]" and second.kind == "integer":
            steps.append(int(second.text))
            at += 3
        elif first.text == "[" and third.text == "]" and (plain := _PLAIN.fullmatch(second.text)):
            steps.append(plain[1] or plain[2] or "")
            at += 3
        else:
            return steps


def _add(tree: dict[str | int, Use], steps: list[str | int]) -> None:
    for step in steps[:-1]:
        below = tree.setdefault(step, {})
        if below is None:
            return
        tree = below
    tree[steps[-1]] = None


def reduced(value: Json, use: Use) -> Json:
    """`value` with what is used of it; lists keep their indexes."""
    if use is None:
        return value
    if isinstance(value, dict):
        return {key: reduced(value[key], below) for key, below in use.items() if key in value}
    if isinstance(value, list):
        return [reduced(item, use[at]) if at in use else None for at, item in enumerate(value[: _reach(use)])]
    return value


def room_left(value: Json, use: Use, room: int) -> int:
    """What is left of `room` values after what is used of this one; below 0 when that is more. Lists and objects that
    are used whole count too; what is only passed by costs a sixteenth, as a character does."""
    if isinstance(value, dict | list):
        if use is None:
            room -= 1
        elif isinstance(value, list):
            room -= min(_reach(use), len(value)) // TEXT_CHARS
        for item, below in _inside(value, use):
            if room < 0:
                break
            room = room_left(item, below, room)
        return room
    return room - 1 - (len(value) // TEXT_CHARS if isinstance(value, str) else 0)


def _inside(value: dict[str, Json] | list[Json], use: Use) -> Iterator[tuple[Json, Use]]:
    """What is used in an object or a list, each with what is used of it. Costs no more than that."""
    if use is None:
        yield from ((item, None) for item in (value.values() if isinstance(value, dict) else value))
    elif isinstance(value, dict):
        yield from ((value[key], below) for key, below in use.items() if isinstance(key, str) and key in value)
    else:
        yield from ((value[at], below) for at, below in use.items() if isinstance(at, int) and at < len(value))


def _reach(use: dict[str | int, Use]) -> int:
    """Up to which index a list is looked at."""
    return max((step for step in use if isinstance(step, int)), default=-1) + 1
