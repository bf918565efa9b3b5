"""What an expression uses of a record, read from its text. To convert a record for the engine costs more than most
expressions do, so it gets no more than that."""

import re

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
        size = max((step for step in use if isinstance(step, int)), default=-1) + 1
        return [reduced(item, use.get(index, {})) for index, item in enumerate(value[:size])]
    return value


def room_left(value: Json, room: int) -> int:
    """What is left of `room` values after this one, with what is in it; below 0 when it is larger."""
    if isinstance(value, str):
        return room - 1 - len(value) // TEXT_CHARS
    room -= 1
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if room < 0:
            break
        room = room_left(item, room)
    return room
